"""nginx with deploy/nginx.conf in front of real processes answers as the gateway does."""

import concurrent.futures
import pathlib
import random
import re
import subprocess
import tempfile
import unittest
import urllib.parse

from . import env
from .broker import Broker
from .compose import configuration
from .dns import NameServer
from .world import AGORA, DEPLOY, Child, Client, answers, buy, clean_environment, eventually, free_port, program, services

SITES = ["storefront", "backoffice"]
SERVICES = ["event-store", *services()]
REGISTRATIONS = 4


class Nginx(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="agora-nginx-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        # Containers have addresses of their own and the same port; so have these processes, on this machine's loopback.
        network = f"127.{random.randint(16, 250)}.{random.randint(0, 250)}"
        cls.instances = [(name, f"{network}.{at}") for at, name in enumerate([*SERVICES, "product", "gateway", *SITES], 10)]
        cls.port = free_port([address for _, address in cls.instances])
        cls.names = {}
        for name, address in cls.instances:
            cls.names.setdefault(f"agora-{name}", []).append(address)
        cls.server = NameServer(cls.names)
        cls.addClassCleanup(cls.server.stop)
        cls.made = env.make(cls.folder / "env")
        cls.broker = Broker(cls.folder / "broker", cls.made)
        cls.addClassCleanup(cls.broker.stop)
        cls.start_parts()
        cls.start_nginx()

    @classmethod
    def start_parts(cls):
        """Each as its module says, but for where the servers are."""
        cls.password = cls.made["ADMIN_PASSWORD"]
        cls.processes, cls.ops, cls.again = {}, {}, {}
        cls.start_redis()
        for name, address in cls.instances:
            module = configuration(DEPLOY / f"modules/{name}.yaml", cls.folder / "env")
            cls.again[address] = cls.start_part(module["services"][f"agora-{name}"], address)
        cls.gateway = f"http://{cls.names['agora-gateway'][0]}:{cls.port}"
        gateway = cls.processes[cls.names["agora-gateway"][0]]
        gateway.wait_until("ready", lambda: answers(cls.gateway))
        for address in cls.names["agora-product"]:
            cls.processes[address].wait_until("ready", lambda: answers(f"http://{address}:{cls.port}"))

    @classmethod
    def start_redis(cls):
        """The one database whose image runs nothing but the server, as its module starts it."""
        services = configuration(DEPLOY / "modules/customer.yaml", cls.folder / "env")["services"]
        url = urllib.parse.urlsplit(services["agora-customer"]["environment"]["AGORA_CUSTOMER_MODEL"])
        port = free_port()
        cls.redis = url._replace(netloc=url.netloc.replace(f"{url.hostname}:{url.port}", f"127.0.0.1:{port}")).geturl()
        own = ["--bind", "127.0.0.1", "--port", port, "--dir", cls.folder]
        # The image's starting script changes the user; this one only starts.
        (cls.folder / "docker-entrypoint.sh").write_text('#!/bin/sh\nexec "$@"\n')
        (cls.folder / "docker-entrypoint.sh").chmod(0o755)
        # Compose writes a $ as two.
        command = [word.replace("$$", "$") for word in services["agora-redis"]["command"]]
        environment = clean_environment(**services["agora-redis"]["environment"])
        environment["PATH"] = f"{cls.folder}:{environment['PATH']}"
        child = Child("redis", [*command, *own], cls.folder / "redis.log", env=environment)
        child.wait_until("listens", lambda: f"port={port}" in child.tail() or "Ready to accept" in child.tail())
        words = pathlib.Path(f"/proc/{child.process.pid}/cmdline").read_text()
        assert "redis-server" in words and cls.made["REDIS_PASSWORD"] not in words, words
        cls.addClassCleanup(child.stop)

    @classmethod
    def start_part(cls, part, address):
        data, ops = cls.folder / address, f"{address}:{free_port([address])}"
        replaced = {
            "AGORA_DATA": data, "TMPDIR": cls.folder, "AGORA_EVENT_STORE": f"log:{data}/log", "AGORA_OPS_LISTEN": ops,
            "AGORA_REGISTRATIONS_PER_ADDRESS": REGISTRATIONS, "AGORA_LOG_LEVEL": "warn",
            **{f"AGORA_{model}_MODEL": f"sqlite:{data}/{model.lower()}.db" for model in ("PRODUCT", "ORDER", "ACCOUNTING")},
            "AGORA_CUSTOMER_MODEL": cls.redis,
            **{f"AGORA_{listen}LISTEN": f"{address}:{cls.port}" for listen in ("", "SERVICE_", "STOREFRONT_", "BACKOFFICE_")},
        }
        given = part["environment"]
        if bus := given.get("AGORA_BUS"):
            # With its own user.
            replaced["AGORA_BUS"] = bus.replace("agora-rabbitmq:5672", f"127.0.0.1:{cls.broker.port}")
        if "AGORA_GATEWAY" in given:
            replaced["AGORA_GATEWAY"] = f"http://{cls.names['agora-gateway'][0]}:{cls.port}"
        environment = {key: str(value) for key, value in (part["environment"] | replaced).items()}
        child = Child(f"{part['command']} {address}", [AGORA, *part["command"]], cls.folder / f"{address}.log",
                      env=clean_environment(**environment), cwd=cls.folder)
        cls.addClassCleanup(child.kill)
        cls.processes[address], cls.ops[address] = child, f"http://{ops}"
        return lambda: cls.start_part(part, address)

    @classmethod
    def start_nginx(cls):
        listen, *sites = (free_port() for _ in range(3))
        cls.sites = [f"http://127.0.0.1:{at}" for at in sites]
        text = (DEPLOY / "nginx.conf").read_text()
        for old, new, count in [("resolver 127.0.0.11 ", f"resolver {cls.server.address} ", 1),
                                ("listen 8080;", f"listen 127.0.0.1:{listen};", 1),
                                *[(f"listen {port};", f"listen 127.0.0.1:{at};", 1) for port, at in zip((8081, 8082), sites)],
                                (":8080;", f":{cls.port};", 8)]:
            assert text.count(old) == count, old
            text = text.replace(old, new)
        config, prefix = cls.folder / "nginx.conf", cls.folder / "nginx"
        config.write_text(text)
        prefix.mkdir(mode=0o777)
        # Its workers are nobody, who has to get through to here.
        cls.folder.chmod(0o711)
        prefix.chmod(0o777)
        cls.command = [program("nginx") or "nginx", "-p", f"{prefix}/", "-c", config, "-e", "stderr", "-g", "daemon off;"]
        cls.nginx = f"http://127.0.0.1:{listen}"
        child = Child("nginx", cls.command, cls.folder / "nginx.log")
        cls.addClassCleanup(child.stop)
        child.wait_until("ready", lambda: answers(cls.nginx))

    def both(self, method, path, body=None, **headers):
        """The same request to the gateway and to nginx."""
        return [Client(url).send(method, path, body, **headers) for url in (self.gateway, self.nginx)]

    def same(self, method, path, body=None, **headers):
        ours, theirs = self.both(method, path, body, **headers)
        self.assertEqual(ours.status, theirs.status, path)
        for name in ["Content-Type", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Cross-Origin-Resource-Policy",
                     "Content-Security-Policy", "Cache-Control"]:
            self.assertEqual(ours.headers.get_all(name), theirs.headers.get_all(name), f"{path}: {name}")
        return ours, theirs

    def test_nginx_accepts_it(self):
        checked = subprocess.run([*map(str, self.command[:-2]), "-t"], capture_output=True, text=True)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertNotIn("warn", checked.stderr)

    def test_what_is_read_is_the_same(self):
        manager = Client(self.gateway).log_in("admin", self.password)
        buy(manager, Client(self.gateway), "reader")
        token = {"Authorization": f"Bearer {manager.token}", "Agora_Position": manager.position}
        for path in ["/product/get-all-products", "/product/get-all-products?Limit=1", "/v1/product/get-all-products?Limit=1",
                     "/customer/get-user/%72eader", "/product/get-all-products/", "/product", "/product/", "/customer/get-user/reader",
                     "/product/openapi.json", "/product/health/ready", "/events/head", "/order/get-orders?Type=Customer&Id=reader",
                     "/accounting/get-invoices", "/", "/openapi.json", "/health/live", "/health/ready", "/v1/health/ready"]:
            def answered_alike(path=path):
                ours, theirs = self.same("GET", path, **token)
                self.assertIn(ours.status, (200, 400), path)
                return path == "/events/head" or ours.body == theirs.body
            # What follows from the order, such as its invoice, may come between two reads.
            eventually(f"{path} is the same", answered_alike)
        self.same("GET", "/docs")

    def test_what_is_refused_is_the_same_problem(self):
        for method, path, body in [("GET", "/nothing", None), ("GET", "/product/nothing", None), ("GET", "/productive", None),
                                   ("GET", "/product/../customer/get-all-users", None), ("GET", "//product", None), ("GET", "/customer/get-all-users", None),
                                   ("GET", "/v1", None), ("DELETE", "/product/get-all-products", None),
                                   ("POST", "/customer/add-user", {}), ("POST", "/customer/login-user", b"{")]:
            ours, theirs = self.same(method, path, body)
            kinds = ("type", "title", "status")
            if ours.headers["Content-Type"] == "application/problem+json":
                self.assertEqual([ours.json().get(kind) for kind in kinds], [theirs.json().get(kind) for kind in kinds], path)
                self.assertGreaterEqual(ours.status, 400)
        self.assertEqual(self.both("GET", "/nothing")[1].json()["status"], 404)
        for answer in self.same("POST", "/customer/add-user", b'"' + b"x" * 70_000 + b'"'):
            self.assertEqual((answer.status, answer.json()["status"]), (413, 413), answer.body)

    def test_the_websites_are_behind_it(self):
        for name, site in zip(SITES, self.sites):
            eventually(f"the {name} answers", lambda: Client(site).get("/login").status == 200)
            page = Client(site).get("/login")
            self.assertEqual(len(page.headers.get_all("Content-Security-Policy")), 1)
            # A form is taken, so the site knows its own name behind nginx; it is not the password that is wrong with it.
            [token] = re.findall(r'name="_csrf" value="([^"]+)"', page.body.decode())
            cookie = page.headers["Set-Cookie"].split(";")[0]
            form = urllib.parse.urlencode({"_csrf": token, "UserName": "nobody", "Password": "not-the-password"})
            connection = Client(site).connect()
            self.addCleanup(connection.close)
            kind = "application/x-www-form-urlencoded"
            connection.request("POST", "/login", form, {"Content-Type": kind, "Origin": site, "Cookie": cookie})
            answer = connection.getresponse()
            self.assertNotIn(answer.status, (403, 404, 429, 502, 503), answer.read().decode())

    def test_one_address_cannot_ask_for_everything(self):
        def all_at_once(source):
            with concurrent.futures.ThreadPoolExecutor(32) as many:
                return list(many.map(lambda _: Client(self.nginx, source).get("/product/nothing"), range(1500)))
        # Fifteen seconds' worth, as fast as they can come.
        answers = all_at_once("127.0.0.79")
        refused = [answer for answer in answers if answer.status == 429]
        if not refused:
            self.skipTest("this machine does not ask 100 times a second")
        self.assertEqual((refused[0].headers["Content-Type"], refused[0].headers["Retry-After"]), ("application/problem+json", "1"))
        self.assertEqual(refused[0].json()["type"], "/problems/too-many-requests")
        self.assertEqual(Client(self.nginx, "127.0.0.80").get("/product/nothing").status, 404, "others are not held up")

    def test_an_ipv6_network_counts_as_one(self):
        [counted] = re.findall(r"map \$remote_addr \$counted \{.*?\n    \}", (DEPLOY / "nginx.conf").read_text(), re.DOTALL)
        port, prefix = free_port(), self.folder / "counted"
        prefix.mkdir(mode=0o777)
        prefix.chmod(0o777)
        config = self.folder / "counted.conf"
        config.write_text("events {} pid nginx.pid; http { access_log off; " + counted.replace("$remote_addr", "$http_address")
                          + f' server {{ listen 127.0.0.1:{port}; location / {{ return 200 "$counted"; }} }} }}')
        command = [*self.command[:2], f"{prefix}/", "-c", config, *self.command[5:]]
        child = Child("counting nginx", command, self.folder / "counted.log")
        self.addCleanup(child.stop)
        url = f"http://127.0.0.1:{port}"
        child.wait_until("ready", lambda: answers(url))

        def is_counted_as(address):
            connection = Client(url).connect()
            self.addCleanup(connection.close)
            connection.request("GET", "/", headers={"Address": address})
            return connection.getresponse().read().decode()
        for one, other, same in [("2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6", True), ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
                                 ("2001:db8::1", "2001:db8::ffff:2", True), ("192.0.2.1", "192.0.2.2", False),
                                 ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False)]:
            self.assertEqual(is_counted_as(one) == is_counted_as(other), same, (one, other))

    def test_an_order_is_finalized_through_nginx(self):
        manager = Client(self.nginx).log_in("admin", self.password)
        order = buy(manager, Client(self.nginx), "shopper")
        self.assertIn(order["Status"], (3, "Finalized"))

    def test_events_pass_as_they_come(self):
        manager = Client(self.nginx).log_in("admin", self.password)
        for path in ("/events/follow", "/v1/events/follow"):
            connection = manager.connect()
            self.addCleanup(connection.close)
            connection.request("GET", path, headers=manager.headers({"Accept": "text/event-stream"}))
            stream = connection.getresponse()
            self.assertEqual((stream.status, stream.headers["Content-Type"]), (200, "text/event-stream"))
            name = f"Heard by {path}"
            manager.ok(manager.post("/product/add-new-category", {"Name": name}))
            # Nothing is kept back until more comes: the connection's own time-out would end this.
            while name not in stream.readline().decode():
                pass

    def requests_seen(self, address):
        lines = Client(self.ops[address]).get("/metrics").body.decode().splitlines()
        counts = [line for line in lines if line.startswith("agora_http_requests_total") and 'get-all-products' in line]
        return sum(float(line.rsplit(" ", 1)[1]) for line in counts)

    def test_requests_are_balanced_and_a_lost_instance_is_passed_over(self):
        first, second = self.names["agora-product"]

        def is_asked(address, by):
            before = self.requests_seen(address)

            def asked():
                Client(by).ok(Client(by).get("/product/get-all-products"))
                return self.requests_seen(address) > before
            eventually(f"{address} is asked", asked)
        for address in (first, second):
            is_asked(address, self.nginx)
        # Docker's DNS may name it a little longer.
        self.processes[second].kill()
        for _ in range(20):
            self.assertEqual(Client(self.nginx).get("/product/get-all-products").status, 200)
        # Back, for the tests that come: known as ready to the gateway, too.
        self.again[second]()
        self.processes[second].wait_until("ready", lambda: answers(f"http://{second}:{self.port}"))
        for way in (self.nginx, self.gateway):
            is_asked(second, way)

    def test_a_service_that_is_away_is_said_so(self):
        accounting = self.names.pop("agora-accounting")
        try:
            answer = eventually("nginx asks for the name again", lambda: next(
                (answer for answer in [Client(self.nginx).get("/accounting/")] if answer.status != 200), None))
        finally:
            self.names["agora-accounting"] = accounting
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (503, "application/problem+json"))
        self.assertEqual((answer.headers["Retry-After"], answer.json()["status"]), ("2", 503))
        eventually("it is back", lambda: Client(self.nginx).get("/accounting/").status == 200)

    def test_the_visitors_address_counts_whatever_they_say(self):
        def register(source, name, **headers):
            person = {"UserName": name, "Password": "the-password", "FullName": name, "Email": f"{name}@example.org"}
            return Client(self.nginx, source).post("/customer/add-user", person, **headers).status
        statuses = [register("127.0.0.77", f"crowd{at}", Forwarded=f"for=192.0.2.{at}") for at in range(REGISTRATIONS + 1)]
        self.assertEqual(statuses, [*[statuses[0]] * REGISTRATIONS, 429])
        self.assertIn(register("127.0.0.78", "one-more"), (200, 201))
