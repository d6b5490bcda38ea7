"""What the events up to a position say, in SQLite: the part that is the same for every service."""
import contextlib, fcntl, json, pathlib, sqlite3, threading

KEYS_MAX = 16  # Idempotency keys remembered per stream, as in the shop's own services.
TABLES = """PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS progress (position INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS ended_token (id TEXT PRIMARY KEY, expires TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS void_before (customer TEXT PRIMARY KEY, revision INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS stream (id TEXT PRIMARY KEY, version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS todo (cause INTEGER PRIMARY KEY, stream TEXT NOT NULL, task TEXT NOT NULL, context TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS request (stream TEXT, key TEXT, digest TEXT, position INTEGER, answer TEXT, PRIMARY KEY (stream, key));
"""


class Newer(Exception):
    """An event of a schema that this program does not read. It may mean anything: nothing is shown or decided without what it did."""


class Model:
    """The bus thread writes; any thread reads with `row`. A service says what its own events and tables are."""
    NAME = ""  # The service, the category of its streams, and the prefix of its routes.
    CATEGORIES = []  # What it reads. `customer` must be among them: those events end sessions.
    KNOWN = {}  # The event types it understands, each with the newest schema number known.
    TABLES = ""

    def evolve(self, kind, subject, event):
        """Applies an event of a known type to the tables; `subject` is the id of its stream."""

    def react(self, stream, task):
        """The events that answer a to-do, at least one, as data by type: no two of one type can answer the same cause."""

    def __init__(self, folder):
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        self.path, self.lock, self.moved = f"{folder}/{self.NAME}.db", open(f"{folder}/lock", "w"), threading.Condition()
        fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # Each instance has a folder of its own.
        self.db = sqlite3.connect(self.path)
        self.db.executescript(TABLES + self.TABLES)
        self.db.execute("INSERT INTO progress (position) SELECT 0 WHERE NOT EXISTS (SELECT * FROM progress)")
        self.keep(self.db.execute("SELECT position FROM progress").fetchone()[0])

    def take(self, event):
        category, _, subject = event["subject"].partition("-")
        kind, number = event["dataschema"].removeprefix("urn:agora:").rsplit(":", 1)
        data, run = event["data"], self.db.execute
        if int(number) > self.KNOWN.get(kind, int(number)):
            self.keep(event["position"] - 1)  # Everything before it.
            raise Newer(f"it stopped before position {event['position']}: {event['dataschema']} is newer than this program; update it")
        if kind == "customer.logged-out":
            run("INSERT OR REPLACE INTO ended_token VALUES (?, ?)", (data["token"], data["expires"]))
            run("DELETE FROM ended_token WHERE datetime(expires) < datetime(?, '-1 day')", [event["time"]])
        elif kind == "customer.password-changed":
            run("INSERT OR REPLACE INTO void_before VALUES (?, ?)", (subject, data.get("revision", 1)))
        elif kind in self.KNOWN:
            self.evolve(kind, subject, event)
        if category == self.NAME:  # One of ours, from this instance or another.
            run("INSERT OR REPLACE INTO stream VALUES (?, ?)", (subject, event["version"]))
            if event.get("reactor") == self.NAME:
                run("DELETE FROM todo WHERE cause = ?", [event["cause"]])
            if "idempotencykey" in event:
                key = event["idempotencykey"], event["idempotencyrequest"], event["position"], json.dumps(data)
                run("INSERT OR REPLACE INTO request VALUES (?, ?, ?, ?, ?)", (subject, *key))
                last = "SELECT position FROM request WHERE stream = ?1 ORDER BY position DESC LIMIT ?2"
                run(f"DELETE FROM request WHERE stream = ?1 AND position NOT IN ({last})", (subject, KEYS_MAX))

    def must(self, event, stream, task):
        """A reaction to `event` is due in `stream`. It is a to-do until an event of ours that names this cause is read from the log."""
        context = {name: event[name] for name in ("correlationid", "traceparent") if name in event}
        todo = event["position"], stream, json.dumps(task), json.dumps(context)
        self.db.execute("INSERT INTO todo VALUES (?, ?, ?, ?)", todo)

    def keep(self, position):
        """Commits what was taken together with the position: after a crash, neither is ahead of the other."""
        self.db.execute("UPDATE progress SET position = ?", [position])
        self.db.commit()
        with self.moved:
            self.position = position
            self.moved.notify_all()

    def forget(self):
        """For a log that ends before our position: it is another one, such as an older backup."""
        tables = self.db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name != 'progress'").fetchall()
        for (table,) in tables:
            self.db.execute(f"DELETE FROM {table}")
        self.keep(0)

    def row(self, query, *values):
        """The first row of a query over what is committed."""
        with contextlib.closing(sqlite3.connect(self.path)) as db:
            return db.execute(query, values).fetchone()

    def has_ended(self, claims):
        """Whether the session of a token ended early: by logging out, or by a later password."""
        void_before = self.row("SELECT revision FROM void_before WHERE customer = ?", claims["sub"]) or (0,)
        return claims.get("rev", 0) < void_before[0] or self.row("SELECT 1 FROM ended_token WHERE id = ?", claims["jti"])
