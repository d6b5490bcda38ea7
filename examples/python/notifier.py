"""Writes to a customer when an order is finalized or canceled: each letter a file in a folder that is a maildir.

AGORA_BUS=amqp://user:password@host:port/vhost python notifier.py FOLDER [--from-start]"""
import collections, decimal, email.message, email.utils, json, os, pathlib, sqlite3, sys, time, uuid
import pika

EVENTS, SERVICES, REQUESTS, DIRECT = "agora.events", "agora.services", "agora.requests", "amq.rabbitmq.reply-to"
PEOPLE = ("agora.customer.registered", "agora.customer.profile-changed")
OUTCOMES = {"agora.order.finalized": "finalized", "agora.order.denied": "canceled"}
# It serves no HTTP. While it runs, no newer schemas are recorded than it says it reads: 1 of each type, and 2 of one that it passes over.
ANNOUNCEMENT = {"name": "notifier", "instance": str(uuid.uuid4()), "address": "local", "routes": [], "version": "1.0.0", "reads": {"order.placed": 2}}


class Newer(Exception):
    """An event of a schema that this program does not read. It may mean anything: we stop in front of it."""


class Letters:
    """The folder; beside the letters a table of the customers and of how far the log was followed."""
    def __init__(self, folder: pathlib.Path, from_start: bool):
        for part in ("tmp", "new", "cur"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        self.folder, self.db = folder, sqlite3.connect(folder / "notifier.db")
        self.db.execute("PRAGMA locking_mode = EXCLUSIVE")  # A second notifier on this folder is refused.
        self.db.execute("CREATE TABLE IF NOT EXISTS known (name PRIMARY KEY, value)")
        self.position, self.since = self.known("progress", [0, 0 if from_start else None])  # No letters before `since`.

    def known(self, name: str, otherwise):
        row = self.db.execute("SELECT value FROM known WHERE name = ?", [name]).fetchone()
        return json.loads(row[0]) if row else otherwise

    def know(self, name: str, value):
        self.db.execute("INSERT OR REPLACE INTO known VALUES (?, ?)", (name, json.dumps(value)))

    def take(self, event: dict):
        if event["type"] in (*PEOPLE, *OUTCOMES) and not event["dataschema"].endswith(":1"):
            self.position = event["position"] - 1
            self.checkpoint()
            raise Newer(f"it stopped before position {event['position']}: {event['dataschema']} is newer than this program; update it")
        if event["type"] in PEOPLE:
            self.know(event["subject"], self.known(event["subject"], {}) | event["data"]["personal"])
        elif event["type"] in OUTCOMES and event["position"] > self.since:
            self.write(event["data"], OUTCOMES[event["type"]])

    def write(self, order: dict, outcome: str):
        name = f"{order['order']}.{outcome}"  # The same letter if a crash comes before the checkpoint.
        if (self.folder / "new" / name).exists() or any((self.folder / "cur").glob(f"{name}*")):
            return
        customer, letter = self.known(f"customer-{order['customer']}", {}), email.message.EmailMessage()
        try:
            letter["To"] = email.utils.formataddr((customer.get("full_name"), customer["email"]))
        except (KeyError, ValueError, IndexError):
            return print(f"order {order['order']} is {outcome}, but there is no address to write to", flush=True)
        letter["Subject"], letter["Message-ID"] = f"Your order is {outcome}", f"<{name}@agora.invalid>"
        cost = f"{decimal.Decimal(order['quantity'] * order['price']) / 100:.2f} {order['currency']}"
        why = ", ".join(order.get("reasons", ["thank you"]))
        letter.set_content(f"{order['quantity']} x {order['product_name']}, {cost}: {outcome}, {why}\n")
        with open(self.folder / "tmp" / name, "wb", buffering=0) as file:
            file.write(letter.as_bytes())
            os.fsync(file)  # Before the checkpoint, which is never ahead of a letter.
        os.rename(file.name, self.folder / "new" / name)

    def checkpoint(self):
        self.know("progress", [self.position, self.since])
        self.db.commit()  # Together with the customers learned on the way.


def follow(letters: Letters, connection):
    channel, heard, replies, said = connection.channel(), collections.deque(), {}, 0
    [channel.exchange_declare(name, passive=True) for name in (EVENTS, SERVICES, REQUESTS)]  # The event store makes them.
    queue = channel.queue_declare("", exclusive=True, arguments={"x-max-length": 20_000}).method.queue
    channel.queue_bind(queue, EVENTS, "#")
    channel.basic_qos(prefetch_count=500)
    channel.add_on_cancel_callback(lambda _: connection.close())  # Its queue is gone: reconnect.
    channel.basic_consume(queue, lambda _c, method, _p, body: heard.append((method, json.loads(body))))
    channel.basic_consume(DIRECT, lambda _c, _m, p, body: replies.update({p.correlation_id: json.loads(body)}), True)

    def pump(ready: bool, trouble: str | None = None):
        """Lets the connection work for a second, and says every 2 s how we are."""
        nonlocal said
        if time.monotonic() >= said + 2:
            state = {"ready": ready} | ({"trouble": trouble} if trouble else {})
            channel.basic_publish(SERVICES, "system.service.notifier", json.dumps(ANNOUNCEMENT | state))
            said = time.monotonic()
        connection.process_data_events(time_limit=1)

    def work():
        nonlocal replies
        behind = True  # The history first, later whatever was missed.
        while True:
            while behind:
                number, gives_up, replies = str(uuid.uuid4()), time.monotonic() + 5, {}
                request = json.dumps({"position": letters.position + 1, "categories": ["customer", "order"]})
                channel.basic_publish(REQUESTS, "read", request, pika.BasicProperties(reply_to=DIRECT, correlation_id=number))
                while number not in replies and time.monotonic() < gives_up:
                    pump(not behind)
                if page := replies.get(number):  # Without a reply, ask again.
                    letters.since = page["head"] if letters.since is None else letters.since
                    for event in page["events"]:
                        letters.take(event)
                    letters.position, behind = page["next"] - 1, not page["end"]
                    letters.checkpoint()
                    print(f"read up to position {letters.position}", flush=True)
            pump(not behind)
            while heard and not behind:
                method, message = heard.popleft()
                if "specversion" in message and message["position"] == letters.position + 1:
                    letters.take(message)
                    letters.position += 1
                behind = message.get("position", 0) > letters.position  # A gap, or a head beyond what was received.
                channel.basic_ack(method.delivery_tag)
            letters.checkpoint()

    try:
        work()
    except Newer as newer:
        print(newer, flush=True)
        while True:
            pump(False, str(newer))


written = Letters(pathlib.Path(sys.argv[1]), "--from-start" in sys.argv)
while True:
    try:
        with pika.BlockingConnection(pika.URLParameters(os.environ["AGORA_BUS"])) as bus:
            follow(written, bus)
    except (pika.exceptions.AMQPError, OSError, ValueError) as error:
        print(f"bus connection lost; reconnecting: {error!r}", flush=True)
        time.sleep(1)
