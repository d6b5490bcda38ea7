"""Real containers, where a Docker engine can be started: the image is built, and separate containers finalize an order.

Images cannot be had without a registry, so both systems are made from the distribution's packages: the one under our image, and the
one with RabbitMQ. The engine is the test's own, in namespaces of its own: its containers, mounts, bridges and firewall rules end with it,
even if it is killed.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from .world import AGORA, DEPLOY, ROOT, clean_environment, program

CACHE = ROOT / ".setup/images"
MIRROR = "http://deb.debian.org/debian"
# By name, the packages beyond a minimal system.
SYSTEMS = {"base": [], "rabbitmq": ["rabbitmq-server"]}
NEEDED = ["dockerd", "debootstrap", "strip", "unshare", "ip", "iptables"]


def release():
    """The distribution's code name; the binary that was built here needs a system like this one."""
    lines = pathlib.Path("/etc/os-release").read_text().splitlines()
    fields = dict(line.replace('"', "").split("=", 1) for line in lines if "=" in line)
    return fields.get("VERSION_CODENAME") if fields.get("ID") == "debian" else None


def system(name, packages):
    """A system of the distribution's packages as an archive, made once."""
    archive = CACHE / f"{release()}-{name}.tar"
    if archive.exists():
        return archive
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="agora-system-") as folder:
        include = [f"--include={','.join(packages)}"] if packages else []
        command = [program("debootstrap"), "--variant=minbase", *include, release(), folder, MIRROR]
        made = subprocess.run(command, capture_output=True, text=True, timeout=1800)
        if made.returncode != 0:
            raise unittest.SkipTest(f"debootstrap cannot make a system here: {made.stdout[-500:]}")
        # Whole or not at all.
        subprocess.run(["tar", "-C", folder, "--exclude=./var/cache/apt/archives/*.deb", "-cf", f"{archive}.new", "."], check=True)
        os.replace(f"{archive}.new", archive)
    return archive


class Containers(unittest.TestCase):
    def setUp(self):
        if missing := [name for name in NEEDED if not program(name)]:
            self.skipTest(f"{missing} are not there")
        if os.geteuid() != 0 or not release():
            self.skipTest("only root can start a Docker engine, and only on Debian are its packages at hand")

    def test_a_shop_in_containers(self):
        with tempfile.TemporaryDirectory(prefix="agora-docker-", ignore_cleanup_errors=True) as folder:
            for name, packages in SYSTEMS.items():
                (pathlib.Path(folder) / name).symlink_to(system(name, packages))
            own = [program("unshare"), "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
            refused = subprocess.run([*own, "true"], capture_output=True, text=True)
            if refused.returncode != 0:
                self.skipTest(f"this kernel gives no namespaces: {refused.stderr}")
            environment = clean_environment(AGORA_TEST_CONTAINERS=folder, AGORA_BIN=str(AGORA))
            inside = ["setpriv", "--pdeathsig", "KILL", *own, sys.executable, DEPLOY / "test", "tests.shop_in_containers"]
            ran = subprocess.run(inside, env=environment, capture_output=True, text=True, timeout=1200)
            print(ran.stderr, file=sys.stderr)
            self.assertEqual(ran.returncode, 0, "what failed stands above")
