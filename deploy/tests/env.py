"""`deploy/env`: everything that the compose files ask for, different for every shop, readable by its owner only."""

import ipaddress
import pathlib
import re
import stat
import subprocess
import tempfile
import unittest

from .world import AGORA, DEPLOY, agora, clean_environment

# What a container is given without asking: the other way to write $.
VARIABLE = re.compile(r"(?<!\$)\$\{([A-Z_]+)(:?[-?][^}]*)?\}")
SECRET = re.compile(r"PASSWORD|SECRET|_KEY$")
# A Docker that knows of one volume.
DOCKER = """#!/bin/sh
[ "$1 $2 $3" = "volume inspect $VOLUME" ]
"""
FILES = [DEPLOY / "compose.yaml", DEPLOY / "part.yaml", *sorted((DEPLOY / "modules").glob("*.yaml"))]


def make(path, **environment):
    """Runs the script; the variables that then stand in the file."""
    environment = clean_environment(**environment or {"AGORA_BIN": str(AGORA)})
    run = subprocess.run([DEPLOY / "env", path], env=environment, capture_output=True, text=True, timeout=60)
    if run.returncode != 0:
        raise AssertionError(run.stderr)
    lines = pathlib.Path(path).read_text().splitlines()
    made = dict(line.split("=", 1) for line in lines)
    assert len(made) == len(lines), "no variable stands there twice"
    assert not any(value in run.stdout + run.stderr for name, value in made.items() if SECRET.search(name))
    return made


class Env(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="agora-env-")
        cls.addClassCleanup(folder.cleanup)
        cls.path = pathlib.Path(folder.name) / "one"
        cls.one, cls.other = make(cls.path), make(pathlib.Path(folder.name) / "other")

    def test_all_that_the_compose_files_need_is_there_and_nothing_else(self):
        found = [(name, default) for file in FILES for name, default in VARIABLE.findall(file.read_text())]
        needed = {name for name, default in found if not default.startswith(":-")}
        self.assertLessEqual(needed, self.one.keys())
        self.assertLessEqual(self.one.keys() - {"COMPOSE_PROJECT_NAME"}, {name for name, _ in found})
        self.assertFalse([name for name, default in found if SECRET.search(name) and not default.startswith(":?")])

    def test_every_secret_is_long_and_every_shops_own(self):
        secrets = [name for name in self.one if SECRET.search(name)]
        self.assertGreater(len(secrets), 8)
        values = [made[name] for made in (self.one, self.other) for name in secrets]
        self.assertEqual(len(set(values)), len(values))
        for value in values:
            # 96 bits at least, and nothing that a URL or a shell would read differently.
            self.assertRegex(value, r"^[0-9a-f]{24,}$")

    def test_no_secret_stands_in_the_repository(self):
        ignored = subprocess.run(["git", "check-ignore", "-q", "deploy/.env"], cwd=DEPLOY.parent)
        self.assertIn(ignored.returncode, (0, 128), "git keeps deploy/.env out (128: this is no repository)")
        written = re.compile(r"(?i)(?:password|secret|_key)\"?\s*[:=]\s*[\"']?([a-z0-9]\S*)")
        for file in [*FILES, DEPLOY / "nginx.conf", DEPLOY / "rabbitmq.conf", DEPLOY / "Dockerfile"]:
            self.assertFalse(written.findall(file.read_text()), file)

    def test_the_file_is_private_and_kept(self):
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)
        self.assertEqual(make(self.path), self.one)

    def test_what_a_new_release_needs_is_added_and_the_rest_kept(self):
        older = self.path.with_name("older")
        older.write_text("".join(f"{name}={value}\n" for name, value in self.one.items() if name != "REDIS_PASSWORD"))
        upgraded = make(older)
        self.assertEqual(upgraded | {"REDIS_PASSWORD": ""}, self.one | {"REDIS_PASSWORD": ""})
        self.assertRegex(upgraded["REDIS_PASSWORD"], "^[0-9a-f]{48}$")

    def refused_beside(self, volume, kept):
        """What the script says where an earlier shop has left a volume, and the file is what was kept of it."""
        folder = tempfile.TemporaryDirectory(prefix="agora-env-")
        self.addCleanup(folder.cleanup)
        path = pathlib.Path(folder.name) / "env"
        docker = pathlib.Path(folder.name) / "docker"
        docker.write_text(DOCKER)
        docker.chmod(0o755)
        if kept is not None:
            path.write_text(kept)
        environment = clean_environment(AGORA_BIN=str(AGORA), VOLUME=volume)
        environment["PATH"] = f"{folder.name}:{environment['PATH']}"
        run = subprocess.run([DEPLOY / "env", path], env=environment, capture_output=True, text=True, timeout=60)
        self.assertEqual(path.read_text() if path.exists() else None, kept if run.returncode else path.read_text())
        return run

    def test_no_new_secret_is_made_beside_an_earlier_shops_data(self):
        for kept in (None, "", "IMAGE=agora\n", "SHOP_SECRET=\n"):
            run = self.refused_beside("agora-mongodb", kept)
            self.assertEqual(run.returncode, 1, kept)
            self.assertIn("has no SHOP_SECRET, but there is a volume agora-mongodb", run.stderr)
            self.assertIn("Put the earlier file back", run.stderr)
        # A database has the password of its first start, too.
        without = "".join(f"{name}={value}\n" for name, value in self.one.items() if name != "POSTGRES_PASSWORD")
        run = self.refused_beside("agora-postgres", without)
        self.assertIn("has no POSTGRES_PASSWORD, but there is a volume agora-postgres", run.stderr)
        whole = "".join(f"{name}={value}\n" for name, value in self.one.items())
        self.assertEqual(self.refused_beside("agora-mongodb", whole).returncode, 0)

    def test_the_keys_are_those_of_the_secret(self):
        keys = agora("keys", AGORA_SHOP_SECRET=self.one["SHOP_SECRET"])
        self.assertEqual(keys.stdout.split(), ["token-key", self.one["TOKEN_KEY"], "cookie-key", self.one["COOKIE_KEY"]])

    def test_containers_are_trusted_and_the_hosts_own_address_is_not(self):
        trusted = [ipaddress.ip_network(network.strip()) for network in self.one["TRUSTED_PROXIES"].split(",")]
        subnet, containers = (ipaddress.ip_network(self.one[name]) for name in ("NET_SUBNET", "NET_RANGE"))
        self.assertTrue(containers.subnet_of(subnet) and containers in trusted)
        host = ipaddress.ip_address(self.one["NET_GATEWAY"])
        self.assertIn(host, subnet)
        self.assertFalse([network for network in trusted if host in network])
