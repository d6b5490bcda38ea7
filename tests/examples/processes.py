"""What the tests start: a broker, a shop, and the examples beside them; each gone with the test."""

import base64
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = "/usr/lib/rabbitmq/bin/rabbitmq-server"
PATIENCE_SECONDS = 90
LOOK_EVERY_SECONDS = 0.05
# Below those that Linux gives to connections and to listeners on port 0 (`net.ipv4.ip_local_port_range`).
PORTS = range(12_000, 32_000)


def until(what, condition, patience=PATIENCE_SECONDS):
    """Waits until `condition` gives something true, and returns it."""
    gives_up = time.monotonic() + patience
    while True:
        if found := condition():
            return found
        if time.monotonic() > gives_up:
            raise AssertionError(f"{what} did not happen within {patience} s; at last: {found!r}")
        time.sleep(LOOK_EVERY_SECONDS)


def free_port():
    """A port that is free at this moment, and that the kernel gives to no connection."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


class Child:
    """A process with its output in a file. The kernel kills it with the test's process."""

    def __init__(self, name, command, folder, env=None, cwd=None):
        self.log = pathlib.Path(folder) / f"{name}.log"
        self.errors = pathlib.Path(folder) / f"{name}.errors"
        with open(self.log, "ab") as out, open(self.errors, "ab") as errors:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *map(str, command)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=errors, cwd=cwd or folder,
                env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"} | (env or {}), start_new_session=True,
            )  # fmt: skip

    def said(self):
        return self.log.read_text() + self.errors.read_text()

    def is_running(self):
        if self.process.poll() is not None:
            raise AssertionError(f"it ended with {self.process.returncode}: {self.said()}")
        return True

    def kill(self):
        """As by a power cut, with all that it started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(timeout=PATIENCE_SECONDS)


class Broker:
    """RabbitMQ with data, ports and port mapper of its own."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder) / "rabbitmq"
        self.port, self.management, self.distribution, self.mapper_port = (free_port() for _ in range(4))
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}/shop"
        (self.folder / "home").mkdir(parents=True)
        cookie = self.folder / "home/.erlang.cookie"
        cookie.write_text("agora-tests")
        cookie.chmod(0o400)
        (self.folder / "plugins").write_text("[rabbitmq_management].\n")
        (self.folder / "rabbitmq.conf").write_text(
            f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {self.management}\ndisk_free_limit.absolute = 10MB\n"
        )
        mapper = ["epmd", "-port", self.mapper_port, "-address", "127.0.0.1"]
        self.mapper = Child("epmd", mapper, self.folder)
        self.start()
        self.manage("/api/vhosts/shop", "PUT")

    def start(self):
        """Starts it, with the data it has, and waits until it answers."""
        path = {
            "HOME": "home", "RABBITMQ_MNESIA_BASE": "data", "RABBITMQ_LOG_BASE": "log", "RABBITMQ_PID_FILE": "pid",
            "RABBITMQ_CONFIG_FILE": "rabbitmq.conf", "RABBITMQ_ADVANCED_CONFIG_FILE": "advanced.config",
            "RABBITMQ_ENABLED_PLUGINS_FILE": "plugins", "RABBITMQ_GENERATED_CONFIG_DIR": "generated",
        }  # fmt: skip
        env = {name: str(self.folder / value) for name, value in path.items()} | {
            "RABBITMQ_CONF_ENV_FILE": "/dev/null", "RABBITMQ_LOGS": "-", "RABBITMQ_NODENAME": "agora@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1", "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self.distribution), "ERL_EPMD_PORT": str(self.mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1", "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +sbwtdcpu none +S 2:2",
        }  # fmt: skip
        self.node = Child("rabbitmq", [PROGRAM], self.folder, env)
        until("RabbitMQ's start", lambda: self.node.is_running() and self.answers())

    def answers(self):
        try:
            return any(listener["port"] == self.port for listener in self.manage("/api/overview")["listeners"])
        except OSError:
            return False

    def manage(self, path, method="GET"):
        url = f"http://127.0.0.1:{self.management}{path}"
        user = base64.b64encode(b"guest:guest").decode()
        request = urllib.request.Request(url, method=method, headers={"Authorization": f"Basic {user}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or "null")

    def kill(self):
        self.node.kill()

    def end(self):
        self.node.kill()
        self.mapper.kill()


class Shop:
    """The whole shop in one process, its bus RabbitMQ where one is named."""

    PASSWORD = "correct-horse"

    def __init__(self, folder, bus=None, settings=None, name="shop"):
        env = {
            "AGORA_STOREFRONT_LISTEN": "off", "AGORA_BACKOFFICE_LISTEN": "off",
            "AGORA_LISTEN": "127.0.0.1:0", "AGORA_OPS_LISTEN": "127.0.0.1:0", "AGORA_DATA": str(folder / "data"),
            "AGORA_ADMIN_PASSWORD": self.PASSWORD, "AGORA_REGISTRATIONS_PER_ADDRESS": "1000",
        }  # fmt: skip
        env |= ({"AGORA_BUS": bus} if bus else {}) | (settings or {})
        self.child = Child(name, [os.environ["AGORA_BIN"], "up", "--json"], folder, env)
        until("the shop's start", lambda: self.child.is_running() and self.child.log.read_text().endswith("\n"))
        self.gateway = json.loads(self.child.log.read_text())["gateway"]
        self.position = 0

    def ask(self, path, body=None, token=None, status=200, key=None):
        """A call through the gateway, after all calls before; its answer."""
        headers = {"Content-Type": "application/json", "Agora-Position": str(self.position)}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if key:
            headers["Idempotency-Key"] = key
        data = None if body is None else json.dumps(body).encode()
        # A shop that is too busy for an order recorded nothing, so it may be sent again.
        answered, said = until(f"{path}: room for an order", lambda: self.try_once(path, data, headers))
        if answered // 100 != status // 100:
            raise AssertionError(f"{path}: {answered} {said}")
        return said

    def try_once(self, path, data, headers):
        """The status and the answer; None if the shop is too busy for an order."""
        request = urllib.request.Request(self.gateway + path, data, headers)
        try:
            answer = urllib.request.urlopen(request, timeout=15)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            said = json.loads(answer.read() or "null")
            self.position = max(self.position, int(answer.headers.get("Agora-Position") or 0))
        is_busy = isinstance(said, dict) and said.get("type") == "/problems/orders-busy"
        return None if is_busy else (answer.status, said)

    def log_in(self, name, password):
        return self.ask("/customer/login-user", {"UserName": name, "Password": password})["Token"]

    def end(self):
        self.child.kill()


def new_folder(test):
    """A temporary folder that goes with the test, what runs in it having ended before."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="agora-examples-"))
    test.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
    return folder
