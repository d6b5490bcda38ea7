"""The bus thread: follows the log, reacts to events exactly once, executes commands, and announces the service."""
import collections, concurrent.futures, contextlib, json, os, queue, time, traceback, uuid
import pika
from .model import Newer
from .web import Problem

EVENTS, SERVICES, REQUESTS, DIRECT = "agora.events", "agora.services", "agora.requests", "amq.rabbitmq.reply-to"
REPLY_SECONDS, COMMAND_SECONDS, ANNOUNCE_SECONDS = 2, 5, 2  # The gateway waits 10 s for an answer.
OURS = uuid.UUID("6f1f7c1e-5a0e-4c29-9d3b-0c5a3a1a6f0e")  # Ids derived from this are no other program's.
UNKNOWN = "The event store is not responding. Whether this was recorded is unknown; with an Idempotency-Key it can be sent again."


class Bus:
    def __init__(self, model):
        self.model, self.commands, self.connection, self.ready, self.trouble = model, queue.Queue(), None, False, None
        self.head, self.announced, self.caught_up = 0, 0, time.monotonic()

    def run(self, address):
        """Runs until the process ends; `address` is where the gateway reaches our HTTP."""
        name = self.model.NAME
        self.announcement = {"name": name, "instance": str(uuid.uuid4()), "address": {"http": address}, "routes": [f"/{name}"], "reads": {"order.placed": 2}}
        while True:
            try:
                with pika.BlockingConnection(pika.URLParameters(os.environ["AGORA_BUS"])) as connection:
                    self.live(connection)
            except (pika.exceptions.AMQPError, OSError, ValueError) as error:
                print(f"bus connection lost; reconnecting: {error!r}", flush=True)
                time.sleep(1)

    def live(self, connection):
        self.connection, self.channel, self.heard, self.waiting = connection, connection.channel(), collections.deque(), None
        for exchange in (EVENTS, SERVICES, REQUESTS):
            self.channel.exchange_declare(exchange, passive=True)  # The event store makes them.
        heard = self.channel.queue_declare("", exclusive=True, arguments={"x-max-length": 20_000}).method.queue
        self.channel.queue_bind(heard, EVENTS, "#")  # First bound, then read: nothing is recorded unnoticed in between.
        self.channel.basic_qos(prefetch_count=500)
        self.channel.add_on_cancel_callback(lambda _: connection.close())
        self.channel.basic_consume(heard, lambda _c, method, _p, body: self.heard.append((method, json.loads(body))))
        self.channel.basic_consume(DIRECT, self.replied, auto_ack=True)
        try:
            self.work()
        except Newer as newer:
            self.ready, self.trouble, self.announced = False, str(newer), 0
            print(newer, flush=True)
            while True:  # Until an updated program takes over. It only says why.
                self.pump(1)
                while not self.commands.empty():
                    self.refuse(*self.commands.get())

    def work(self):
        self.catch_up()
        if not self.ready:
            self.ready, self.announced = True, 0
            print(f"ready at position {self.model.position}", flush=True)
        while True:
            busy = self.react()
            while not self.commands.empty():
                self.obey(*self.commands.get())
            self.pump(0 if busy or self.heard else 1)
            self.follow()

    def pump(self, seconds):
        """Lets the connection work for up to `seconds`, and announces the service when that is due."""
        now, lag = time.monotonic(), max(self.head - self.model.position, 0)
        self.caught_up = self.caught_up if lag else now
        if now >= self.announced + ANNOUNCE_SECONDS:
            self.announced, lags = now, {self.model.NAME: {"events": lag, "seconds": now - self.caught_up}}
            state = {"version": "1.0.0", "ready": self.ready, "lag": lags} | ({"trouble": self.trouble} if self.trouble else {})
            self.publish(SERVICES, f"system.service.{self.model.NAME}", self.announcement | state)
        self.connection.process_data_events(time_limit=seconds)

    def publish(self, exchange, key, message, **properties):
        self.channel.basic_publish(exchange, key, json.dumps(message), pika.BasicProperties(**properties))

    def ask(self, key, message):
        """The event store's reply. None if there is none in time: it may or may not have acted, and the same can be sent again."""
        self.waiting, self.reply, until = str(uuid.uuid4()), None, time.monotonic() + REPLY_SECONDS
        properties = {"reply_to": DIRECT, "correlation_id": self.waiting, "expiration": str(REPLY_SECONDS * 1000)}
        self.publish(REQUESTS, key, message, **properties)
        while self.reply is None and time.monotonic() < until:
            self.pump(0.5)
        return self.reply

    def replied(self, _channel, _method, properties, body):
        if properties.correlation_id == self.waiting:
            self.reply = json.loads(body)

    def catch_up(self):
        """Reads from our position to the end of the log: the history at first, later what was missed or has not arrived yet."""
        end = False
        while not end:
            page = self.ask("read", {"position": self.model.position + 1, "categories": self.model.CATEGORIES})
            if page is None:
                continue
            self.head = page["head"]
            if self.head < self.model.position:
                self.model.forget()
                continue
            for event in page["events"]:
                self.model.take(event)
            self.model.keep(page["next"] - 1)
            end = page["end"]

    def follow(self):
        """Takes the events that arrived: the next one is new, earlier ones are known, a later one shows that some were lost."""
        position, behind = self.model.position, False
        while self.heard and not behind:
            method, message = self.heard.popleft()
            if "specversion" in message and message["position"] == position + 1:
                self.model.take(message)
                position += 1
            self.head = max(self.head, message.get("position", 0))  # Of an event, or of the head that is sent every second.
            behind = self.head > position
            self.channel.basic_ack(method.delivery_tag)
        if position > self.model.position:
            self.model.keep(position)
        if behind:
            self.catch_up()

    def append(self, stream, events, seed, context):
        """Records events (data by type) if the stream is still as the model knows it: optimistic concurrency."""
        name, version = self.model.NAME, self.model.row("SELECT version FROM stream WHERE id = ?", stream)
        new = [
            context | {"id": str(uuid.uuid5(seed, happened)), "type": f"{name}.{happened}", "schema": 1, "data": data}
            for happened, data in events.items()
        ]
        request = {"stream": f"{name}-{stream}", "expected": version[0] if version else "none", "events": new}
        return self.ask(f"append.{name}", request)

    def react(self):
        """Does the oldest to-do exactly once. The append succeeds only if the stream is as the model knows it, so without a reaction
        to this cause; and its ids follow from the cause, so that sent twice it is recorded once. Reading the log then strikes the
        to-do out, no matter whether the reply was lost or another instance was faster."""
        todo = self.model.row("SELECT cause, stream, task, context FROM todo ORDER BY cause LIMIT 1")
        if todo:
            cause, stream, task, context = todo
            seed, marks = uuid.uuid5(OURS, f"{self.model.NAME}/{cause}"), {"reactor": self.model.NAME, "cause": cause}
            context = json.loads(context) | marks | {"actor": f"reactor:{self.model.NAME}"}
            reply = self.append(stream, self.model.react(stream, json.loads(task)), seed, context)
            if reply and reply["result"] == "refused":
                print(f"the event store refused the reaction to position {cause}; retrying: {reply['reason']}", flush=True)
                self.pump(1)
            self.catch_up()
        return todo

    def execute(self, stream, decide, context, key):
        """For other threads: records what `decide()` returns, data by type, or raises its `Problem`; the position and the data of the
        last event. With a `key` (idempotencykey, idempotencyrequest) a repeated request gives what the first one gave."""
        future = concurrent.futures.Future()
        self.commands.put((future, stream, decide, context, key))
        with contextlib.suppress(pika.exceptions.AMQPError, AttributeError):
            self.connection.add_callback_threadsafe(lambda: None)  # Wakes the bus thread.
        try:
            return future.result(COMMAND_SECONDS)
        except concurrent.futures.TimeoutError:
            future.cancel()
            raise Problem(503, UNKNOWN) from None

    def obey(self, future, *command):
        if not future.set_running_or_notify_cancel():
            return  # The request gave up before we came to it.
        try:
            future.set_result(self.decided(*command))
        except Problem as refusal:
            future.set_exception(refusal)
        except (pika.exceptions.AMQPError, OSError):
            future.set_exception(Problem(503, UNKNOWN))
            raise
        except Newer as newer:
            future.set_exception(Problem(503, str(newer), "newer-version"))
            raise
        except Exception:
            traceback.print_exc()
            future.set_exception(Problem(500, "The error was logged."))

    def refuse(self, future, *_command):
        if future.set_running_or_notify_cancel():
            future.set_exception(Problem(503, self.trouble, "newer-version"))

    def decided(self, stream, decide, context, key):
        while True:
            self.catch_up()  # Decide on everything recorded so far, not on what happens to have arrived.
            question = "SELECT position, digest, answer FROM request WHERE stream = ? AND key = ?"
            if seen := key and self.model.row(question, stream, key["idempotencykey"]):
                if seen[1] != key["idempotencyrequest"]:
                    raise Problem(422, "was used for another request", field="Idempotency-Key")
                return seen[0], json.loads(seen[2])
            events = decide()
            reply = self.append(stream, events, uuid.uuid4(), context | (key or {}))
            if reply is None:
                raise Problem(503, UNKNOWN)
            if reply["result"] == "appended":
                return reply["last"], list(events.values())[-1]
            if reply["result"] == "refused":
                raise Problem(500, reply["reason"])
