"""What the tests share: the command, child processes that end with them, HTTP, and waiting."""

import contextlib
import http.client
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import time
import urllib.parse

DEPLOY = pathlib.Path(__file__).resolve().parents[1]
ROOT = DEPLOY.parent
AGORA = pathlib.Path(os.environ.get("AGORA_BIN", ROOT / "target/debug/agora"))
# What takes longer than this does not happen at all.
PATIENCE = 120
# Below those that Linux gives to connections and to listeners on port 0 (`net.ipv4.ip_local_port_range`).
PORTS = range(12_000, 32_000)


def program(name):
    """Where a program is; also where only root usually looks."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return shutil.which(name, path=path)


def clean_environment(**more):
    """An environment that a developer's own settings do not reach."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return kept | more


def agora(*args, **environment):
    """Runs the command to its end."""
    return subprocess.run(
        [AGORA, *args], env=clean_environment(**environment), capture_output=True, text=True, timeout=PATIENCE, cwd="/"
    )


def services():
    """The services that the command knows: each has a setting for its read model."""
    settings = json.loads(agora("config", "--json").stdout)
    return [name.removesuffix("-model") for name in settings if name.endswith("-model")]


def free_port(addresses=("127.0.0.1",)):
    """A port that is free at all of these addresses at this moment, and that the kernel gives to no connection."""
    while True:
        port = random.choice(PORTS)
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for address in addresses:
                held.enter_context(socket.socket()).bind((address, port))
            return port


def eventually(what, condition, patience=PATIENCE):
    """Waits until `condition` gives something true, and gives that back."""
    deadline = time.monotonic() + patience
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience} s: {what}")
        time.sleep(0.05)


class Child:
    """A child process. The kernel ends it with this one, however that ends."""

    def __init__(self, name, command, log, **options):
        self.name, self.log = name, log
        with open(log, "ab") as out:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *map(str, command)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, **options,
            )

    def wait_until(self, what, condition, patience=PATIENCE):
        def looked():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.name} ended:\n{self.tail()}")
            return condition()
        try:
            return eventually(f"{self.name}: {what}", looked, patience)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tail()}") from None

    def tail(self):
        return pathlib.Path(self.log).read_text(errors="replace")[-4000:]

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self):
        self.process.kill()
        self.process.wait()


class Answer:
    def __init__(self, response, body):
        self.status, self.headers, self.body = response.status, response.headers, body

    def json(self):
        return json.loads(self.body)


class Client:
    """A client of a shop over HTTP that sends the latest position it has seen."""

    def __init__(self, url, source=None):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port, self.source = parts.hostname, parts.port, source
        self.token = self.position = None

    def connect(self):
        source = (self.source, 0) if self.source else None
        return http.client.HTTPConnection(self.host, self.port, timeout=30, source_address=source)

    def headers(self, more):
        headers = dict(more)
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.position:
            headers["Agora-Position"] = self.position
        return headers

    def send(self, method, path, body=None, **headers):
        headers = self.headers({name.replace("_", "-"): value for name, value in headers.items()})
        if body is not None:
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        connection = self.connect()
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            answer = Answer(response, response.read())
        finally:
            connection.close()
        self.position = answer.headers.get("Agora-Position") or self.position
        return answer

    def get(self, path, **headers):
        return self.send("GET", path, **headers)

    def post(self, path, body, **headers):
        return self.send("POST", path, body, **headers)

    def ok(self, answer):
        assert 200 <= answer.status < 300, (answer.status, answer.body)
        return answer.json()

    def log_in(self, name, password):
        self.token = self.ok(self.post("/customer/login-user", {"UserName": name, "Password": password}))["Token"]
        return self


def answers(url, path="/health/ready"):
    """Whether a success is answered there."""
    try:
        return Client(url).get(path).status == 200
    except (OSError, http.client.HTTPException):
        return False


def buy(manager, customer, name):
    """A manager adds a product, a new customer orders it; gives the order once it has ended."""
    category = manager.ok(manager.post("/product/add-new-category", {"Name": f"Drinks of {name}"}))["CategoryId"]
    product = manager.ok(manager.post("/product/add-new-product", {
        "Code": f"TEA-{name}", "Name": "Tea", "Description": "Green", "Supplier": "Abbey", "CategoryId": category,
        "Price": 1.25, "UnitsInStock": 10,
    }))["ProductId"]
    person = {"UserName": name, "Password": "the-password", "FullName": name, "Email": f"{name}@example.org"}
    customer.ok(customer.post("/customer/add-user", person))
    customer.log_in(name, "the-password")
    customer.position = manager.position

    def placed():
        answer = customer.post("/order/place-order", {"ProductId": product, "Quantity": 2})
        # A shop that is too busy for an order recorded nothing, so it may be sent again.
        return answer.status != 503 and customer.ok(answer)
    eventually("the order is placed", placed)

    def ended():
        orders = customer.ok(customer.get(f"/order/get-orders?Type=Customer&Id={name}"))
        orders = orders if isinstance(orders, list) else orders.get("Orders") or orders.get("Items")
        return next((order for order in orders if order["Status"] not in (0, 2, "Pending", "Approved")), None)
    return eventually("the order ends", ended)
