#!/usr/bin/env python3
"""Cuts this folder's part out of the whole journey, and works out its known answers apart from any of our code.

    python3 make.py FOLDER   cuts the part out of FOLDER (products.csv, customers.csv, orders.csv.gz) and writes answers.json
    python3 make.py          works out answers.json again from the files as they stand here

The part: 1,000 orders in time order for the 300 products that were bought most often, cut so that the one row that
stands twice is among them. What is on hand and what a customer has is exactly what those orders need.
"""

import csv
import gzip
import json
import pathlib
import sys
from collections import Counter

HERE = pathlib.Path(__file__).parent
PRODUCTS = 300
FIRST_ORDER = 3_500
ORDERS = 1_000


def rows(path):
    opened = gzip.open(path, "rt", newline="") if path.suffix == ".gz" else open(path, newline="")
    with opened as file:
        return list(csv.DictReader(file))


def write(name, columns, content):
    with open(HERE / name, "w", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(content)


def cut(whole):
    orders = rows(whole / "orders.csv.gz")
    bought = Counter(order["ProductCode"] for order in orders)
    often = {code for code, _ in sorted(bought.items(), key=lambda item: (-item[1], item[0]))[:PRODUCTS]}
    orders = [order for order in orders if order["ProductCode"] in often][FIRST_ORDER : FIRST_ORDER + ORDERS]

    # A product of the 300 that none of these orders buys stays, with nothing on hand: it must come through as well.
    units = Counter()
    for order in orders:
        units[order["ProductCode"]] += int(order["Quantity"])
    products = [product for product in rows(whole / "products.csv") if product["ProductCode"] in often]
    for product in products:
        product["UnitsInStock"] = units[product["ProductCode"]]

    price = {product["ProductCode"]: int(product["PriceMinor"]) for product in products}
    spent = Counter()
    for order in orders:
        spent[order["UserName"]] += int(order["Quantity"]) * price[order["ProductCode"]]
    customers = [customer for customer in rows(whole / "customers.csv") if customer["UserName"] in spent]
    for customer in customers:
        customer["CreditMinor"] = spent[customer["UserName"]]

    write("products.csv", list(products[0]), products)
    write("customers.csv", list(customers[0]), customers)
    write("orders.csv", list(orders[0]), orders)


def answers():
    products = {product["ProductCode"]: product for product in rows(HERE / "products.csv")}
    customers = rows(HERE / "customers.csv")
    orders = rows(HERE / "orders.csv")
    assert len(products) == len(rows(HERE / "products.csv")), "a code stands twice"

    total, by_product, by_customer, units = 0, Counter(), Counter(), Counter()
    for order in orders:
        quantity = int(order["Quantity"])
        amount = quantity * int(products[order["ProductCode"]]["PriceMinor"])
        total += amount
        by_product[order["ProductCode"]] += amount
        by_customer[order["UserName"]] += amount
        units[order["ProductCode"]] += quantity

    # If every order is accepted, nothing is left anywhere.
    for code, product in products.items():
        assert int(product["UnitsInStock"]) == units[code], code
    for customer in customers:
        assert int(customer["CreditMinor"]) == by_customer[customer["UserName"]], customer
    assert {customer["UserName"] for customer in customers} == set(by_customer)

    # With every stock halved, rounded down, what can be sold at most follows for each product; which orders get it does not.
    halved = {code: int(product["UnitsInStock"]) // 2 for code, product in products.items()}
    return {
        "Categories": len({product["Category"] for product in products.values()}),
        "Products": len(products),
        "ProductsWithoutStock": sum(int(product["UnitsInStock"]) == 0 for product in products.values()),
        "Customers": len(customers),
        "Orders": len(orders),
        "Units": sum(units.values()),
        "RevenueMinor": total,
        "Invoices": len(orders),
        "UnitsLeft": 0,
        "CreditLeftMinor": 0,
        "RepeatedRows": len(orders) - len({tuple(order.values()) for order in orders}),
        "HalvedUnitsReceived": sum(halved.values()),
        "RevenueMinorByProduct": dict(sorted(by_product.items())),
        "RevenueMinorByCustomer": dict(sorted(by_customer.items())),
    }


if __name__ == "__main__":
    if len(sys.argv) > 1:
        cut(pathlib.Path(sys.argv[1]))
    (HERE / "answers.json").write_text(json.dumps(answers(), indent=2) + "\n")
