"""The fault run: a shop on a real file system that is full, out of files, killed, and damaged. One line per case.

`run faults [--short]`, with the shop's command in AGORA_BIN, best a release build. AGORA_FAULT_SEED repeats a run's chance;
AGORA_FAULT_ROUNDS and AGORA_FAULT_PLACES set how often it kills, and at how many places it damages each model.
"""

import http.client
import os
import pathlib
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

from shop import Failed, Shop, services, until

HERE = pathlib.Path(__file__).parent
PAGE = 4096
BUYERS = ["ida", "jon"]
CREDIT, UNITS = 1_000_000, 1_000_000
IN_FLIGHT = 8
BROKEN_OFF = (OSError, http.client.HTTPException, ValueError)


class Trade:
    """What customers were promised, and the check that all of it holds."""

    def __init__(self, shop):
        manager = shop.manager()
        for name in BUYERS:
            manager.register(name, credit=str(CREDIT))
        self.products = manager.add_products(["Lamp", "Vase"], units=UNITS)
        self.acknowledged, self.lock = set(), threading.Lock()

    def order(self, person, number=0):
        """The status; an acknowledged order is noted."""
        body = {"ProductId": self.products[number % 2], "UserName": BUYERS[number // 2 % 2]}
        status, said = person.send("POST", "/order/place-order", body)
        if status == 202:
            with self.lock:
                self.acknowledged.add(said["OrderId"])
        return status

    def some(self, shop, count=20):
        person = shop.manager()
        for number in range(count):
            until("an order is taken", lambda: self.order(person, number) == 202)

    def check(self, shop):
        """Every acknowledged order is there and has ended, and stock, credit and invoices are exact."""
        manager = shop.manager()
        orders = until("the end of every order", lambda: ended(manager.items("/order/get-orders?Type=All")))
        by_id = {order["OrderId"]: order for order in orders}
        if lost := self.acknowledged - set(by_id):
            raise Failed(f"{len(lost)} acknowledged orders are gone, such as {min(lost)}")
        final = [order for order in orders if order["Status"] == "Finalized"]
        for product in self.products:
            sold = sum(order["Quantity"] for order in final if order["ProductId"] == product)
            left = manager.get(f"/product/get-product-details?ProductId={product}")
            if (left["UnitsInStock"], left.get("UnitsReserved", 0)) != (UNITS - sold, 0):
                raise Failed(f"{sold} of {UNITS} units are sold, and the stock is {left}")
        for name in BUYERS:
            spent = sum(cents(order["Total"]) for order in final if order["UserName"] == name)
            credit = manager.get(f"/customer/get-credit?UserName={name}")
            if cents(credit["Credit"]) != CREDIT * 100 - spent or cents(credit.get("Reserved", 0)):
                raise Failed(f"{name} has spent {spent} cents, and the credit is {credit}")
        numbers = sorted(order["InvoiceNumber"] for order in final)
        if numbers != list(range(1, len(final) + 1)):
            raise Failed(f"the invoices of {len(final)} orders have the numbers {numbers[:3]} to {numbers[-3:]}")
        return len(orders)

    def close(self, shop):
        """Stops the shop, and compares its models and its log with what they should be."""
        count = self.check(shop)
        shop.stop()
        shop.tool("store", "verify")
        shop.tool("rebuild", "--check")
        return count


def cents(amount):
    return round(float(amount) * 100)


def ended(orders):
    def has(order):
        if order["Status"] == "Finalized":
            return order.get("InvoiceNumber") and order["StockStatus"] == "Committed" and order["CreditStatus"] == "Debited"
        settled = ("Released", "Denied")
        return order["Status"] == "Canceled" and order["StockStatus"] in settled and order["CreditStatus"] in settled

    return orders if all(map(has, orders)) else None


def is_refused(trade, person):
    """Whether an order is refused with 503 rather than taken."""
    try:
        return trade.order(person) == 503
    except BROKEN_OFF:
        return False


def heals(shop, trade):
    """Once the cause is gone, orders are taken again by the same process, or by the one that its supervisor starts."""
    if shop.process.poll() is not None:
        shop.start()
        how = "after a restart by its supervisor"
    else:
        how = "by itself"
    until("readiness", shop.is_ready)
    trade.some(shop)
    return f"healed {how}; {trade.close(shop)} orders exact"


def file_size(folder, _chance):
    """RLIMIT_FSIZE is hit, and lifted."""
    shop = Shop(folder).start()
    try:
        trade = Trade(shop)
        trade.some(shop)
        person = shop.manager()
        before = resource.prlimit(shop.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(shop.process.pid, resource.RLIMIT_FSIZE, (PAGE, before[1]))
        until("the refusal of an order", lambda: shop.process.poll() is not None or is_refused(trade, person))
        until("unreadiness", lambda: not shop.is_ready())
        if shop.process.poll() is None:
            resource.prlimit(shop.process.pid, resource.RLIMIT_FSIZE, before)
        return "unready while it lasted, " + heals(shop, trade)
    finally:
        shop.end()


def full_disk(folder, _chance):
    """A small tmpfs is filled, and freed."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=192m", "agora-faults", folder], capture_output=True, text=True)
    if mounted.returncode:
        return f"skipped: {NO_TMPFS}"
    shop = Shop(folder)
    try:
        shop.start()
        trade = Trade(shop)
        trade.some(shop)
        person, filling = shop.manager(), folder / "filling"
        fill(filling)
        until("the refusal of an order", lambda: fill(filling) or is_refused(trade, person))
        until("unreadiness", lambda: fill(filling) or not shop.is_ready())
        filling.unlink()
        return "unready while it lasted, " + heals(shop, trade)
    finally:
        shop.end()
        subprocess.run(["umount", "--lazy", folder], check=False)


def can_mount():
    """Whether a tmpfs can be mounted here."""
    with tempfile.TemporaryDirectory(prefix="agora-faults-") as folder:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "agora-faults", folder], capture_output=True).returncode:
            return False
        subprocess.run(["umount", "--lazy", folder], check=False)
        return True


def fill(path):
    """Takes all the space that is left."""
    with open(path, "ab", buffering=0) as file:
        for size in (1 << 20, PAGE):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def no_files_left(folder, _chance):
    """EMFILE: idle anonymous connections take all the files that the process may open."""
    shop = Shop(folder, limits=["--nofile=160:160"]).start()
    held = []
    try:
        trade = Trade(shop)
        # One log-in for all of them: a fast machine would exceed what one address may try, and be refused until long after.
        url, token = urllib.parse.urlsplit(shop.url), shop.manager().token
        for number in range(300):
            held.append(socket.create_connection((url.hostname, url.port), source_address=(f"127.0.2.{number % 200 + 1}", 0)))
        before, ends = len(trade.acknowledged), time.monotonic() + 5
        while time.monotonic() < ends:
            try:
                person = shop.person()
                person.token, person.timeout = token, 5
                trade.order(person)
                person.close()
            except (Failed, *BROKEN_OFF):
                time.sleep(0.05)
        meanwhile = len(trade.acknowledged) - before
        for sock in held:
            sock.close()
        return f"{meanwhile} orders taken meanwhile, " + heals(shop, trade)
    finally:
        for sock in held:
            sock.close()
        shop.end()


def kills(folder, chance):
    """kill -9 under load, round after round."""
    rounds = int(os.environ.get("AGORA_FAULT_ROUNDS", 100))
    shop = Shop(folder).start()
    try:
        trade = Trade(shop)
        for _ in range(rounds):
            under_load(shop, trade, chance)
            shop.start()
        return f"{rounds} rounds, {len(trade.acknowledged)} orders acknowledged, {trade.close(shop)} exact"
    finally:
        shop.end()


def under_load(shop, trade, chance):
    """Loads the shop, and kills it at a moment given by chance."""
    token = shop.manager().token

    def load(number):
        person = shop.person()
        person.token, person.timeout = token, 20
        while True:
            try:
                trade.order(person, number)
            except BROKEN_OFF:
                return

    threads = [threading.Thread(target=load, args=(number,)) for number in range(IN_FLIGHT)]
    enough = len(trade.acknowledged) + chance.randrange(5, 40)
    for thread in threads:
        thread.start()
    until("orders under load", lambda: len(trade.acknowledged) >= enough)
    time.sleep(chance.random() * 0.03)
    shop.kill()
    for thread in threads:
        thread.join()


def damaged(model, is_running):
    """The damage of a model at many places, each time detected and repaired."""

    def case(folder, chance):
        places = int(os.environ.get("AGORA_FAULT_PLACES", 50))
        for _ in range(places):
            place = damage_once(folder, model, is_running, chance)
            if isinstance(place, str):
                raise Failed(place)
        return f"{places} places, all answers right again"

    case.__name__ = f"damaged_{'running_' if is_running else ''}{model.split('.')[0].replace('-', '_')}"
    case.__doc__ = f"{model} damaged while the shop {'runs' if is_running else 'is stopped'}."
    return case


class Template:
    """A stopped shop with a history, made once, and what it answers."""

    made = None

    @classmethod
    def get(cls, near):
        if cls.made is None:
            cls.made = cls(near.parent / "template")
        return cls.made

    def __init__(self, folder):
        self.folder = folder
        shop = Shop(folder).start()
        try:
            self.trade = Trade(shop)
            self.trade.some(shop, 60)
            manager = shop.manager()
            manager.add_products([f"Thing-{number}" for number in range(80)])
            for number in range(30):
                manager.register(f"guest-{number}")
            gone = shop.manager()
            self.gone = gone.token
            gone.post("/customer/logout-user", {})
            self.trade.check(shop)
            self.right = answers(shop)
            shop.stop()
        finally:
            shop.end()


def answers(shop):
    """What a shop says of everything that it keeps in models."""
    manager = shop.manager()
    return {
        path: manager.items(path)
        for path in ("/order/get-orders?Type=All", "/product/get-all-products", "/customer/get-all-users", "/accounting/get-invoices")
    }


def damage_once(folder, model, is_running, chance):
    template = Template.get(folder)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template.folder / "data", folder / "data")
    shop = Shop(folder)
    path = folder / "data" / model
    pages = path.stat().st_size // PAGE
    page, garbage = chance.randrange(pages), chance.randbytes(PAGE)
    try:
        if is_running:
            shop.start()
        with open(path, "r+b") as file:
            file.seek(page * PAGE)
            file.write(garbage)
        if not is_running:
            shop.start()
        place = f"page {page + 1} of {pages} of {model}"
        until(f"the right answers after damage at {place}", lambda: is_right(shop, template), 60)
        trade = fork(template.trade)
        trade.some(shop, 4)
        if is_running:
            # What was in memory, or not asked for, may be damaged still: the next start finds it.
            shop.stop()
            shop.start()
        trade.close(shop)
    finally:
        shop.end()


def fork(trade):
    """The same promises, for a copy of the shop."""
    copy = object.__new__(Trade)
    copy.products, copy.acknowledged, copy.lock = trade.products, set(trade.acknowledged), threading.Lock()
    return copy


def is_right(shop, template):
    if shop.process.poll() is not None:
        shop.start()
    try:
        visitor = shop.person()
        visitor.token = template.gone
        if visitor.send("GET", "/customer/get-user/admin")[0] // 100 == 2:
            raise Failed("a token that was logged out is taken again")
        return answers(shop) == template.right
    except BROKEN_OFF:
        return False
    except Failed as failed:
        if "logged out" in str(failed):
            raise
        return False


NO_TMPFS = "filling a disk needs a small tmpfs, which only root may mount: run it as root, or name the other cases"
SHORT = [file_size, full_disk, no_files_left]


def cases():
    files = [*(f"{name}.db" for name in [*services(), "sessions"]), *(f"{name}-snapshots.db" for name in services())]
    return [file_size, full_disk, no_files_left, kills] + [damaged(model, False) for model in files] + [damaged(model, True) for model in files]


def main(args):
    # Stopped from outside, it ends its shop and removes its folders all the same.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if "--short" in args:
        args.remove("--short")
        args += [case.__name__ for case in SHORT]
    elif (not args or any(full_disk.__name__.startswith(wanted) for wanted in args)) and not can_mount():
        print(f"The fault run was not begun: {NO_TMPFS}.", file=sys.stderr)
        return 2
    seed = int(os.environ.get("AGORA_FAULT_SEED", int.from_bytes(os.urandom(4))))
    print(f"{os.environ['AGORA_BIN']}; to repeat this chance: AGORA_FAULT_SEED={seed}", flush=True)
    failures, ran, all_began = 0, 0, time.monotonic()
    with tempfile.TemporaryDirectory(prefix="agora-faults-", dir=os.environ.get("AGORA_FAULT_FOLDER")) as parent:
        for case in cases():
            if args and not any(case.__name__.startswith(wanted) for wanted in args):
                continue
            folder, began, ran = pathlib.Path(parent) / case.__name__, time.monotonic(), ran + 1
            try:
                said, verdict = case(folder, random.Random(f"{seed} {case.__name__}")), "ok"
            except (Failed, *BROKEN_OFF) as error:
                said, verdict, failures = error, "BROKEN", failures + 1
            verdict = "skipped" if str(said).startswith("skipped: ") else verdict
            print(f"{verdict:7} {case.__name__}: {said}; {time.monotonic() - began:.0f} s", flush=True)
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{ran - failures} of {ran} cases held, in {time.monotonic() - all_began:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    os.environ.setdefault("AGORA_BIN", str(HERE.parents[1] / "target/release/agora"))
    sys.exit(main(sys.argv[1:]))
