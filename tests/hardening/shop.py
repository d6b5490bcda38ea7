"""A real shop in a separate process, and a client of it, shared by the attack suite and the fault run."""

import http.client
import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.parse

PASSWORD = "correct-horse"
PATIENCE_SECONDS = 120
TICKS = os.sysconf("SC_CLK_TCK")


def services():
    """The services that the command knows: each has a setting for its read model."""
    # Not with this run's own variables, such as AGORA_FAULT_SEED, which are no settings.
    clean = {"PATH": os.environ["PATH"]}
    settings = subprocess.run(
        [os.environ["AGORA_BIN"], "config", "--json"], capture_output=True, text=True, cwd="/", env=clean, check=True
    ).stdout
    return [name.removesuffix("-model") for name in json.loads(settings) if name.endswith("-model")]


class Failed(Exception):
    """A promise is broken; says which."""


def until(what, condition, patience=PATIENCE_SECONDS):
    """Waits until `condition` gives something true, and returns it."""
    gives_up = time.monotonic() + patience
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > gives_up:
            raise Failed(f"{what} did not happen within {patience} s")
        time.sleep(0.02)


class Person:
    """A client of one of the shop's addresses, on one connection, from an address of this machine."""

    def __init__(self, url, source="127.0.0.1", timeout=30):
        self.url = urllib.parse.urlsplit(url)
        self.source, self.timeout = source, timeout
        self.token, self.position, self.connection = None, 0, None

    def send(self, method, path, body=None, headers=()):
        """Status and body of the answer. A connection that the shop has closed since is opened again, once."""
        sent = {"Agora-Position": str(self.position)} | dict(headers)
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            sent["Content-Type"] = "application/json"
            body = json.dumps(body)
        fresh = self.connection is None
        try:
            return self._send(method, path, body, sent)
        except (http.client.HTTPException, OSError):
            self.close()
            if fresh or method != "GET":
                raise
            return self._send(method, path, body, sent)

    def _send(self, method, path, body, headers):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(
                self.url.hostname, self.url.port, timeout=self.timeout, source_address=(self.source, 0)
            )
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        said = answer.read()
        self.position = max(self.position, int(answer.headers.get("Agora-Position") or 0))
        if answer.headers.get("Content-Type", "").startswith("application/"):
            said = json.loads(said or b"null")
        return answer.status, said

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def get(self, path):
        return self.expect(200, "GET", path)

    def post(self, path, body, status=200):
        return self.expect(status, "POST", path, body)

    def expect(self, status, method, path, body=None):
        got, said = self.send(method, path, body)
        if got // 100 != status // 100:
            raise Failed(f"{method} {path}: {got} {said}")
        return said

    def log_in(self, name, password):
        self.token = self.post("/customer/login-user", {"UserName": name, "Password": password})["Token"]
        return self

    def items(self, path):
        """All items of a list, page by page."""
        joined, after, items = "&" if "?" in path else "?", "", []
        while True:
            page = self.get(f"{path}{joined}Limit=500{after}")
            items += page["Items"]
            if not page.get("Next"):
                return items
            after = "&After=" + urllib.parse.quote(page["Next"])

    def register(self, name, credit=None):
        """A customer with the password `NAME's password`; a manager can give credit."""
        self.post("/customer/add-user", {
            "UserName": name, "Password": f"{name}'s password", "FullName": name, "Email": f"{name}@example.invalid",
        })  # fmt: skip
        if credit is not None:
            self.post("/customer/set-credit", {"UserName": name, "Credit": credit})

    def add_products(self, names, price="1.50", units=1_000_000):
        category = self.post("/product/add-new-category", {"Name": f"Of {names[0]}"})["CategoryId"]
        product = {"Description": "", "Supplier": "", "CategoryId": category, "Price": price, "UnitsInStock": units}
        add = lambda name: self.post("/product/add-new-product", product | {"Code": name, "Name": name})["ProductId"]
        return [add(name) for name in names]


class Shop:
    """`agora up` on free ports of the loopback. The kernel kills it with this process."""

    def __init__(self, folder, limits=(), **settings):
        self.folder, self.data = pathlib.Path(folder), pathlib.Path(folder) / "data"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.limits = list(limits)
        self.env = {"PATH": os.environ["PATH"], "AGORA_ADMIN_PASSWORD": PASSWORD, "AGORA_DATA": str(self.data)}
        self.env |= {f"AGORA_{name}_LISTEN": "127.0.0.1:0" for name in ["STOREFRONT", "BACKOFFICE", "OPS"]}
        self.env |= {"AGORA_LISTEN": "127.0.0.1:0"} | settings
        self.process = None

    def start(self, patience=PATIENCE_SECONDS):
        said = self.folder / "said"
        limits = ["prlimit", *self.limits, "--"] if self.limits else []
        command = [*limits, "setpriv", "--pdeathsig", "KILL", os.environ["AGORA_BIN"], "up", "--json"]
        with open(said, "wb") as out, open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=log, env=self.env)
        until("the shop's start", lambda: self._is_up(said), patience)
        self.urls = json.loads(said.read_text())
        self.url = self.urls["gateway"]
        return self

    def _is_up(self, said):
        if self.process.poll() is not None:
            raise Failed(f"the shop ended with {self.process.returncode}: {self.log()[-600:]}")
        return said.read_bytes().endswith(b"\n")

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def person(self, source="127.0.0.1"):
        return Person(self.url, source)

    def manager(self):
        return self.person().log_in("admin", PASSWORD)

    def is_ready(self):
        try:
            person = self.person()
            status, _ = person.send("GET", "/health/ready")
            person.close()
            return status == 200
        except (OSError, http.client.HTTPException):
            return False

    def cpu_seconds(self):
        """What the process has computed so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def kill(self):
        """As a power cut would, for the process."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=PATIENCE_SECONDS)
        if status:
            raise Failed(f"the shop stopped with {status}: {self.log()[-600:]}")

    def end(self):
        """Ignores the outcome: it is gone."""
        if self.process and self.process.poll() is None:
            self.kill()

    def tool(self, *args):
        """A tool of the command on the stopped shop's data; must succeed."""
        command = [os.environ["AGORA_BIN"], *args, "--data", str(self.data)]
        ran = subprocess.run(command, capture_output=True, text=True, env={"PATH": os.environ["PATH"]}, check=False)
        if ran.returncode:
            raise Failed(f"agora {' '.join(args)}: exit {ran.returncode}: {ran.stdout[-400:]} {ran.stderr[-400:]}")
        return ran.stdout
