"""Points for an Agora shop's customers: a service that reacts to orders, writes events of its own and answers at /loyalty.

A finalized order earns 1 point per whole currency unit, every 100 points earned grant a reward, and customers redeem points.
AGORA_BUS=amqp://user:password@host:port/vhost AGORA_TOKEN_KEY=HEX [HOST=127.0.0.1] [PORT=0] python loyalty.py FOLDER"""
import sys
from agora import Bus, Model, Problem, serve


class Loyalty(Model):
    NAME, CATEGORIES = "loyalty", ["customer", "order", "loyalty"]
    KNOWN = {"customer.registered": 1, "customer.logged-out": 1, "customer.password-changed": 1, "order.finalized": 1,
             "loyalty.points-earned": 1, "loyalty.reward-granted": 1, "loyalty.points-redeemed": 1}  # fmt: skip
    TABLES = """
        CREATE TABLE IF NOT EXISTS customer (id TEXT PRIMARY KEY, name TEXT);
        CREATE TABLE IF NOT EXISTS account (id TEXT PRIMARY KEY, earned INTEGER DEFAULT 0, redeemed INTEGER DEFAULT 0,
                                            rewards INTEGER DEFAULT 0);"""

    def evolve(self, kind, subject, event):
        data = event["data"]
        match kind:
            case "customer.registered":
                self.db.execute("INSERT OR REPLACE INTO customer VALUES (?, ?)", (subject, data["personal"].get("user")))
            case "order.finalized":
                if points := data["quantity"] * data["price"] // 100:  # Of an order below 1.00 there is nothing to record.
                    self.must(event, data["customer"], {"order": data["order"], "points": points})
            case "loyalty.points-earned":
                self.add(subject, "earned", data["points"])
            case "loyalty.reward-granted":
                self.add(subject, "rewards", data["rewards"])
            case "loyalty.points-redeemed":
                self.add(subject, "redeemed", data["points"])

    def add(self, customer, column, number):
        self.db.execute("INSERT OR IGNORE INTO account (id) VALUES (?)", [customer])
        self.db.execute(f"UPDATE account SET {column} = {column} + ? WHERE id = ?", (number, customer))

    def react(self, customer, task):
        earned, _, _ = self.account(customer)
        events = {"points-earned": task}
        if rewards := (earned + task["points"]) // 100 - earned // 100:
            events["reward-granted"] = {"order": task["order"], "rewards": rewards}  # One event, however many rewards.
        return events

    def account(self, customer):
        return self.row("SELECT earned, redeemed, rewards FROM account WHERE id = ?", customer) or (0, 0, 0)


def get_points(call):
    claims, wanted = call.caller(), call.field("UserName", str.isascii, "")
    call.no_others()
    if wanted in ("", claims["user"]):
        name, customer = claims["user"], claims["sub"]
    elif claims["role"] != "manager":
        raise Problem(403, "Only the customer in question or a manager may do this.")
    elif found := call.model.row("SELECT id FROM customer WHERE name = ?", wanted):
        name, customer = wanted, found[0]
    else:
        raise Problem(404, "There is no such customer.")
    earned, redeemed, rewards = call.model.account(customer)
    return {"UserName": name, "Points": earned - redeemed, "Earned": earned, "Redeemed": redeemed, "Rewards": rewards}


def redeem(call):
    claims = call.caller()
    points = call.field("Points", lambda value: type(value) is int and 1 <= value <= 1_000_000)
    call.no_others()

    def decide():
        earned, redeemed, _ = call.model.account(claims["sub"])
        left = earned - redeemed - points
        if left < 0:
            raise Problem(409, f"There are only {left + points} points.", "not-enough-points", Points=left + points)
        return {"points-redeemed": {"points": points, "left": left}}

    done = call.execute(claims["sub"], decide, claims)
    return {"UserName": claims["user"], "Redeemed": done["points"], "Points": done["left"]}


def operation(summary, **more):
    answers = {"200": {"description": "Points"}, "default": {"description": "A problem (RFC 9457)"}}
    return {"summary": summary, "tags": ["loyalty"], "security": [{"token": []}], "responses": answers} | more


NAME = {"name": "UserName", "in": "query", "schema": {"type": "string"}, "description": "The caller, unless a manager names another."}
POINTS = {"type": "object", "required": ["Points"], "properties": {"Points": {"type": "integer", "minimum": 1, "maximum": 1_000_000}}}
DOCUMENT = {"openapi": "3.1.0", "info": {"title": "Loyalty", "version": "1.0.0"}, "paths": {
    "/get-points": {"get": operation("Points and rewards of a customer", operationId="get_points", parameters=[NAME])},
    "/redeem": {"post": operation("Redeems points of the caller; send an Idempotency-Key to be able to repeat it", operationId="redeem",
        requestBody={"required": True, "content": {"application/json": {"schema": POINTS}}})}}}  # fmt: skip

if __name__ == "__main__":
    bus = Bus(Loyalty(sys.argv[1]))
    bus.run(serve(bus, {("GET", "/get-points"): get_points, ("POST", "/redeem"): redeem}, DOCUMENT))
