"""Parts in separate containers finalize an order, as compose.yaml has them. `tests.containers` runs this.

The read models and the log are embedded here, and what needs an image that is not there (databases, nginx) does not run.
"""

import json
import os
import pathlib
import random
import shlex
import subprocess
import unittest

from . import env
from .compose import DATABASES, PARTS, compose
from .containers import SYSTEMS
from .world import AGORA, DEPLOY, Child, Client, answers, buy, clean_environment, eventually, free_port, program

# The distribution's broker takes the place of the image that compose.yaml names, and of its starting script.
BROKER = """\
FROM agora-test-rabbitmq
RUN rabbitmq-plugins enable --offline rabbitmq_management
RUN printf '#!/bin/sh\\nexec /usr/lib/rabbitmq/bin/rabbitmq-server\\n' > /usr/local/bin/docker-entrypoint.sh \\
    && chmod 755 /usr/local/bin/docker-entrypoint.sh
ENV HOME=/var/lib/rabbitmq RABBITMQ_LOGS=- RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+sbwt none +sbwtdcpu none +S 2:2"
USER rabbitmq
"""
# Models and log embedded, where their servers have no image here.
EMBEDDED = {
    "event-store": {"AGORA_EVENT_STORE": "log:/data/log"}, "customer": {"AGORA_CUSTOMER_MODEL": "sqlite:/data/customer.db"},
    "order": {"AGORA_ORDER_MODEL": "sqlite:/data/order.db"}, "accounting": {"AGORA_ACCOUNTING_MODEL": "sqlite:/data/accounting.db"},
}


class ShopInContainers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not (given := os.environ.get("AGORA_TEST_CONTAINERS")):
            raise unittest.SkipTest("tests.containers runs this, in namespaces of its own")
        cls.folder = pathlib.Path(given)
        subprocess.run([program("ip"), "link", "set", "lo", "up"], check=True)
        cls.start_engine()
        cls.build_images()
        cls.start_shop()

    @classmethod
    def start_engine(cls):
        cls.socket = f"unix://{cls.folder}/socket"
        # The client that belongs to the engine; another may stand before it in the path.
        cls.client = "/usr/bin/docker" if pathlib.Path("/usr/bin/docker").exists() else program("docker")
        flags = ["--host", cls.socket,
                 *(f"--{name}={cls.folder}/{name}" for name in ("data-root", "exec-root", "pidfile"))]
        engine = Child("dockerd", [program("dockerd"), *flags], cls.folder / "log")
        cls.addClassCleanup(engine.stop)
        try:
            engine.wait_until("answers", lambda: cls.docker("version", check=False).returncode == 0, 30)
        except AssertionError as error:
            raise unittest.SkipTest(f"no Docker engine can be started here: {error}") from None

    @classmethod
    def run_program(cls, *command, check=True):
        environment = clean_environment(DOCKER_HOST=cls.socket, DOCKER_BUILDKIT="0", COMPOSE_PARALLEL_LIMIT="4")
        run = subprocess.run([*map(str, command)], env=environment, capture_output=True, text=True, timeout=300)
        if check and run.returncode != 0:
            raise AssertionError(f"{shlex.join(map(str, command))}:\n{run.stdout[-2000:]}\n{run.stderr[-4000:]}")
        return run

    @classmethod
    def docker(cls, *args, check=True):
        return cls.run_program(cls.client, *args, check=check)

    @classmethod
    def build_images(cls):
        for name in SYSTEMS:
            cls.docker("import", cls.folder / name, f"agora-test-{name}")
        context = cls.folder / "context"
        context.mkdir()
        subprocess.run(["strip", "-o", context / "agora", AGORA], check=True)
        build = ["build", "--quiet", "--network", "none"]
        cls.docker(*build, "--target", "prebuilt", "--build-arg", "BASE=agora-test-base", "--file", DEPLOY / "Dockerfile",
                   "--tag", "agora-test", context)
        (context / "Dockerfile").write_text(BROKER)
        image = [line.split()[1] for line in (DEPLOY / "modules/rabbitmq.yaml").read_text().splitlines() if "image:" in line]
        cls.docker(*build, "--tag", image[0], context)

    @classmethod
    def start_shop(cls):
        path = cls.folder / "env"
        # Without the command at hand, its image derives the keys.
        path.write_text("IMAGE=agora-test\n")
        cls.made = env.make(path, DOCKER_HOST=cls.socket, AGORA_BIN="no-such-command")
        net = f"10.{random.randint(60, 250)}"
        cls.made |= {"NET_SUBNET": f"{net}.0.0/16", "NET_RANGE": f"{net}.128.0/17", "NET_GATEWAY": f"{net}.0.1"}
        cls.made["TRUSTED_PROXIES"] = f"127.0.0.0/8, {cls.made['NET_RANGE']}"
        cls.made |= {name: f"127.0.0.1:{free_port()}" for name in cls.made if name.endswith("_PUBLISH")}
        path.write_text("".join(f"{name}={value}\n" for name, value in cls.made.items()))
        embedded = {f"agora-{name}": {"environment": settings} for name, settings in EMBEDDED.items()}
        (cls.folder / "embedded.json").write_text(json.dumps({"services": embedded}))
        cls.gateway = "http://" + cls.made["GATEWAY_PUBLISH"]
        # All at once, and so in any order.
        names = [f"agora-{name}" for name in ["rabbitmq", *PARTS]]
        cls.addClassCleanup(cls.compose, "down", "--volumes", "--timeout", "20", check=False)
        try:
            cls.compose("up", "-d", "--no-deps", "--no-build", *names)
            eventually("the gateway is ready", lambda: answers(cls.gateway), 180)
        except AssertionError as error:
            logs = cls.compose("logs", "--tail", "15", check=False)
            raise AssertionError(f"{error}\n{logs.stdout[-8000:]}") from None

    @classmethod
    def compose(cls, *args, files=None, check=True):
        files = files or [DEPLOY / "compose.yaml", cls.folder / "embedded.json"]
        files = [word for file in files for word in ("-f", file)]
        return cls.run_program(*compose(), "--env-file", cls.folder / "env", *files, *args, check=check)

    def inspect(self, name):
        return json.loads(self.docker("inspect", name).stdout)[0]

    def manager(self):
        return Client(self.gateway).log_in("admin", self.made["ADMIN_PASSWORD"])

    def test_1_an_order_is_finalized(self):
        order = buy(self.manager(), Client(self.gateway), "shopper")
        self.assertIn(order["Status"], (3, "Finalized"))

    def test_2_every_container_is_well_and_has_no_rights(self):
        for name in PARTS:
            container = f"agora-{name}"
            eventually(f"{container} is well", lambda: self.inspect(container)["State"]["Health"]["Status"] == "healthy")
            said = self.inspect(container)
            self.assertEqual((said["HostConfig"]["ReadonlyRootfs"], said["RestartCount"]), (True, 0), name)
            status = self.docker("exec", container, "cat", "/proc/1/status").stdout
            fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
            self.assertEqual(set(fields["Uid"].split()) & {"0"}, set(), name)
            self.assertEqual(int(fields["CapEff"], 16), 0, name)
            self.assertNotEqual(self.docker("exec", container, "touch", "/here", check=False).returncode, 0, name)
        eventually("the broker is well", lambda: self.inspect("agora-rabbitmq")["State"]["Health"]["Status"] == "healthy")

    def test_3_the_websites_and_the_management_page_are_there(self):
        for name in ("STOREFRONT", "BACKOFFICE", "RABBITMQ_MANAGEMENT"):
            url = "http://" + self.made[f"{name}_PUBLISH"]
            eventually(name, lambda: Client(url).get("/").status in (200, 303))

    def test_4_health_says_who_is_not_well(self):
        well = self.docker("exec", "agora-product", "agora", "health", "--ready")
        self.assertEqual(well.returncode, 0)
        ill = self.docker("exec", "agora-product", "agora", "health", "--url", "http://127.0.0.1:9", check=False)
        self.assertEqual(ill.returncode, 1)
        self.assertIn("nothing answers at http://127.0.0.1:9", ill.stderr)

    def test_5_a_service_is_in_the_network_of_its_database_and_in_no_others(self):
        for name in PARTS:
            owned = {f"agora-{name}-db"} if name in DATABASES.values() else set()
            self.assertEqual(set(self.inspect(f"agora-{name}")["NetworkSettings"]["Networks"]), {"agora-net"} | owned, name)

    def test_6_a_service_is_scaled(self):
        # The same project: its file takes the place of the one container with the fixed name.
        self.compose("up", "-d", "--no-build", "--scale", "agora-product=2", files=[DEPLOY / "modules/product.yaml"])
        manager = self.manager()

        def two_are_ready():
            services = manager.ok(manager.get("/system/get-status"))["Services"]
            [product] = [service for service in services if service["Name"] == "product"]
            return len([one for one in product["Instances"] if one["Here"] and one["Ready"]]) == 2
        eventually("two instances are ready", two_are_ready)
        order = buy(manager, Client(self.gateway), "another")
        self.assertIn(order["Status"], (3, "Finalized"))

    def test_8_one_container_is_a_sample_shop(self):
        published = {inside: free_port() for inside in (8080, 5001, 5002)}
        ports = [word for inside, port in published.items() for word in ("--publish", f"127.0.0.1:{port}:{inside}")]
        demo = self.docker("run", "--detach", "--rm", *ports, "agora-test", "up", "--demo").stdout.strip()
        self.addCleanup(self.docker, "stop", demo, check=False)
        for inside, port in published.items():
            # Where everybody is answered: the back office leads from its pages to the log-in.
            eventually(f"{inside} answers", lambda: answers(f"http://127.0.0.1:{port}"))
        # It is printed when all of it answers.
        eventually("the banner", lambda: "sample shop" in self.docker("logs", demo).stdout)
        products = Client(f"http://127.0.0.1:{published[8080]}").get("/product/get-all-products?Limit=500").json()["Items"]
        self.assertGreater(len(products), 100)

    def test_7_the_host_is_no_proxy_and_containers_are(self):
        people = {"UserName": "", "Password": "the-password", "FullName": "Sam", "Email": "sam@example.org"}
        for at in range(21):
            answer = Client(self.gateway).post("/customer/add-user", people | {"UserName": f"crowd{at}"}, Forwarded=f"for=192.0.2.{at}")
        # 20 from one address in an hour, whatever client it claims to forward for.
        self.assertEqual(answer.status, 429)
