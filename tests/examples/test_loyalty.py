"""The example that writes: its points are those of the orders, in spite of kills, lost replies and several instances."""

import base64
import collections
import concurrent.futures
import json
import os
import re
import sqlite3
import sys
import tempfile
import unittest
import urllib.error
import urllib.request
import uuid

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from processes import ROOT, Broker, Child, Shop, new_folder, until
from test_examples import PYTHON, Echo

EXAMPLE = ROOT / "examples/python"
PRICES = {"Assam": 12.5, "Postcard": 0.4, "Teapot": 87.99}

# Loyalty with a bus that loses every third reply to an append, and sends every fourth append twice.
LOSSY = f"""
import itertools, runpy, sys
sys.path.insert(0, {str(EXAMPLE)!r})
import agora.bus
ask, count = agora.bus.Bus.ask, itertools.count(1)
def lossy(bus, key, message):
    reply = ask(bus, key, message)
    if key.startswith("append"):
        number = next(count)
        reply = ask(bus, key, message) if number % 4 == 0 else reply
        reply = None if number % 3 == 0 else reply
    return reply
agora.bus.Bus.ask = lossy
runpy.run_path({str(EXAMPLE / "loyalty.py")!r}, run_name="__main__")
"""


class Loyalty(unittest.TestCase):
    """One shop for all tests, with one or more instances of the service beside it."""

    @classmethod
    def setUpClass(cls):
        cls.folder = new_folder(cls)
        cls.broker = Broker(cls.folder)
        cls.addClassCleanup(cls.broker.end)
        cls.shop = Shop(cls.folder, cls.broker.url)
        cls.addClassCleanup(cls.shop.end)
        cls.key = cls.token_key()
        cls.manager = cls.shop.log_in("admin", Shop.PASSWORD)
        cls.open, cls.earned, cls.redeemed = [], collections.Counter(), collections.Counter()
        category = cls.shop.ask("/product/add-new-category", {"Name": "Teas"}, cls.manager)["CategoryId"]
        cls.products = {}
        for name, price in PRICES.items():
            product = {"Name": name, "Description": "", "Supplier": "Abbey", "CategoryId": category, "Price": price}
            added = cls.shop.ask("/product/add-new-product", product | {"UnitsInStock": 2000}, cls.manager)
            cls.products[name] = added["ProductId"]
        cls.people = {}
        for name in ("ada", "bob", "eve"):
            cls.add_customer(name)
        # Some history, from before the service.
        cls.order("ada", "Assam", 3)
        cls.instances = {}
        for name in ("one", "two"):
            cls.start(name)
        cls.addClassCleanup(lambda: [child.kill() for child in cls.instances.values()])

    @classmethod
    def token_key(cls):
        keys = Child("keys", [os.environ["AGORA_BIN"], "keys", "--json", "--data", cls.folder / "data"], cls.folder)
        keys.process.wait(timeout=60)
        return json.loads(keys.log.read_text())["token-key"]

    @classmethod
    def start(cls, name, program=(EXAMPLE / "loyalty.py",)):
        env = {"AGORA_BUS": cls.broker.url, "AGORA_TOKEN_KEY": cls.key}
        child = cls.instances[name] = Child(f"loyalty-{name}", [PYTHON, *program, cls.folder / name], cls.folder, env)
        readies = child.said().count("ready at")
        until("the start of loyalty", lambda: child.is_running() and child.said().count("ready at") > readies)
        return child

    @classmethod
    def add_customer(cls, name):
        person = {"UserName": name, "Password": "the-password", "FullName": name, "Email": f"{name}@example.org"}
        cls.shop.ask("/customer/add-user", person)
        cls.shop.ask("/customer/set-credit", {"UserName": name, "Credit": 20_000}, cls.manager)
        cls.people[name] = cls.shop.log_in(name, "the-password")

    @classmethod
    def order(cls, who, product, quantity):
        body = {"ProductId": cls.products[product], "Quantity": quantity}
        cls.open.append((cls.shop.ask("/order/place-order", body, cls.people[who])["OrderId"], who, product, quantity))

    @classmethod
    def settle(cls):
        """Waits until all orders have ended, and adds up what they earn."""
        while cls.open:
            order, who, product, quantity = cls.open.pop()
            if until("the order's end", lambda: cls.outcome(order)) == "Finalized":
                cls.earned[who] += round(PRICES[product] * 100) * quantity // 100

    @classmethod
    def outcome(cls, order):
        (found,) = cls.shop.ask(f"/order/get-orders?Type=Single&Id={order}", token=cls.manager)["Items"]
        return found["Status"] if found["Status"] in ("Finalized", "Canceled") else None

    def points(self, who, token=None):
        try:
            return self.shop.ask(f"/loyalty/get-points?UserName={who}", token=token or self.people[who])
        except (AssertionError, OSError):
            return None  # No instance is ready.

    def see_all(self):
        """Everyone has exactly the points of their finalized orders, less what they redeemed."""
        self.settle()
        for who in self.people:
            earned, redeemed = self.earned[who], self.redeemed[who]
            expected = {"UserName": who, "Points": earned - redeemed, "Earned": earned, "Redeemed": redeemed}
            expected["Rewards"] = earned // 100
            until(f"{expected}", lambda: self.points(who) == expected)  # noqa: B023
        recorded = self.recorded()
        earnings = [event["Data"] for event in recorded if event["Type"] == "loyalty.points-earned"]
        self.assertEqual(len(earnings), len({earning["order"] for earning in earnings}))
        self.assertEqual(sum(self.earned.values()), sum(earning["points"] for earning in earnings))
        causes = [(event["Cause"], event["Type"]) for event in recorded if event["Cause"]]
        self.assertEqual(len(causes), len(set(causes)))

    def recorded(self):
        """All events of the service, from the log."""
        found = []
        while True:
            after = found[-1]["Position"] + 1 if found else 1
            page = self.shop.ask(f"/events/read-all?Category=loyalty&From={after}", token=self.manager)
            if not page["Items"]:
                return found
            found += page["Items"]

    def call(self, path, body=None, token=None, key=None, headers=()):
        """A call whatever becomes of it: its status, and what it says."""
        headers = {"Content-Type": "application/json"} | dict(headers)
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Idempotency-Key": key} if key else {}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(self.shop.gateway + path, data, headers), timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def redeem(self, who, points, key=None):
        status, said = self.call("/loyalty/redeem", {"Points": points}, self.people[who], key)
        if status == 200:
            self.redeemed[who] += said["Redeemed"]
        return status, said

    def test_1_points_are_those_of_the_finalized_orders(self):
        self.order("bob", "Postcard", 2)  # 0.80 earns nothing.
        self.order("bob", "Postcard", 3)
        self.order("bob", "Teapot", 900)  # More than the credit: canceled.
        self.order("eve", "Teapot", 4)  # 351 points, so three rewards at once.
        self.see_all()
        self.assertEqual((37, 1, 351), tuple(self.earned[who] for who in ("ada", "bob", "eve")))
        (granted,) = [event for event in self.recorded() if event["Type"] == "loyalty.reward-granted"]
        self.assertEqual(3, granted["Data"]["rewards"])
        (finalized,) = self.shop.ask(f"/events/read-all?From={granted['Cause']}&Limit=1", token=self.manager)["Items"]
        self.assertEqual(("order.finalized", granted["Data"]["order"]), (finalized["Type"], finalized["Data"]["order"]))
        self.assertEqual(finalized["Correlation"], granted["Correlation"])

    def test_2_it_is_a_service_like_any_other(self):
        paths = self.shop.ask("/openapi.json")["paths"]
        self.assertTrue({"/loyalty/get-points", "/loyalty/redeem"} <= set(paths))
        self.assertEqual({"Ready": True}, self.shop.ask("/loyalty/health/ready"))
        self.assertEqual("loyalty", self.shop.ask("/loyalty/")["Service"])
        services = self.shop.ask("/system/get-status", token=self.manager)["Services"]
        (service,) = [service for service in services if service["Name"] == "loyalty"]
        self.assertTrue(service["Ready"])
        status, said = self.call("/loyalty/nothing", headers={"X-Request-Id": "mine"})
        self.assertEqual((404, 404, "/problems/not-found", "mine"), (status, said["status"], said["type"], said["RequestId"]))

    def test_3_bad_requests_are_refused_by_name(self):
        ada = self.people["ada"]
        for body, status, field in (
            (b"{", 400, None), (b"[" * 60_000, 400, None), (b"[1]", 400, None), (b"x" * 70_000, 413, None), ({}, 422, "Points"),
            ({"Points": 0}, 422, "Points"), ({"Points": True}, 422, "Points"), ({"Points": "1"}, 422, "Points"),
            ({"Points": 1.5}, 422, "Points"), ({"Points": 1, "More": 1}, 422, "More"),
        ):  # fmt: skip
            answered, said = self.call("/loyalty/redeem", body, ada)
            at_fault = said.get("errors", [{"field": None}])[0]["field"]
            self.assertEqual((status, field), (answered, at_fault), f"{body[:20] if isinstance(body, bytes) else body}: {said}")
        for header in ({"Agora-Position": "x"}, {"Idempotency-Key": "x" * 129}):
            self.assertEqual(400, self.call("/loyalty/redeem", {"Points": 1}, ada, headers=header)[0])
        self.assertEqual(422, self.call("/loyalty/get-points?Nope=1", token=ada)[0])
        self.assertEqual(422, self.call("/loyalty/get-points?UserName=%C3%A5", token=ada)[0])
        status, said = self.call("/loyalty/get-points", token=ada, headers={"Agora-Position": str(self.shop.position + 10**6)})
        self.assertEqual((503, "/problems/behind"), (status, said["type"]))
        self.see_all()

    def test_4_only_tokens_that_hold_are_accepted(self):
        self.assertEqual(401, self.call("/loyalty/get-points")[0])
        self.assertEqual(401, self.call("/loyalty/redeem", {"Points": 1})[0])
        claims = jwt.decode(self.people["ada"], options={"verify_signature": False})
        none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
        forged = (
            jwt.encode(claims, Ed25519PrivateKey.generate(), "EdDSA"),
            jwt.encode(claims, bytes.fromhex(self.key), "HS256"),
            f"{none}.{self.people['ada'].split('.')[1]}.",
            self.people["ada"][:-8] + "AAAAAAAA",
            "junk",
        )
        for token in forged:
            self.assertEqual(401, self.call("/loyalty/get-points", token=token)[0], token)
        self.assertEqual(403, self.call("/loyalty/get-points?UserName=bob", token=self.people["ada"])[0])
        self.assertEqual(404, self.call("/loyalty/get-points?UserName=nemo", token=self.manager)[0])
        self.assertEqual("bob", self.call("/loyalty/get-points?UserName=bob", token=self.manager)[1]["UserName"])

    def test_4a_javascript_checks_tokens_as_the_page_says(self):
        (code,) = re.findall("```js\n(.*?)```", (ROOT / "docs/your-own-service.md").read_text(), re.DOTALL)
        claims = jwt.decode(self.manager, options={"verify_signature": False})
        forged = jwt.encode(claims, Ed25519PrivateKey.generate(), "EdDSA")
        tokens = [self.manager, forged, self.manager + "x", f"{self.manager}.x", "a.b.c", "junk", ""]
        calls = f"console.log(JSON.stringify({json.dumps(tokens)}.map((token) => claimsOf(token)?.user ?? null)));"
        calls += f"console.log(claimsOf({json.dumps(self.manager)}, {claims['exp'] * 1000}) ?? null);"
        (self.folder / "check.mjs").write_text(code + calls)
        check = Child("check", ["node", self.folder / "check.mjs"], self.folder, {"AGORA_TOKEN_KEY": self.key})
        check.process.wait(timeout=60)
        self.assertEqual([json.dumps(["admin", *[None] * 6], separators=(",", ":")), "null"], check.said().splitlines())

    def test_4b_an_ended_session_is_refused_by_every_instance_and_after_a_restart(self):
        other = self.shop.log_in("ada", "the-password")
        self.shop.ask("/customer/logout-user", {}, self.people["ada"])
        self.refused(self.people["ada"])
        self.assertEqual(200, self.call("/loyalty/get-points", token=other)[0])
        change = {"UserName": "ada", "Password": "new-password", "CurrentPassword": "the-password"}
        self.shop.ask("/customer/update-user", change, other)
        self.refused(other)
        old, self.people["ada"] = (self.people["ada"], other), self.shop.log_in("ada", "new-password")
        for name in ("one", "two"):
            self.instances[name].kill()
            self.start(name)
        until("the service's return", lambda: self.points("ada"))
        for token in old:
            self.refused(token)
        self.see_all()

    def refused(self, token):
        # The gateway sends to the instances in turn.
        answers = lambda: {self.call("/loyalty/get-points", token=token)[0] for _ in range(4)}  # noqa: E731
        until("the end of the session", lambda: answers() == {401}, patience=30)

    def test_5_what_is_redeemed_twice_with_one_key_is_redeemed_once(self):
        self.order("bob", "Teapot", 10)
        self.see_all()
        key = str(uuid.uuid4())
        first = self.redeem("bob", 30, key)
        self.assertEqual(200, first[0])
        for _ in range(4):  # Whichever instance it comes to.
            self.assertEqual(first, self.call("/loyalty/redeem", {"Points": 30}, self.people["bob"], key))
        spaced = b'{ "Points" : 30 }'
        self.assertEqual(first, self.call("/loyalty/redeem", spaced, self.people["bob"], key))
        status, said = self.call("/loyalty/redeem", {"Points": 31}, self.people["bob"], key)
        self.assertEqual((422, "Idempotency-Key"), (status, said["errors"][0]["field"]))
        for _ in range(15):
            self.assertEqual(200, self.redeem("bob", 1, str(uuid.uuid4()))[0])
        self.assertEqual(first, self.call("/loyalty/redeem", {"Points": 30}, self.people["bob"], key))
        self.redeem("bob", 1, str(uuid.uuid4()))
        # Sixteen others later it is forgotten, as in the shop's own services.
        self.assertNotEqual(first, self.redeem("bob", 30, key))
        self.see_all()
        status, said = self.redeem("bob", 1_000_000)
        self.assertEqual((409, "/problems/not-enough-points"), (status, said["type"]))
        self.assertEqual(self.earned["bob"] - self.redeemed["bob"], said["Points"])

    def test_5b_concurrent_requests_never_redeem_more_than_there_is(self):
        self.order("eve", "Assam", 8)
        self.see_all()
        left = self.points("eve")["Points"]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: self.call("/loyalty/redeem", {"Points": left // 5}, self.people["eve"]), range(12)))
        statuses = collections.Counter(status for status, _ in answers)
        self.redeemed["eve"] += left // 5 * statuses[200]
        self.assertEqual({200: 5, 409: 7}, statuses)
        self.see_all()

    def test_6_killed_at_any_time_it_loses_and_repeats_nothing(self):
        for round_number in range(5):
            recorded = len(self.recorded())
            for number in range(6):
                self.order(("ada", "bob")[number % 2], ("Assam", "Teapot")[number % 2], 1 + number)
            until("a reaction", lambda: len(self.recorded()) > recorded)  # noqa: B023
            name = ("one", "two", "one", "one", "two")[round_number]
            self.instances[name].kill()
            if round_number == 2:
                self.instances["two"].kill()
                self.order("eve", "Assam", 9)
                self.settle()
                self.start("two")
            self.start(name)
            self.redeem("ada", 3)
        self.see_all()

    def test_6b_lost_replies_and_repeated_appends_change_nothing(self):
        for name in ("one", "two"):
            self.instances[name].kill()
        self.start("one", ("-c", LOSSY))
        for _ in range(7):
            self.order("ada", "Teapot", 2)
        until("the service's return", lambda: self.points("ada"))
        for number in range(9):
            key = str(number)
            answer = until("an answer", lambda: self.known("ada", 2, key))  # noqa: B023
            self.redeemed["ada"] += answer["Redeemed"]
        self.see_all()
        self.instances["one"].kill()
        for name in ("one", "two"):
            self.start(name)
        self.see_all()

    def known(self, who, points, key):
        """The answer to a request that is sent again until there is one."""
        status, said = self.call("/loyalty/redeem", {"Points": points}, self.people[who], f"lossy-{key}")
        self.assertIn(status, (200, 503), said)
        return said if status == 200 else None

    def test_7_events_that_come_twice_or_late_change_nothing(self):
        echo = Echo(self.broker.url)
        self.addCleanup(echo.end)
        for _ in range(5):
            self.order("bob", "Assam", 2)
        self.see_all()
        self.assertGreater(echo.kinds["said again"], 20)
        head = json.dumps({"position": self.shop.position + 1000})
        echo.connection.add_callback_threadsafe(lambda: echo.channel.basic_publish("agora.events", "system.head", head))
        self.order("bob", "Assam", 1)
        self.see_all()

    def test_7b_a_model_of_another_log_is_rebuilt(self):
        self.instances["one"].kill()
        database = sqlite3.connect(self.folder / "one/loyalty.db")
        database.execute("UPDATE progress SET position = 1000000")
        database.execute("UPDATE account SET earned = 1")
        database.commit()
        database.close()
        self.start("one")
        self.see_all()

    def test_7c_a_second_instance_in_one_folder_is_refused(self):
        env = {"AGORA_BUS": self.broker.url, "AGORA_TOKEN_KEY": self.key}
        second = Child("second", [PYTHON, EXAMPLE / "loyalty.py", self.folder / "one"], self.folder, env)
        self.assertNotEqual(0, second.process.wait(timeout=60))
        self.assertIn("BlockingIOError", second.said())

    def test_8_it_goes_on_when_the_broker_was_killed_and_came_back(self):
        self.order("ada", "Assam", 2)
        self.settle()
        self.broker.kill()
        self.broker.start()
        until("the return of all services", lambda: self.try_order() and self.points("ada"))
        self.see_all()

    def try_order(self):
        """One order, however often it is sent."""
        body = {"ProductId": self.products["Assam"], "Quantity": 3}
        try:
            order = self.shop.ask("/order/place-order", body, self.people["ada"], key="after-the-broker")
        except (AssertionError, OSError):
            return False
        type(self).open = [(order["OrderId"], "ada", "Assam", 3)]
        return True

    def test_9_the_example_is_short(self):
        self.assertLess(len((EXAMPLE / "loyalty.py").read_text().splitlines()), 100)
        for file in (EXAMPLE / "agora").glob("*.py"):
            self.assertLess(len(file.read_text().splitlines()), 200, file)


class TheModel(unittest.TestCase):
    """What the model makes of single events."""

    def setUp(self):
        sys.path.insert(0, str(EXAMPLE))
        self.addCleanup(sys.path.remove, str(EXAMPLE))
        import loyalty

        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.model = loyalty.Loyalty(folder.name)
        self.addCleanup(self.model.lock.close)
        self.position = 0

    def take(self, stream, kind, data, schema=1, **more):
        self.position += 1
        event = {"subject": stream, "dataschema": f"urn:agora:{kind}:{schema}", "position": self.position, "version": self.position}
        self.model.take(event | {"data": data, "time": "2026-01-01T00:00:00Z", "correlationid": str(uuid.uuid4())} | more)
        self.model.keep(self.position)

    def finalized(self, **more):
        self.take("order-1", "order.finalized", {"order": "1", "customer": "c", "quantity": 3, "price": 9999}, **more)

    def test_a_to_do_is_struck_out_by_its_own_reaction_alone(self):
        self.finalized()
        self.take("loyalty-c", "loyalty.points-earned", {"order": "0", "points": 1}, reactor="loyalty", cause=99)
        self.take("loyalty-c", "loyalty.points-redeemed", {"points": 1, "left": 0})
        self.assertEqual((1,), self.model.row("SELECT cause FROM todo"))
        self.take("loyalty-c", "loyalty.points-earned", {"order": "1", "points": 299}, reactor="loyalty", cause=1)
        self.assertEqual(None, self.model.row("SELECT cause FROM todo"))
        self.assertEqual((300, 1, 0), self.model.account("c"))

    def test_rewards_are_one_event_with_a_count(self):
        self.assertEqual({"points-earned", "reward-granted"}, set(self.model.react("c", {"order": "1", "points": 299})))
        self.assertEqual(2, self.model.react("c", {"order": "1", "points": 299})["reward-granted"]["rewards"])
        self.assertEqual({"points-earned"}, set(self.model.react("c", {"order": "1", "points": 99})))

    def test_it_stops_in_front_of_an_event_of_a_newer_schema(self):
        from agora.model import Newer

        self.take("customer-c", "customer.of-the-future", {}, schema=7)  # Not one that matters here.
        self.finalized()
        for kind in ("order.finalized", "customer.password-changed"):
            with self.assertRaisesRegex(Newer, f"stopped before position 3: urn:agora:{kind}:2"):
                self.take("customer-c", kind, {}, schema=2)
            self.position = 2
        self.assertEqual((2,), self.model.row("SELECT position FROM progress"))
        self.assertEqual((1,), self.model.row("SELECT count(*) FROM todo"))

    def test_a_password_of_before_there_were_revisions_voids_tokens_without_one(self):
        self.take("customer-c", "customer.password-changed", {"password": "", "voids_until": "2026-01-01T00:00:00Z"})
        self.assertTrue(self.model.has_ended({"sub": "c", "jti": "t"}))
        self.assertFalse(self.model.has_ended({"sub": "c", "jti": "t", "rev": 1}))
        self.take("customer-c", "customer.password-changed", {"revision": 5})
        self.assertTrue(self.model.has_ended({"sub": "c", "jti": "t", "rev": 4}))
        self.assertFalse(self.model.has_ended({"sub": "c", "jti": "t", "rev": 5}))
        self.assertFalse(self.model.has_ended({"sub": "d", "jti": "t"}))
