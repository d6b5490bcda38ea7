"""The attack suite: what one client does to a shop must not cost the others more than twice their time.

Each attack runs beside a probe: other customers, from other addresses, who read the catalogue and a page of the storefront, place an
order and log in. Quiet windows and windows under attack alternate, and the medians of all of them are compared. What is below the
floor counts as the floor, so that a machine's noise is no fault. An attack over its budget is measured for twice as many windows more,
all of which count. `run attacks [NAME…]`, with the shop's command in AGORA_BIN.
"""

import http.client
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from shop import Failed, Person, Shop, until

HERE = pathlib.Path(__file__).parent
WINDOW_SECONDS = 1.2
WINDOWS = 3
# At most double.
RATIO_MAX = 2.0
FLOOR_SECONDS = 0.005
PRODUCTS = 300
# What lies before the attacker who orders what is too dear.
DENIED_ORDERS = 300


class Probe:
    """Other clients: each kind of request on a connection and from an address of its own."""

    def __init__(self, shop, product):
        self.product = product
        self.visitor = Person(shop.url, "127.0.3.1", timeout=10)
        self.shopper = Person(shop.urls["storefront"], "127.0.3.2", timeout=10)
        self.buyer = Person(shop.url, "127.0.3.3", timeout=10).log_in("buyer", "buyer's password")
        self.logins = 0
        self.url = shop.url
        self.took = {}
        self.refused = []

    def requests(self):
        order = {"ProductId": self.product}
        return {
            "catalogue": lambda: self.visitor.send("GET", "/product/get-products?Limit=20"),
            "page": lambda: self.shopper.send("GET", "/"),
            "order": lambda: self.buyer.send("POST", "/order/place-order", order),
            "newcomer": lambda: self.fresh().send("GET", "/product/get-categories"),
            "log-in": lambda: self.fresh().send(
                "POST", "/customer/login-user", {"UserName": "other", "Password": "other's password"}
            ),
        }

    def fresh(self):
        """A client without a connection yet."""
        self.logins += 1
        return Person(self.url, f"127.0.4.{self.logins % 50 + 1}", timeout=10)

    def window(self, took):
        """Asks for everything in turn for a while; what is refused is noted."""
        ends = time.monotonic() + WINDOW_SECONDS
        while time.monotonic() < ends:
            for name, ask in self.requests().items():
                began = time.perf_counter()
                try:
                    status, said = ask()
                except (OSError, http.client.HTTPException) as error:
                    status, said = 0, repr(error)
                took.setdefault(name, []).append(time.perf_counter() - began)
                if status not in (200, 202):
                    self.refused.append(f"{name}: {status} {str(said)[:120]}")
                time.sleep(0.01)


class Attacker:
    """A process that attacks until it is stopped."""

    def __init__(self, name, given):
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, str(HERE / "attackers.py"), name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.process.stdin.write(json.dumps(given) + "\n")
        self.process.stdin.flush()
        if self.process.stdout.readline() != "ready\n":
            raise Failed(f"the attacker {name} did not start")

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def end(self):
        """What it was answered."""
        self.go_on()
        self.process.stdin.close()
        said = self.process.stdout.readline()
        self.process.wait()
        if not said:
            raise Failed("the attacker broke off")
        return json.loads(said)


def measure(shop, probe, name, given, ramp):
    """Quiet and attacked windows in turn: the latencies of both, the shop's CPU in both, and what the attacker was answered."""
    quiet, attacked, computed, answers = {}, {}, [0.0, 0.0], []
    probe.refused = []

    def timed(which, took):
        before = shop.cpu_seconds()
        probe.window(took)
        computed[which] += shop.cpu_seconds() - before

    for _ in range(WINDOWS):
        timed(0, quiet)
        attacker = Attacker(name, given)
        time.sleep(ramp)
        timed(1, attacked)
        answers.append(attacker.end())
        until("the shop's rest", shop.is_ready, 30)
        time.sleep(0.3)
    return quiet, attacked, computed, answers


def ratios(quiet, attacked):
    """Kind of request → (median alone, median under attack, ratio)."""
    found = {}
    for kind, took in quiet.items():
        alone, beside = statistics.median(took), statistics.median(attacked[kind])
        found[kind] = (alone, beside, max(beside, FLOOR_SECONDS) / max(alone, FLOOR_SECONDS))
    return found


def judge(shop, probe, name, given, ramp=1.0):
    """One line for the attack; whether it stayed within its budget."""
    quiet, attacked, computed, answers = measure(shop, probe, name, given, ramp)
    refused = probe.refused
    if any(ratio > RATIO_MAX for _, _, ratio in ratios(quiet, attacked).values()) and not refused:
        for _ in range(2):
            more = measure(shop, probe, name, given, ramp)
            for all_of_them, these in ((quiet, more[0]), (attacked, more[1])):
                for kind, took in these.items():
                    all_of_them[kind] += took
            computed = [sum(pair) for pair in zip(computed, more[2])]
            answers += more[3]
            refused = refused + probe.refused
    found = ratios(quiet, attacked)
    is_well = not refused and all(ratio <= RATIO_MAX for _, _, ratio in found.values())
    counted = {}
    for answer in answers:
        for status, times in answer["answers"].items():
            counted[status] = counted.get(status, 0) + times
    told = "  ".join(f"{kind} {a * 1e3:.1f}→{b * 1e3:.1f} ms (×{r:.1f})" for kind, (a, b, r) in found.items())
    print(f"{'ok' if is_well else 'BROKEN':6} {name}: {told}; CPU {computed[0]:.1f}→{computed[1]:.1f} s; attacker {counted}", flush=True)
    for refusal in refused[:5]:
        print(f"       refused to others: {refusal}", flush=True)
    return is_well, counted, max(answer["longest"] for answer in answers)


def open_shop(folder):
    """A shop that trusts one address of the loopback as its proxy, so that the others are clients of their own."""
    settings = {"AGORA_TRUSTED_PROXIES": "127.0.0.1", "AGORA_REGISTRATIONS_PER_ADDRESS": "1000"}
    shop = Shop(folder, **settings).start()
    manager = shop.manager()
    names = [f"{('Oak', 'Pine', 'Brass')[n % 3]} {('lamp', 'vase', 'table', 'chair')[n % 4]} {n}" for n in range(PRODUCTS)]
    products = manager.add_products([name.replace(" ", "-") for name in names])
    dear = manager.add_products(["Palace"], price="900000.00")[0]
    for name in ["buyer", "other", "victim", "mallory"]:
        manager.register(name, credit="500000")
    mallory = shop.person().log_in("mallory", "mallory's password")
    for _ in range(DENIED_ORDERS):
        until("an order's place", lambda: mallory.send("POST", "/order/place-order", {"ProductId": dear})[0] == 202)
    given = shop.urls | {
        "token": mallory.token, "user": "mallory", "password": "mallory's password", "dear": dear, "victim": "victim",
    }  # fmt: skip
    return shop, Probe(shop, products[0]), given


def streams_and_denied_orders(shop, probe, given):
    """H2: 200 streams of one customer with many denied orders."""
    is_well, answers, _ = judge(shop, probe, "streams_and_denied_orders", given)
    return is_well and expect(answers.get("200", 0) <= 40 * WINDOWS * 3, "one user had more streams than the limit")


def streams(shop, probe, given):
    """H3: one token opens streams until no connection is left."""
    return judge(shop, probe, "streams", given)[0]


def idle_connections(shop, probe, given):
    """H1, H3: anonymous connections that say nothing."""
    return judge(shop, probe, "idle_connections", given)[0]


def endless_forms(shop, probe, given):
    """H3, F15: form bodies that never end, at both websites; each is cut after ten seconds."""
    is_well, _, _ = judge(shop, probe, "endless_forms", given)
    return is_well and body_is_cut(shop)


def body_is_cut(shop):
    """Each site gives up a body that does not arrive."""
    import socket
    import urllib.parse

    began, waiting = time.monotonic(), []
    for part in ("storefront", "backoffice"):
        url = urllib.parse.urlsplit(shop.urls[part])
        sock = socket.create_connection((url.hostname, url.port), timeout=30, source_address=("127.0.2.9", 0))
        sock.sendall(
            b"POST /login HTTP/1.1\r\nHost: shop\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\nU"
        )
        waiting.append(sock)
    for sock in waiting:
        try:
            sock.recv(1)
        except OSError:
            return expect(False, "a form's body that never ends keeps its connection")
        sock.close()
    return expect(time.monotonic() - began < 25, "a form's body took too long to be given up")


def slow_readers(shop, probe, given):
    """H3: clients that ask for much and read nearly nothing."""
    return judge(shop, probe, "slow_readers", given, ramp=3.0)[0]


def own_log_ins(shop, probe, given):
    """M2: one customer's own right password on 90 connections."""
    return judge(shop, probe, "own_log_ins", given)[0]


def searches(shop, probe, given):
    """M8: anonymous searches on 100 connections."""
    is_well, answers, _ = judge(shop, probe, "searches", given)
    return is_well and expect(answers.get("200", 0) > 0, "no search was answered")


def wrong_passwords(shop, probe, given):
    """M9: wrong passwords for another user's name, and from all addresses of one IPv6 network."""
    owner = shop.person("127.0.6.1").log_in("victim", "victim's password")
    is_well, answers, _ = judge(shop, probe, "wrong_passwords", given)
    owner.token = None
    owner.log_in("victim", "victim's password")
    return is_well and expect(answers.get("401", 0) <= 10 + 50, f"more guesses were judged than the limits allow: {answers}")


def unfinished_heads_of_many_addresses(shop, probe, given):
    """Unreported: heads that never end, from thirty addresses, more than there are connections."""
    return judge(shop, probe, "unfinished_heads_of_many_addresses", given, ramp=4.0)[0]


def repeated_keys(shop, probe, given):
    """Unreported: the same keyed order again and again, of a customer with a long history."""
    is_well, answers, _ = judge(shop, probe, "repeated_keys", given)
    return is_well and expect(answers.get("202", 0) > 0, f"no repeat was answered: {answers}")


def expect(holds, what):
    if not holds:
        print(f"BROKEN {what}", flush=True)
    return holds


ATTACKS = [
    streams_and_denied_orders, streams, idle_connections, endless_forms, slow_readers, own_log_ins, searches,
    unfinished_heads_of_many_addresses, repeated_keys, wrong_passwords,
]  # fmt: skip


def main(wanted):
    attacks = [attack for attack in ATTACKS if not wanted or attack.__name__ in wanted]
    broken, began = [], time.monotonic()
    with tempfile.TemporaryDirectory(prefix="agora-attacks-") as folder:
        shop, probe, given = open_shop(folder)
        try:
            print(f"the shop is open after {time.monotonic() - began:.0f} s", flush=True)
            for attack in attacks:
                if not attack(shop, probe, given):
                    broken.append(attack.__name__)
            shop.stop()
        finally:
            shop.end()
    took = time.monotonic() - began
    print(f"{len(attacks) - len(broken)} of {len(attacks)} attacks stayed within their budgets, in {took:.0f} s")
    return 1 if broken else 0


if __name__ == "__main__":
    os.environ.setdefault("AGORA_BIN", str(HERE.parents[1] / "target/debug/agora"))
    sys.exit(main(sys.argv[1:]))
