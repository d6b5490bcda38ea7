"""Every call of the older shop's clients, and what it answers through `examples/legacy/legacy.py`.

A step is (port, call, body, status, answer). In bodies, paths and answers `$name` stands for a value: one that was seen before, or any
that is seen for the first time. `*int` and `*time` stand for any of their kind, `*words` for any text that is not "Success"."""

SHOP, DESK = "shoppers", "managers"
PASSWORD, CREDIT = "the-password", "100"


def status(words, **more):
    return {"result": {"Status": words, **more}}


def plain(words):
    return {"result": words}


def no_orders(words):
    return {"Data": [], "result": words}


def person(name, **changes):
    given = {"UserName": name, "Password": PASSWORD, "FullName": "Ada L.", "Email": "ada@example.org", "Credit": CREDIT}
    return given | changes


def shown(name, credit, **changes):
    given = {"UserName": name, "Password": "(unchanged)", "FullName": "Ada L.", "Email": "ada@example.org", "Credit": credit}
    return given | changes


def product(name, price, units, category="$teas"):
    given = {"Name": name, "Description": f"fine {name}", "Supplier": "Abbey", "CategoryId": category}
    return given | {"Price": price, "UnitsInStock": units}


def row(name, price, units, category="$teas", category_name="Teas"):
    return ["*int", f"${name}", name, f"fine {name}", "Abbey", category, price, units, category_name]


def buy(name, who="ada"):
    return {"ProductId": f"${name}", "ProductName": name, "CustomerId": who, "TimeStamp": "2019-28-11 04:59:28"}


def order(name, price, ended, stock, credit, had, there):
    """A row of the orders: how it ended, stock and credit by number, and what was there when it was judged."""
    return {
        "GUID": "*id", "USERID": "ada", "PRODUCT": f"${name}", "PRODUCTNAME": name, "PRICE": price, "ORDERSTATUS": ended,
        "STOCKSTATUS": stock, "CREDITSTATUS": credit, "TIME": "*time", "CREDIT": had, "STOCK": there,
    }  # fmt: skip


CANCELED, FINALIZED, DENIED, APPROVED = 1, 3, 2, 3
PLACED, ORDERS = ("POST //order/place-order/", "POST //order/get-orders/")
ADAS = {"Type": "Customer", "Id": "ada"}
FIRST = order("mint", 30.0, FINALIZED, APPROVED, APPROVED, 100.0, 2)
LAST = order("mint", 30.0, FINALIZED, APPROVED, APPROVED, 70.0, 1)
NO_STOCK = order("sold", 5.0, CANCELED, DENIED, APPROVED, 40.0, 0)
NO_CREDIT = order("gold", 300.0, CANCELED, APPROVED, DENIED, 40.0, 5)
NEITHER = order("rare", 300.0, CANCELED, DENIED, DENIED, 40.0, 0)

# A day of the manager and of a shopper, in order. Steps whose status is "until" are asked again until they answer as said.
DAY = [
    (SHOP, "GET //product/get-all-products/", None, 200, status("Not Found")),
    (SHOP, "GET //product/get-categories/", None, 200, status("Not Found")),
    (DESK, "GET //customer/get-all-users/", None, 200, status("No User Found")),
    # The manager's shelves; numbers come as text from its forms.
    (DESK, "POST //product/add-new-category/", {"Name": "Teas"}, 200, plain("Success")),
    (DESK, "POST //product/add-new-category/", {"Name": "Bokos"}, 200, plain("Success")),
    (DESK, "POST //product/add-new-category/", {"Name": "teas"}, 200, plain("*words")),
    (DESK, "GET //product/get-categories/", None, 200,
     status("Success", Categories=[["*int", "$books", "Bokos"], ["*int", "$teas", "Teas"]])),
    (DESK, "POST //product/update-category/", {"CategoryId": "$books", "Name": "Books"}, 200, plain("Success")),
    (DESK, "GET //product/get-category-details/", {"CategoryId": "$books"}, 200,
     status("Success", Category=["*int", "$books", "Books"])),
    (DESK, "POST //product/add-new-product/", product("mint", "30", "2"), 200, plain("Success")),
    (DESK, "POST //product/add-new-product/", product("sold", 5, 0), 200, plain("Success")),
    (DESK, "POST //product/add-new-product/", product("gold", "300.0", "5"), 200, plain("Success")),
    (DESK, "POST //product/add-new-product/", product("rare", 300.00, "7"), 200, plain("Success")),
    (DESK, "POST //product/add-new-product/", product("zine", "0.35", 1, "$books"), 200, plain("Success")),
    (SHOP, "GET //product/get-all-products/", None, 200, status("Success", Products=[
        row("mint", 30.0, 2), row("sold", 5.0, 0), row("gold", 300.0, 5), row("rare", 300.0, 7),
        row("zine", 0.35, 1, "$books", "Books")])),
    (DESK, "POST //product/update-product/", product("rare", "300", "0") | {"ProductId": "$rare"}, 200, plain("Success")),
    (DESK, "GET //product/get-product-details/", {"ProductId": "$rare"}, 200,
     status("Success", Product=row("rare", 300.0, 0))),
    (SHOP, "GET //product/get-products/", {"CategoryId": "$books"}, 200,
     status("Success", Products=[row("zine", 0.35, 1, "$books", "Books")])),
    (DESK, "POST //product/delete-category/", {"CategoryId": "$books"}, 200, plain("The category has 1 products.")),
    (DESK, "POST //product/delete-product/", {"ProductId": "$zine"}, 200, plain("Success")),
    (DESK, "GET //product/get-product-details/", {"ProductId": "$zine"}, 200, status("Not Found")),
    (DESK, "GET //product/get-products/", {"CategoryId": "$books"}, 200, status("Not Found")),
    (DESK, "POST //product/delete-category/", {"CategoryId": "$books"}, 200, plain("Success")),
    (DESK, "GET //product/get-category-details/", {"CategoryId": "$books"}, 200, status("Not Found")),
    # A shopper comes.
    (SHOP, "POST //customer/login-user/", {"UserName": "ada", "Password": PASSWORD}, 200, status("*words")),
    (SHOP, "GET //customer/get-user/ada", None, 200, status("Login first")),
    (SHOP, "POST //customer/add-user/", person("ada", Credit="1000000"), 200, status("Success")),
    (SHOP, "POST //customer/add-user/", person("ada", Credit=100), 200, status("*words")),
    (SHOP, "GET //customer/get-user/ada", None, 200, status("Login first")),
    (SHOP, PLACED, buy("mint"), 200, plain("Login first")),
    (SHOP, ORDERS, ADAS, 200, no_orders("Login first")),
    (SHOP, "POST //customer/login-user/", {"UserName": "ada", "Password": "wrong-password"}, 200, status("*words")),
    (SHOP, "POST //customer/login-user/", {"UserName": "ada", "Password": PASSWORD}, 200, status("Success")),
    (SHOP, "GET //customer/get-user/ada", None, 200, status("Success", **{"User Info": shown("ada", 100.0)})),
    (SHOP, "GET //customer/get-credit/", {"UserName": "ada"}, 200, status("Success", Credit=100.0)),
    (SHOP, ORDERS, ADAS, 200, {"Data": [], "result": "Success"}),
    # Orders that end in every way, each judged before the next one is placed.
    (SHOP, PLACED, buy("mint"), 200, plain("Success")),
    (SHOP, ORDERS, ADAS, "until", {"Data": [FIRST], "result": "Success"}),
    (SHOP, PLACED, buy("mint"), 200, plain("Success")),
    (SHOP, ORDERS, ADAS, "until", {"Data": [FIRST, LAST], "result": "Success"}),
    (SHOP, PLACED, buy("sold"), 200, plain("Success")),
    (SHOP, ORDERS, ADAS, "until", {"Data": [FIRST, LAST, NO_STOCK], "result": "Success"}),
    (SHOP, PLACED, buy("gold"), 200, plain("Success")),
    (SHOP, ORDERS, ADAS, "until", {"Data": [FIRST, LAST, NO_STOCK, NO_CREDIT], "result": "Success"}),
    (SHOP, PLACED, buy("rare"), 200, plain("Success")),
    (SHOP, ORDERS, ADAS, "until", {"Data": [FIRST, LAST, NO_STOCK, NO_CREDIT, NEITHER], "result": "Success"}),
    (SHOP, "GET //product/get-product-details/", {"ProductId": "$mint"}, 200, status("Success", Product=row("mint", 30.0, 0))),
    (SHOP, PLACED, buy("zine"), 200, plain("There is no such product.")),
    (SHOP, PLACED, buy("asd") | {"ProductId": "asd"}, 200, plain("*words")),
    # The manager looks and changes a credit.
    (DESK, ORDERS, ADAS, 200, {"Data": [FIRST, LAST, NO_STOCK, NO_CREDIT, NEITHER], "result": "Success"}),
    (DESK, ORDERS, {"Type": "All"}, 200, {"Data": [FIRST, LAST, NO_STOCK, NO_CREDIT, NEITHER], "result": "Success"}),
    (DESK, ORDERS, {"Type": "All", "Id": ""}, 200, {"Data": [FIRST, LAST, NO_STOCK, NO_CREDIT, NEITHER], "result": "Success"}),
    (DESK, "GET //accounting/get-revenue/", None, "until", {"Revenue": 60.0}),
    (DESK, "POST //customer/set-credit/", {"UserName": "ada", "Credit": "55"}, 200, plain("result")),
    (DESK, "POST //customer/set-credit/", {"UserName": "nobody", "Credit": "55"}, 200, plain("There is no such customer.")),
    (DESK, "POST //customer/set-credit/", {"UserName": "ada", "Credit": "lots"}, 200, plain("*words")),
    (DESK, "GET //customer/get-credit/", {"UserName": "ada"}, 200, status("Success", Credit=55.0)),
    (DESK, "GET //customer/get-user/ada", None, 200, status("Success", **{"User Info": shown("ada", 55.0)})),
    (DESK, "GET //customer/get-all-users/", None, 200, status("Success", Users=[shown("ada", 55.0)])),
    # The shopper's own change; the placeholder of a password leaves it as it is.
    (SHOP, "POST //customer/update-user/", person("ada", Password="(unchanged)", FullName="Ada Å."), 200, status("Success")),
    (SHOP, "GET //customer/get-user/ada", None, 200,
     status("Success", **{"User Info": shown("ada", 55.0, FullName="Ada Å.")})),
    (SHOP, "POST //customer/login-user/", {"UserName": "ada", "Password": PASSWORD}, 200, status("Success")),
    (SHOP, "POST //customer/update-user/", person("ada", Email="nowhere"), 200, status("*words")),
    (SHOP, "POST //customer/update-user/", person("bob"), 200, status("Login first")),
    # The manager site's login form, which both shops ignore.
    (DESK, "POST //product/login-user/", {"UserName": "admin", "Password": "pass"}, 404, plain("Not Found")),
]  # fmt: skip

NOBODY = ("", ".", "..", "nobody", "Ada", "admin", "a'; --", "ada\r\nX-Evil: 1", "ada\0", "ada/../admin", "<b>", "a" * 5000, "\N{SNOWMAN}")
CHANGES = [f"{verb}-{what}" for what in ("category", "product") for verb in ("add-new", "update", "delete")]
LISTS = ("get-products", "get-product-details", "get-category-details")
ROUTES = {
    SHOP: ["POST customer/login-user", "POST customer/add-user", "POST customer/update-user", "POST order/place-order"],
    DESK: [*(f"POST product/{name}" for name in CHANGES), "POST customer/set-credit", "GET customer/get-all-users",
           "GET accounting/get-revenue"],
    "both": [*(f"GET product/{name}" for name in (*LISTS, "get-all-products", "get-categories")), "GET customer/get-user/ada",
             "GET customer/get-credit", "POST order/get-orders"],
}  # fmt: skip
