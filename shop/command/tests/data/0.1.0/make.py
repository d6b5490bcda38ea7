#!/usr/bin/env python3
"""Makes the data folder of a shop of version 0.1.0, and what it answered.

    make.py COMMAND    COMMAND: `agora` of version 0.1.0 (commit 6653811, `cargo build -p agora`)

Writes data.tar.gz and answers.json beside itself. There is no need to run it again: what 0.1.0 wrote does not change.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).parent
PASSWORD = "correct-horse-battery"
LISTS = [
    "/product/get-categories",
    "/product/get-all-products",
    "/customer/get-all-users",
    "/order/get-orders?Type=All",
    "/order/get-orders?Type=Customer&Id=ada",
    "/accounting/get-invoices",
    "/events/read-all",
]


class Shop:
    def __init__(self, command, data):
        env = dict(os.environ, AGORA_ADMIN_PASSWORD=PASSWORD)
        args = [command, "up", "--json", "--listen", "127.0.0.1:0", "--data", data]
        self.process = subprocess.Popen(args, stdout=subprocess.PIPE, env=env, text=True)
        self.url = json.loads(self.process.stdout.readline())["gateway"]
        self.token = None

    def send(self, path, body=None):
        request = urllib.request.Request(self.url + path, None if body is None else json.dumps(body).encode())
        request.add_header("content-type", "application/json")
        if self.token:
            request.add_header("authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def items(self, path):
        found = self.send(f"{path}{'&' if '?' in path else '?'}Limit=500")
        assert found["Next"] is None
        return found["Items"]

    def log_in(self, user, password):
        self.token = self.send("/customer/login-user", {"UserName": user, "Password": password})["Token"]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait() == 0


def fill(shop):
    shop.log_in("admin", PASSWORD)
    for name in ["ada", "bob"]:
        account = {"UserName": name, "Password": f"{name}'s password", "FullName": name, "Email": f"{name}@example.invalid"}
        shop.send("/customer/add-user", account)
        shop.send("/customer/set-credit", {"UserName": name, "Credit": "100"})
    products = []
    for name, price, stock in [("Lamp", "9.99", 3), ("Desk", "80.00", 2), ("Crème", "1.25", 100)]:
        category = shop.send("/product/add-new-category", {"Name": f"Of {name}"})["CategoryId"]
        product = {"Code": name.upper()[:4], "Name": name, "Description": f"A {name}", "Supplier": "Works"}
        product |= {"CategoryId": category, "Price": price, "UnitsInStock": stock}
        products.append(shop.send("/product/add-new-product", product)["ProductId"])
    # The fourth lamp is sold out, and the second desk beyond Ada's credit.
    for product, user in [(0, "ada"), (0, "bob"), (0, "ada"), (0, "bob"), (1, "ada"), (1, "ada"), (2, "bob")]:
        order = shop.send("/order/place-order", {"ProductId": products[product], "UserName": user})["OrderId"]
        while not has_ended(shop.send(f"/order/get-orders?Type=Single&Id={order}")["Items"][0]):
            time.sleep(0.05)


def has_ended(order):
    if order["Status"] == "Finalized":
        return order["StockStatus"] == "Committed" and order["CreditStatus"] == "Debited" and order["InvoiceNumber"]
    held = {order["StockStatus"], order["CreditStatus"]}
    return order["Status"] == "Canceled" and held <= {"Released", "Denied"}


def main():
    command = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "data")
        shop = Shop(command, data)
        fill(shop)
        shop.stop()
        # What it answers once it was started again.
        shop = Shop(command, data)
        shop.log_in("admin", PASSWORD)
        answers = {path: shop.items(path) for path in LISTS}
        shop.stop()
        with tarfile.open(HERE / "data.tar.gz", "w:gz") as archive:
            archive.add(data, "data")
    (HERE / "answers.json").write_text(json.dumps(answers, indent=1, ensure_ascii=False) + "\n")


main()
