"""The examples beside a running shop: what they report is what happened, whatever was killed meanwhile."""

import collections
import email
import email.policy
import json
import sqlite3
import threading
import unittest
import uuid

import pika

from asyncapi import DOCUMENT, errors_of_broadcast
from processes import ROOT, Broker, Child, Shop, new_folder, until

PYTHON = ROOT / ".setup/examples/bin/python"
TEAS, BOOKS = "Teas", "Books"


class Listener(threading.Thread):
    """Hears everything, and keeps what the document does not describe."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.connection = pika.BlockingConnection(pika.URLParameters(url))
        self.channel = self.connection.channel()
        self.wrong, self.waiting, self.kinds, self.stopping = [], [], collections.Counter(), False
        queue = self.channel.queue_declare("", exclusive=True).method.queue
        for exchange in ("agora.events", "agora.services"):
            self.channel.exchange_declare(exchange, "topic", durable=True)
            self.channel.queue_bind(queue, exchange, "#")
        self.channel.basic_consume(queue, self.hear, auto_ack=True)
        self.start()

    def hear(self, _channel, method, _properties, body):
        self.kinds[method.routing_key] += 1
        if wrong := errors_of_broadcast(method.routing_key, body):
            self.wrong.append((method.routing_key, wrong, body))

    def run(self):
        while not self.stopping:
            self.connection.process_data_events(time_limit=0.1)
        self.connection.close()

    def end(self):
        self.stopping = True
        self.join()


class Echo(Listener):
    """Says every event once more, after others."""

    def hear(self, channel, method, properties, body):
        if not (properties.headers or {}).get("echo") and not method.routing_key.startswith("system."):
            again = pika.BasicProperties(content_type=properties.content_type, headers={"echo": True})
            self.waiting.append((method.routing_key, body, again))
        while len(self.waiting) > 3:
            key, body, again = self.waiting.pop(0)
            channel.basic_publish("agora.events", key, body, again)
            self.kinds["said again"] += 1


class TheExamples(unittest.TestCase):
    """One shop for all tests; each adds to its history, as a long day does."""

    @classmethod
    def setUpClass(cls):
        cls.folder = new_folder(cls)
        cls.broker = Broker(cls.folder)
        cls.addClassCleanup(cls.broker.end)
        cls.listener = Listener(cls.broker.url)
        cls.addClassCleanup(cls.listener.end)
        cls.shop = Shop(cls.folder, cls.broker.url)
        cls.addClassCleanup(cls.shop.end)
        # Orders on their way, the letters to be written, and units and revenue in cents by category.
        cls.open, cls.ended, cls.sold = [], [], collections.defaultdict(lambda: [0, 0])
        cls.manager = cls.shop.log_in("admin", Shop.PASSWORD)
        cls.products = {name: cls.add_product(name) for name in (TEAS, BOOKS)}
        cls.people = {name: cls.add_customer(name) for name in ("ada", "bob")}
        cls.order("ada", TEAS, 1)
        cls.settle()
        # The history is nothing to write about, but sold it was.
        cls.history, cls.ended = cls.ended, []
        cls.notifier, cls.sales = cls.start_notifier(), cls.start_sales()
        cls.addClassCleanup(lambda: cls.notifier.kill())
        cls.addClassCleanup(lambda: cls.sales.kill())
        until("the notifier's start", lambda: cls.notifier.is_running() and "read up" in cls.notifier.said())
        until("the start of sales", lambda: cls.sales.is_running() and "ready" in cls.sales.said())

    @classmethod
    def start_notifier(cls, *arguments, letters=None, name="notifier"):
        command = [PYTHON, ROOT / "examples/python/notifier.py", letters or cls.folder / "letters", *arguments]
        return Child(name, command, cls.folder, {"AGORA_BUS": cls.broker.url})

    @classmethod
    def start_sales(cls):
        command = ["node", ROOT / "examples/javascript/sales.mjs"]
        return Child("sales", command, cls.folder, {"AGORA_BUS": cls.broker.url})

    @classmethod
    def add_product(cls, category):
        body = {"Name": category}
        category = cls.shop.ask("/product/add-new-category", body, cls.manager)["CategoryId"]
        product = {"Name": body["Name"], "Description": "", "Supplier": "Abbey", "CategoryId": category, "Price": 0.35}
        product["UnitsInStock"] = 500
        return cls.shop.ask("/product/add-new-product", product, cls.manager)["ProductId"]

    @classmethod
    def add_customer(cls, name):
        person = {"UserName": name, "Password": "the-password", "FullName": f"{name} Ås", "Email": f"{name}@example.org"}
        cls.shop.ask("/customer/add-user", person)
        return cls.shop.log_in(name, "the-password")

    @classmethod
    def order(cls, who, product, quantity, key=None):
        """Places an order; canceled if it is of more than there is."""
        body = {"ProductId": cls.products[product], "Quantity": quantity}
        placed = cls.shop.ask("/order/place-order", body, cls.people[who], key=key)["OrderId"]
        cls.open.append((placed, product, quantity))

    @classmethod
    def settle(cls):
        """Waits until all orders have ended, and adds up what was sold."""
        while cls.open:
            order, product, quantity = cls.open.pop()
            outcome = until("the order's end", lambda: cls.outcome(order))
            if outcome == "finalized":
                cls.sold[product][0] += quantity
                cls.sold[product][1] += quantity * 35
            cls.ended.append(f"{order}.{outcome}")

    @classmethod
    def outcome(cls, order):
        (found,) = cls.shop.ask(f"/order/get-orders?Type=Single&Id={order}", token=cls.manager)["Items"]
        return {"Finalized": "finalized", "Canceled": "canceled"}.get(found["Status"])

    def letters(self):
        folders = [self.folder / "letters" / part for part in ("new", "cur")]
        return sorted(file.name.split(":")[0] for folder in folders for file in folder.iterdir())

    def see_all(self):
        """Exactly one letter for each order that ended, and `/sales` as sold."""
        self.settle()
        expected = sorted(self.ended)
        until("all letters", lambda: self.notifier.is_running() and len(self.letters()) >= len(expected))
        self.assertEqual(expected, self.letters())
        sold = {name: (units, minor / 100) for name, (units, minor) in self.sold.items() if units}
        until("the sales at the gateway", lambda: self.sales.is_running() and self.ask_sales() == sold)

    def ask_sales(self):
        try:
            said = self.shop.ask("/sales")
        except (AssertionError, OSError):
            return None  # No instance is ready.
        return {item["Category"]: (item["Units"], item["Revenue"]) for item in said["Items"]}

    def trade(self, rounds):
        for number in range(rounds):
            self.order("ada", TEAS, 1 + number % 3)
            self.order("bob", BOOKS, 2)
        self.order("bob", TEAS, 900)

    def test_1_every_end_is_written_about_and_every_sale_is_counted(self):
        self.trade(3)
        self.see_all()
        position = self.shop.ask("/sales")["Position"]
        self.assertGreaterEqual(position, self.shop.position)
        finalized, canceled = None, None
        for file in (self.folder / "letters/new").iterdir():
            letter = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            if letter["To"].addresses[0].addr_spec == "bob@example.org":
                finalized = letter if file.name.endswith("finalized") else finalized
                canceled = letter if file.name.endswith("canceled") else canceled
        self.assertEqual("bob Ås", finalized["To"].addresses[0].display_name)
        self.assertEqual("Your order is finalized", finalized["Subject"])
        self.assertIn("2 x Books, 0.70 EUR", finalized.get_content())
        self.assertIn("out-of-stock", canceled.get_content())

    def test_2_sales_is_a_service_like_any_other(self):
        self.assertIn("/sales", list(self.shop.ask("/openapi.json")["paths"]))
        self.assertEqual({"Live": True}, self.shop.ask("/sales/health/live"))
        self.assertEqual({"Ready": True}, self.shop.ask("/sales/health/ready"))
        self.shop.ask("/sales/of-yesterday", status=404)
        services = self.shop.ask("/system/get-status", token=self.manager)["Services"]
        self.assertTrue(next(service for service in services if service["Name"] == "sales")["Ready"])

    def test_3_a_customer_is_written_to_at_the_address_of_today(self):
        change = {"UserName": "ada", "Email": "countess@example.org"}
        self.shop.ask("/customer/update-user", change, self.people["ada"])
        known = set(self.letters())
        self.order("ada", BOOKS, 1)
        self.see_all()
        (name,) = set(self.letters()) - known
        letter = email.message_from_bytes((self.folder / "letters/new" / name).read_bytes(), policy=email.policy.default)
        self.assertEqual("countess@example.org", letter["To"].addresses[0].addr_spec)
        self.assertEqual("ada Ås", letter["To"].addresses[0].display_name)

    def test_4_killed_at_any_time_the_notifier_misses_nothing_and_repeats_nothing(self):
        # Some letters have been read meanwhile.
        for file in list((self.folder / "letters/new").iterdir())[:3]:
            file.rename(self.folder / "letters/cur" / f"{file.name}:2,S")
        for _ in range(4):
            known = len(self.letters())
            self.trade(2)
            until("a letter", lambda: len(self.letters()) > known)
            self.notifier.kill()
            self.trade(1)
            type(self).notifier = self.start_notifier()
        self.see_all()

    def test_4b_a_checkpoint_that_was_not_reached_repeats_nothing(self):
        self.notifier.kill()
        known = sqlite3.connect(self.folder / "letters/notifier.db")
        position, since = json.loads(known.execute("SELECT value FROM known WHERE name = 'progress'").fetchone()[0])
        self.assertGreater(position, since)
        known.execute("UPDATE known SET value = ? WHERE name = 'progress'", (json.dumps([since, since]),))
        known.commit()
        known.close()
        until("the notifier's end", lambda: self.notifier.process.poll() is not None)
        type(self).notifier = self.start_notifier()
        self.trade(1)
        self.see_all()

    def test_4c_what_is_said_twice_or_too_late_changes_nothing(self):
        echo = Echo(self.broker.url)
        self.addCleanup(echo.end)
        self.trade(5)
        self.see_all()
        self.assertGreater(echo.kinds["said again"], 20)
        # As if an event had been lost: listeners read on, and find what there is.
        head = json.dumps({"position": self.shop.position + 1000})
        echo.connection.add_callback_threadsafe(
            lambda: echo.channel.basic_publish("agora.events", "system.head", head)
        )
        reads = self.notifier.said().count("read up")
        until("the notifier reads on", lambda: self.notifier.said().count("read up") > reads)
        self.trade(1)
        self.see_all()

    def test_5_a_second_notifier_on_the_same_letters_is_refused(self):
        second = self.start_notifier()
        self.assertNotEqual(0, second.process.wait(timeout=60))
        self.assertIn("database is locked", second.said())

    def test_5b_from_the_start_all_orders_there_ever_were_are_written_about(self):
        self.settle()
        letters = self.folder / "all-letters"
        notifier = self.start_notifier("--from-start", letters=letters, name="from-start")
        self.addCleanup(notifier.kill)
        expected = sorted([*self.ended, *self.history])
        written = lambda: sorted(file.name for file in letters.glob("new/*"))  # noqa: E731
        until("letters about everything", lambda: notifier.is_running() and written() == expected)

    def test_6_killed_sales_counts_again_from_the_log(self):
        self.trade(1)
        self.sales.kill()
        self.trade(1)
        type(self).sales = self.start_sales()
        self.see_all()

    def test_7_all_go_on_when_the_broker_was_killed_and_came_back(self):
        # Before the broker goes: it takes the listener's connection with it.
        self.listener.end()
        self.trade(2)
        self.settle()
        self.broker.kill()
        self.broker.start()
        key = str(uuid.uuid4())
        until("the shop's return", lambda: self.try_order(key))
        self.trade(2)
        self.see_all()

    def try_order(self, key):
        """The same order, however often it is tried: an answer that was lost does not make it another one."""
        try:
            self.order("ada", TEAS, 1, key)
        except (AssertionError, OSError):
            return False
        return True

    def test_8_the_document_describes_all_that_was_said(self):
        self.assertEqual([], self.listener.wrong)
        for key in ("system.head", "system.service.sales", "system.service.order", "order.placed", "order.finalized", "order.denied"):
            self.assertGreater(self.listener.kinds[key], 0, key)
        for channel in DOCUMENT["channels"].values():
            if queue := channel.get("bindings", {}).get("amqp", {}).get("queue"):
                there = self.broker.manage(f"/api/queues/shop/{queue['name']}")
                self.assertEqual(channel["x-arguments"], there["arguments"])
                said = (queue["durable"], queue["exclusive"], queue["autoDelete"])
                self.assertEqual(said, (there["durable"], there["exclusive"], there["auto_delete"]))
        for name in ("events", "batches", "services", "requests"):
            exchange = self.broker.manage(f"/api/exchanges/shop/agora.{name}")
            self.assertEqual(("topic", True, False), tuple(exchange[name] for name in ("type", "durable", "auto_delete")))

    def test_8b_they_stop_in_front_of_a_newer_schema_and_say_so(self):
        self.listener.end()  # The document does not describe what is said here.
        self.see_all()
        bus = pika.BlockingConnection(pika.URLParameters(self.broker.url))
        self.addCleanup(bus.close)

        def forge():
            """The next event, as a shop of a later version would record it."""
            head = self.shop.ask("/events/head", token=self.manager)["Position"]
            event = {"specversion": "1.0", "type": "agora.order.finalized", "dataschema": "urn:agora:order.finalized:2", "position": head + 1}
            bus.channel().basic_publish("agora.events", "order.finalized", json.dumps(event | {"subject": "order-1", "data": {}}))
            return all("urn:agora:order.finalized:2 is newer" in program.said() for program in (self.notifier, self.sales))

        until("both stop", forge)
        for name in ("notifier", "sales"):
            until(f"{name} says so", lambda name=name: "stopped before position" in (self.announced(name).get("Trouble") or ""))
            self.assertFalse(self.announced(name)["Ready"], name)
        # Nothing is lost: programs that read it go on from there.
        for program in (self.notifier, self.sales):
            program.kill()
        type(self).notifier, type(self).sales = self.start_notifier(), self.start_sales()
        self.trade(1)
        self.see_all()

    def announced(self, name):
        services = self.shop.ask("/system/get-status", token=self.manager)["Services"]
        service = next(service for service in services if service["Name"] == name)
        return next(instance for instance in service["Instances"] if instance["Here"])

    def test_9_the_examples_are_short(self):
        for name in ("python/notifier.py", "javascript/sales.mjs"):
            self.assertLess(len((ROOT / "examples" / name).read_text().splitlines()), 130, name)
