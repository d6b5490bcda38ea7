"""The compose files against the code: every name, network and variable."""

import json
import pathlib
import re
import subprocess
import tempfile
import unittest
import urllib.parse

from . import env
from .world import AGORA, DEPLOY, agora, clean_environment, program, services

SITES = ["storefront", "backoffice"]
SERVICES = services()
PARTS = ["event-store", *SERVICES, "gateway", *SITES]
DATABASES = {"mongodb": "event-store", "redis": "customer", "postgres": "order", "couchdb": "accounting"}
OTHERS = ["rabbitmq", "nginx"]
# Who may know what; the customer service derives all from the shop's secret.
ON_THE_BUS = ["event-store", *SERVICES, "gateway"]
KEYS = {"AGORA_SHOP_SECRET": ["customer"], "AGORA_COOKIE_KEY": SITES, "AGORA_ADMIN_PASSWORD": ["customer"],
        "AGORA_TOKEN_KEY": [name for name in ON_THE_BUS if name != "customer"]}


def compose():
    """The Compose that is here: version 1 as a program, or version 2 within Docker's client."""
    if found := program("docker-compose"):
        return [found]
    docker = program("docker")
    if docker and subprocess.run([docker, "compose", "version"], capture_output=True).returncode == 0:
        return [docker, "compose"]
    raise AssertionError("Compose is missing; `cargo xtask setup` installs what the tests need")


def configuration(file, env_file, *more):
    """A compose file as Compose understands it."""
    command = [*compose(), "--env-file", str(env_file), *more, "-f", str(file), "config"]
    run = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=60)
    if run.returncode != 0:
        raise AssertionError(f"{file}: {run.stderr}")
    try:
        import yaml
    except ImportError:
        json_form = subprocess.run([*command, "--format", "json"], env=clean_environment(), capture_output=True, check=True)
        return json.loads(json_form.stdout)
    return yaml.safe_load(run.stdout)


def ports(service):
    """What is published, as it is written; version 2 takes it apart."""
    def written(port):
        return port if isinstance(port, str) else f"{port.get('host_ip', '')}:{port.get('published', '')}:{port['target']}"
    return " ".join(map(written, service.get("ports", [])))


def variable(name):
    """A part's name in those of variables."""
    return name.upper().replace("-", "_")


def without(service, *keys):
    return {key: value for key, value in service.items() if key not in keys}


class Compose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="agora-compose-")
        cls.addClassCleanup(folder.cleanup)
        env_file = pathlib.Path(folder.name) / "env"
        cls.made = env.make(env_file)
        cls.whole = configuration(DEPLOY / "compose.yaml", env_file, "--profile", "nginx")
        cls.services = cls.whole["services"]
        files = sorted((DEPLOY / "modules").glob("*.yaml"))
        cls.modules = {file.stem: configuration(file, env_file) for file in files}

    def part(self, name):
        return self.services[f"agora-{name}"]

    def parts(self):
        return [(name, self.part(name)) for name in PARTS]

    def test_every_module_is_a_container_of_its_name(self):
        names = {f"agora-{name}" for name in [*PARTS, *DATABASES, *OTHERS]}
        self.assertEqual(self.services.keys(), names)
        for name, service in self.services.items():
            self.assertEqual(service["container_name"], name)
            self.assertIn("restart", service, name)
            self.assertTrue(service["healthcheck"]["test"], name)

    def test_the_parts_are_those_of_the_command(self):
        known = re.findall(r"^ +- ([a-z-]+):", agora("run", "--help").stdout, re.MULTILINE)
        self.assertEqual(sorted(PARTS), sorted(known))
        for name, service in self.parts():
            self.assertEqual(service["command"], ["run", name])

    def test_every_module_stands_alone_and_the_whole_adds_only_names_and_order(self):
        self.assertEqual(sorted(self.modules), sorted([*PARTS, *OTHERS]))
        seen = {}
        for module in self.modules.values():
            seen |= module["services"]
            for kind in ("networks", "volumes"):
                for name, shape in (module.get(kind) or {}).items():
                    self.assertEqual(shape, self.whole[kind][name], name)
        added = ("container_name", "depends_on", "profiles")
        whole = {name: without(service, *added) for name, service in self.services.items()}
        for name in PARTS:
            # Of one container; several have one each, without a name.
            self.assertIn(f"agora-{name}-data", json.dumps(whole[f"agora-{name}"].pop("volumes")))
            self.assertEqual(self.whole["volumes"][f"agora-{name}-data"]["name"], f"agora-{name}-data")
        self.assertEqual(seen, whole)
        self.assertFalse([name for name, service in seen.items() if "container_name" in service], "they can be scaled")

    def test_all_that_needs_to_hear_each_other_shares_one_network_under_its_own_name(self):
        self.assertEqual(self.whole["networks"]["agora-net"]["name"], "agora-net")
        for name in [*PARTS, *OTHERS]:
            self.assertEqual(self.part(name)["networks"]["agora-net"]["aliases"], [f"agora-{name}"])

    def test_only_its_service_reaches_a_database_and_its_data_stays(self):
        for database, owner in DATABASES.items():
            [(network, shape)] = self.part(database)["networks"].items()
            self.assertEqual((network, shape["aliases"]), (f"agora-{owner}-db", [f"agora-{database}"]))
            self.assertTrue(self.whole["networks"][network]["internal"])
            members = [name for name, service in self.services.items() if network in service["networks"]]
            self.assertEqual(sorted(members), sorted([f"agora-{owner}", f"agora-{database}"]))
            self.assertNotIn("ports", self.part(database))
            self.assertEqual(self.whole["volumes"][f"agora-{database}"]["name"], f"agora-{database}")
            self.assertIn(f"agora-{database}", json.dumps(self.part(database)["volumes"]))

    def test_every_variable_is_a_setting_and_every_value_is_taken(self):
        known = {"AGORA_" + name.upper().replace("-", "_") for name in json.loads(agora("config", "--json").stdout)}
        for name, service in self.parts():
            environment = {key: str(value) for key, value in service["environment"].items() if key != "TMPDIR"}
            self.assertLessEqual(environment.keys(), known, name)
            # Settings are judged before anything is opened; then there is no folder for data, and that is the only complaint.
            refused = agora("run", name, **environment | {"AGORA_DATA": "/dev/null/data"})
            self.assertEqual(refused.returncode, 1, name)
            self.assertIn("the data folder /dev/null/data cannot be made", refused.stderr, name)

    def test_nobody_knows_more_than_they_need(self):
        for setting, holders in KEYS.items():
            knowing = [name for name, service in self.parts() if setting in service["environment"]]
            self.assertEqual(sorted(knowing), sorted(holders), setting)
        for secret, holders in {"SHOP_SECRET": ["customer"], "MONGODB_ROOT_PASSWORD": ["mongodb"], "MONGODB_KEY": ["mongodb"],
                                "RABBITMQ_PASSWORD": ["rabbitmq"],
                                **{f"RABBITMQ_{variable(name)}_PASSWORD": ["rabbitmq", name] for name in ON_THE_BUS},
                                **{f"{name.upper()}_PASSWORD": [name, owner] for name, owner in DATABASES.items()}}.items():
            knowing = [name for name, service in self.services.items() if self.made[secret] in json.dumps(service)]
            self.assertEqual(sorted(knowing), sorted(f"agora-{holder}" for holder in holders), secret)

    def test_every_address_leads_somewhere_that_can_be_reached(self):
        for name, service in self.parts():
            for setting, value in service["environment"].items():
                host = urllib.parse.urlsplit(str(value)).hostname if "://" in str(value) else None
                if host is None:
                    continue
                reachable = [other for other, theirs in self.services.items() if any(
                    host in (theirs["networks"].get(network) or {}).get("aliases", []) for network in service["networks"])]
                self.assertEqual(reachable, [host], f"{name}: {setting}")

    def test_every_part_has_a_user_of_its_own_at_the_bus_with_its_rights(self):
        for name, service in self.parts():
            bus = service["environment"].get("AGORA_BUS")
            self.assertEqual(bus is not None, name in ON_THE_BUS, name)
            if bus:
                url = urllib.parse.urlsplit(bus)
                self.assertEqual((url.username, url.password), (name, self.made[f"RABBITMQ_{variable(name)}_PASSWORD"]))
        environment = self.part("rabbitmq")["environment"]
        printed = subprocess.run([DEPLOY / "broker"], env=clean_environment() | environment, capture_output=True, text=True, check=True)
        printed = json.loads(printed.stdout)
        users = {user["name"]: user for user in printed["users"]}
        self.assertEqual(sorted(users), sorted([*ON_THE_BUS, "agora"]))
        self.assertEqual([name for name, user in users.items() if user["tags"]], ["agora"])
        rights = {right["user"]: right for right in printed["permissions"]}
        for name in ON_THE_BUS:
            writes = re.compile(rights[name]["write"])
            self.assertEqual(bool(writes.search("agora.events") or writes.search("amq.default")), name == "event-store", name)

    def test_nginx_knows_the_way_to_every_service(self):
        conf = (DEPLOY / "nginx.conf").read_text()
        for name, part in [*((name, name) for name in SERVICES), ("events", "event-store")]:
            self.assertIn(f"~^(?:/v1)?/{name}(?:[/?]|$) agora-{part}:8080;", conf)
        calls = re.findall(r"~\^\(\?:/v1\)\?/\(\?:([a-z|]+)\)", conf)
        self.assertEqual(len(calls), 2)
        for names in calls:
            self.assertEqual(sorted(names.split("|")), sorted([*SERVICES, "events"]))

    def test_guests_have_names_of_their_own(self):
        environment = clean_environment() | self.part("rabbitmq")["environment"]
        for guests in ("customer=abc", "events=abc", "agora=abc", "gateway=abc", "reactor=abc", "loyalty", 'x"y=abc', "a.b=abc", "a=b|c"):
            run = subprocess.run([DEPLOY / "broker"], env=environment | {"RABBITMQ_GUESTS": guests}, capture_output=True, text=True)
            self.assertEqual((run.returncode, run.stdout), (1, ""), guests)
            self.assertTrue(run.stderr.startswith("broker: "), guests)
        run = subprocess.run([DEPLOY / "broker"], env=environment | {"RABBITMQ_GUESTS": "loyalty=abc sales=def"}, capture_output=True)
        self.assertLessEqual({"loyalty", "sales"}, {user["name"] for user in json.loads(run.stdout)["users"]})

    def test_no_container_may_use_up_the_machine(self):
        for name, service in self.services.items():
            self.assertTrue(service["mem_limit"], name)
            self.assertGreater(int(service["pids_limit"]), 0, name)
            self.assertGreaterEqual(int(service["ulimits"]["nofile"]["soft"]), 16384, name)
            self.assertEqual((service["cap_drop"], service["security_opt"]), (["ALL"], ["no-new-privileges:true"]), name)
            for tmpfs in service.get("tmpfs", []):
                self.assertIn("size=", str(tmpfs), name)
        for name, service in self.parts():
            # Temporary files go to the volume.
            self.assertEqual(service["environment"]["TMPDIR"], "/data", name)

    def test_no_secret_stands_in_a_command(self):
        secrets = {value for name, value in self.made.items() if env.SECRET.search(name)}
        for name, service in self.services.items():
            words = json.dumps([service.get("command"), service.get("entrypoint"), service["healthcheck"]])
            self.assertFalse([secret for secret in secrets if secret in words], name)

    def test_our_containers_are_without_rights(self):
        for name, service in self.parts():
            self.assertTrue(service["read_only"], name)
            self.assertEqual((service["cap_drop"], service["security_opt"]), (["ALL"], ["no-new-privileges:true"]), name)
            self.assertNotIn("user", service, name)
        user = re.findall(r"^USER (\d+):", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
        self.assertEqual(len(user), 1)
        self.assertGreater(int(user[0]), 0)

    def test_the_start_is_ordered_by_health(self):
        self.assertEqual(self.part("rabbitmq").get("depends_on"), None)
        for name in PARTS:
            depends = self.part(name)["depends_on"]
            self.assertTrue(all(how["condition"] == "service_healthy" for how in depends.values()), name)
            owned = {f"agora-{database}" for database, owner in DATABASES.items() if owner == name}
            self.assertLessEqual(owned, depends.keys())

    def test_health_is_asked_as_the_command_understands_it(self):
        checks = [service["healthcheck"]["test"] for _, service in self.parts()]
        [check] = re.findall(r"HEALTHCHECK .* CMD (\[.*\])", (DEPLOY / "Dockerfile").read_text())
        for check in [*checks, ["CMD", *json.loads(check)]]:
            self.assertEqual(check[:3], ["CMD", "agora", "health"])
            away = subprocess.run([AGORA, *check[2:], "--help"], capture_output=True, text=True, env=clean_environment())
            self.assertEqual(away.returncode, 0, away.stderr)

    def test_what_people_use_is_published_and_only_where_the_settings_say(self):
        for name in ["gateway", *SITES, "nginx", "rabbitmq"]:
            self.assertIn(self.made[f"{name.upper()}_PUBLISH"], ports(self.part(name)))
        for site in SITES:
            self.assertIn(self.made[f"NGINX_{site.upper()}_PUBLISH"], ports(self.part("nginx")))
        self.assertIn(self.made["RABBITMQ_MANAGEMENT_PUBLISH"] + ":15672", ports(self.part("rabbitmq")))
        self.assertNotIn("0.0.0.0", " ".join(map(ports, self.services.values())))
