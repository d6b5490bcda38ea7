"""The older shop's clients against this shop: `examples/legacy/legacy.py` beside a real one, and beside one that fails on purpose."""

import concurrent.futures
import http.client
import http.server
import importlib.util
import json
import re
import signal
import socket
import sys
import threading
import unittest
import urllib.parse

import legacy_contract as contract
from legacy_contract import DESK, PASSWORD, SHOP, no_orders, person, plain, shown, status
from processes import ROOT, Child, Shop, free_port, new_folder, until

PROGRAM = ROOT / "examples/legacy/legacy.py"
MANAGER = "correct-horse"
LOGIN_FIRST = "Login first"


class Legacy:
    """The program, on ports that it found itself."""

    started = 0

    def __init__(self, test, folder, gateway, password=MANAGER, **env):
        Legacy.started += 1
        command = [sys.executable, PROGRAM, "--gateway", gateway, "--listen", "127.0.0.1:0", "--manager-listen", "127.0.0.1:0"]
        env |= {"AGORA_LEGACY_PASSWORD": password} if password else {}
        self.child = Child(f"legacy-{Legacy.started}", command, folder, env)
        (test.addClassCleanup if isinstance(test, type) else test.addCleanup)(self.child.kill)
        lines = 2 if password else 1
        until("the program's start", lambda: self.child.is_running() and self.child.log.read_text().count("\n") == lines)
        said = re.findall("(Shoppers|Managers): http://(127.0.0.1:[0-9]+)\n", self.child.log.read_text())
        self.ports = {name.lower(): address for name, address in said}

    def ask(self, port, call, body=None, peer="127.0.0.1", **headers):
        """A call as the old clients send it: the parameters of a GET stand in its body too. Its status and answer."""
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        method, path = call.split(" ", 1)
        headers = {"Content-Type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
        connection = http.client.HTTPConnection(self.ports[port], timeout=60, source_address=(peer, 0))
        try:
            connection.request(method, path, data, {name: text for name, text in headers.items() if text is not None})
            answer = connection.getresponse()
            said = answer.read()
            return answer.status, json.loads(said) if said else None
        finally:
            connection.close()

    def raw(self, port, sent):
        """What is answered to bytes."""
        host, number = self.ports[port].split(":")
        with socket.create_connection((host, int(number)), timeout=60) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def log_in(self, name, password=PASSWORD, **more):
        return self.ask(SHOP, "POST /customer/login-user", {"UserName": name, "Password": password}, **more)

    def register(self, name, **more):
        return self.ask(SHOP, "POST /customer/add-user", person(name), **more)


def fill(value, known):
    """A body with the values that were seen."""
    if isinstance(value, dict):
        return {name: fill(part, known) for name, part in value.items()}
    return known.get(value, value) if isinstance(value, str) else value


def matches(expected, said, known):
    """Whether an answer is the expected one; keeps the values that it sees for the first time."""
    if isinstance(expected, str) and expected[:1] == "$":
        return isinstance(said, str) and known.setdefault(expected, said) == said
    if expected == "*int":
        return type(said) is int and said > 0
    if expected in ("*id", "*time"):
        form = "[0-9a-f-]{36}" if expected == "*id" else "20[0-9]{2}-[0-3][0-9]-[01][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9]"
        return re.fullmatch(form, said) is not None
    if expected == "*words":
        return isinstance(said, str) and len(said) > 10 and said != "Success"
    if isinstance(expected, dict):
        same = isinstance(said, dict) and expected.keys() == said.keys()
        return same and all(matches(part, said[name], known) for name, part in expected.items())
    if isinstance(expected, list):
        same = isinstance(said, list) and len(expected) == len(said)
        return same and all(matches(*pair, known) for pair in zip(expected, said, strict=True))
    return type(expected) is type(said) and expected == said


class WithShop(unittest.TestCase):
    """A shop for all tests of a class, and the program beside it."""

    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.folder = new_folder(cls)
        cls.shop = Shop(cls.folder, settings=cls.settings)
        cls.addClassCleanup(lambda: cls.shop.end())
        cls.legacy = Legacy(cls, cls.folder, cls.shop.gateway)
        cls.manager = cls.shop.log_in("admin", MANAGER)

    def says(self, expected, said, code=200):
        """Compares an answer with a status, or an envelope of a 200."""
        self.assertEqual(code, said[0], said)
        self.assertTrue(matches(expected, said[1], {}), f"expected {expected}, was {said[1]}")

    def tearDown(self):
        quiet(self, self.folder)

    def customer(self, name, **more):
        self.says(status("Success"), self.legacy.register(name, **more))
        self.says(status("Success"), self.legacy.log_in(name, **more))

    def who(self, name, legacy=None, **more):
        """The status of a user's own page."""
        return (legacy or self.legacy).ask(SHOP, f"GET /customer/get-user/{name}", **more)[1]["result"]["Status"]


def quiet(test, folder):
    """Nothing that went wrong was a surprise, and no password is shown."""
    for file in folder.glob("legacy-*"):
        for word in ("Traceback", "request failed", "unexpected answer", PASSWORD, MANAGER):
            test.assertNotIn(word, file.read_text(), file)


class TheContract(WithShop):
    def test_1_a_day_of_the_old_clients(self):
        known = {}
        for number, (port, call, body, code, expected) in enumerate(contract.DAY):
            ask = lambda: self.legacy.ask(port, call, fill(body, known))  # noqa: E731, B023
            step = f"step {number}, {call} of {port} with {body}: {expected}"
            if code == "until":
                until(step, lambda: matches(expected, ask()[1], known), 20)  # noqa: B023
            else:
                said = ask()
                self.assertEqual(code, said[0], f"{step}, was {said[1]}")
                self.assertTrue(matches(expected, said[1], known), f"{step}, was {said[1]}")

    def test_2_slashes_and_queries_mean_nothing(self):
        _, expected = self.legacy.ask(SHOP, "GET //product/get-categories/")
        for path in ("/product/get-categories", "///product////get-categories///", "/product/get-categories/?a=b//c"):
            self.assertEqual((200, expected), self.legacy.ask(SHOP, f"GET {path}"))
        self.assertEqual(404, self.legacy.ask(SHOP, "GET /product/get-categories/more")[0])
        self.assertEqual(404, self.legacy.ask(SHOP, "GET /customer/get-user/")[0])
        self.assertEqual(404, self.legacy.ask(SHOP, "GET /customer/get-user/ada/more")[0])
        self.assertEqual(404, self.legacy.ask(SHOP, "GET /")[0])

    def test_2_row_numbers_stay_the_same(self):
        rows = [self.legacy.ask(port, "GET /product/get-all-products")[1] for port in (SHOP, DESK, SHOP)]
        self.assertEqual(rows[0], rows[1])
        self.assertEqual(rows[0], rows[2])

    def test_3_each_port_has_its_own_routes_and_methods(self):
        for owner, routes in contract.ROUTES.items():
            for route in routes:
                method, path = route.split()
                for port in (SHOP, DESK):
                    there = owner in (port, "both")
                    with self.subTest(port=port, route=route):
                        self.assertEqual(200 if there else 404, self.legacy.ask(port, f"{method} /{path}", {})[0])
                        for other in {"GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "BREW"} - {method}:
                            said = self.legacy.ask(port, f"{other} /{path}", {} if other == "POST" else None)
                            self.assertEqual(405 if there else 404 if other != "BREW" else 405, said[0], other)

    def test_4_missing_fields_are_words_in_the_envelope_of_the_call(self):
        expected = {
            "add-user": status("*words"), "login-user": status("*words"), "update-user": status(LOGIN_FIRST),
            "place-order": plain(LOGIN_FIRST), "set-credit": plain("*words"),
        } | {name: plain("*words") for name in contract.CHANGES}  # fmt: skip
        for port in (SHOP, DESK):
            for route in contract.ROUTES[port]:
                method, name = route.split()[0], route.split("/")[1]
                if method == "POST":
                    with self.subTest(port=port, route=route):
                        self.says(expected[name], self.legacy.ask(port, f"{method} /{route.split()[1]}", {}))
        self.says(no_orders(LOGIN_FIRST), self.legacy.ask(SHOP, "POST /order/get-orders", {}))
        self.says(status(LOGIN_FIRST), self.legacy.ask(SHOP, "GET /customer/get-credit"))
        self.says(status("*words"), self.legacy.ask(DESK, "GET /customer/get-credit"))
        for name in contract.LISTS:
            for body in (None, {}, {"CategoryId": "asd", "ProductId": "nope"}, {"CategoryId": "", "ProductId": ""}):
                self.says(status("Not Found"), self.legacy.ask(SHOP, f"GET /product/{name}", body))

    def test_5_hostile_names_reach_nobody(self):
        for name in contract.NOBODY:
            with self.subTest(name=name[:30]):
                self.says(status(LOGIN_FIRST), self.legacy.ask(SHOP, "GET /customer/get-credit", {"UserName": name}))
                self.says(plain(LOGIN_FIRST), self.legacy.ask(SHOP, "POST /order/place-order", {"CustomerId": name}))
                named = {"Type": "Customer", "Id": name}
                self.says(no_orders(LOGIN_FIRST), self.legacy.ask(SHOP, "POST /order/get-orders", named))
                self.says(status("*words"), self.legacy.log_in(name, "no-password-of-anybody"))
                if name:
                    path = f"GET /customer/get-user/{urllib.parse.quote(name, safe='')}"
                    self.says(status(LOGIN_FIRST), self.legacy.ask(SHOP, path))
                    if name != "admin":
                        self.says(status("*words"), self.legacy.ask(DESK, path))

    def test_5_shoppers_list_nobody_elses_orders(self):
        self.customer("curious")
        _, said = self.legacy.ask(DESK, "POST /order/get-orders", {"Type": "All"})
        for body in ({"Type": "All"}, {"Type": "Single", "Id": said["Data"][0]["GUID"]}, {"Type": "All", "Id": "curious"}):
            self.says(no_orders(LOGIN_FIRST), self.legacy.ask(SHOP, "POST /order/get-orders", body))
        one = {"Type": "Single", "Id": said["Data"][0]["GUID"]}
        self.assertEqual([said["Data"][0]], self.legacy.ask(DESK, "POST /order/get-orders", one)[1]["Data"])
        self.says(no_orders("There is no such order."), self.legacy.ask(DESK, "POST /order/get-orders", {"Type": "Single", "Id": "asd"}))
        self.says(no_orders("*words"), self.legacy.ask(DESK, "POST /order/get-orders", {"Type": "Any"}))

    def test_6_malformed_bodies_are_refused(self):
        path = "POST /customer/login-user"
        for body in (
            b"", b"x", b"[]", b"null", b'"a"', b"1", b"{", b'{"a":}', b'{"a":[1]}', b'{"a":{}}', b'{"a":null}', b'{"a":true}',
            b'{"a":NaN}', b'{"a":Infinity}', b'{"a":"\\ud800"}', b'{"\\udfff":1}', b'{"a":"\xff"}', b"[" * 60_000,
            b'{"a":' * 9_000, b"\xef\xbb\xbf{}", '{"a":1}'.encode("utf-16"),
        ):  # fmt: skip
            with self.subTest(body=body[:20]):
                self.assertEqual(400, self.legacy.ask(SHOP, path, body)[0])
        for number in (b"1" * 30_000, b"1e999", b"-1e-999", b"1.5"):
            body = b'{"ProductId":"asd","UnitsInStock":%s,"Price":%s}' % (number, number)
            self.says(plain("*words"), self.legacy.ask(DESK, "POST /product/update-product", body))

    def test_6_a_body_has_64_kib_and_says_so(self):
        def body(size):
            return b'{"UserName":"%s"}' % (b"a" * (size - 15))

        self.says(status("*words"), self.legacy.ask(SHOP, "POST /customer/login-user", body(64 * 1024)))
        for size in (64 * 1024 + 1, 500_000):
            self.assertEqual(413, self.legacy.ask(SHOP, "POST /customer/login-user", body(size))[0])
        start = b"POST /customer/login-user HTTP/1.1\r\nHost: legacy\r\nContent-Type: application/json\r\n"
        for header in (
            b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b"Content-Length: -1\r\n\r\n{}", b"Content-Length: x\r\n\r\n{}",
            b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ", b"Content-Length: 99999999999999999999\r\n\r\n{}",
            b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        ):  # fmt: skip
            self.assertIn(b" 413 ", self.legacy.raw(SHOP, start + header).split(b"\r\n")[0])
        self.assertIn(b" 400 ", self.legacy.raw(SHOP, start + b"Content-Length: 9\r\n\r\n{}").split(b"\r\n")[0])
        self.assertIn(b" 400 ", self.legacy.raw(SHOP, start + b"\r\n{}").split(b"\r\n")[0])

    def test_6_what_is_no_http_gets_json_without_an_echo(self):
        for sent in (b"\x16\x03\x01\r\n\r\n", b"<secret>\r\n\r\n", b"GET /<secret> HTTP/9.9\r\n\r\n", b"GET /" + b"a" * 70_000,
                     b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", b"GET / HTTP/1.1\r\n" + b"A" * 70_000, b"", b"\r\n"):  # fmt: skip
            answer = self.legacy.raw(SHOP, sent)
            self.assertNotIn(b"secret", answer)
            self.assertNotIn(b"<", answer)

    def test_7_no_page_in_a_browser_reaches_a_port(self):
        for port in (SHOP, DESK):
            for kind in (None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json", "application/jsonx"):
                call = contract.ROUTES[port][0]
                method, path = call.split()
                self.assertEqual(415, self.legacy.ask(port, f"{method} /{path}", {}, Content_Type=kind)[0], kind)
            self.assertEqual(200, self.legacy.ask(port, f"{method} /{path}", {}, Content_Type="Application/JSON; charset=utf-8")[0])
            read = "GET /product/get-categories"
            for host in ("evil.example", "evil.example:8090", "localhost.", "127.0.0.1.nip.io", "1.2.3", "", "a b", "[::1", "a:b", "ada@legacy"):
                self.assertEqual(403, self.legacy.ask(port, read, Host=host)[0], host)
                self.assertEqual(403, self.legacy.ask(port, f"{method} /{path}", {}, Host=host)[0], host)
            for host in ("localhost", "legacy:8090", "127.0.0.1", "10.0.0.7:80", "[::1]:8090", "agora_legacy"):
                self.assertEqual(200, self.legacy.ask(port, read, Host=host)[0], host)
            self.assertIn(b" 403 ", self.legacy.raw(port, b"GET /product/get-categories HTTP/1.1\r\n\r\n"))
            two = b"GET /product/get-categories HTTP/1.1\r\nHost: legacy\r\nHost: legacy\r\n\r\n"
            self.assertIn(b" 403 ", self.legacy.raw(port, two))
            self.assertEqual(403, self.legacy.ask(port, read, Origin="http://intranet")[0])
            self.assertEqual(403, self.legacy.ask(port, read, Sec_Fetch_Site="same-origin")[0])
            self.assertEqual(200, self.legacy.ask(port, read, Sec_Fetch_Site="none")[0])

    def test_8_an_order_of_another_client_is_shown_too(self):
        """More than one piece, and at a price of the past: neither can come from an old client."""
        self.customer("eve")
        tea = self.legacy.ask(SHOP, "GET /product/get-all-products")[1]["result"]["Products"][2]
        token = self.shop.log_in("eve", PASSWORD)
        self.shop.ask("/order/place-order", {"ProductId": tea[1], "Quantity": 3, "Price": 1}, token)
        ended = lambda: [one for one in self.legacy.ask(SHOP, "POST /order/get-orders", {"Type": "Customer", "Id": "eve"})[1]["Data"]  # noqa: E731
                         if one["ORDERSTATUS"] and one["CREDITSTATUS"]]  # fmt: skip
        (one,) = until("the order's end", ended, 20)
        self.assertEqual(f"3 × {tea[2]}", one["PRODUCTNAME"])
        self.assertEqual((1, 2, 3, 3.0), (one["ORDERSTATUS"], one["STOCKSTATUS"], one["CREDITSTATUS"], one["PRICE"]))
        self.assertEqual((100.0, tea[7]), (one["CREDIT"], one["STOCK"]))


class TheSessions(WithShop):
    def test_a_session_is_of_one_name_at_one_address(self):
        self.customer("ann")
        self.assertEqual("Success", self.who("ann"))
        self.assertEqual(LOGIN_FIRST, self.who("ann", peer="127.0.0.2"))
        self.customer("ben", peer="127.0.0.2")
        self.assertEqual(LOGIN_FIRST, self.who("ben"))
        self.assertEqual("Success", self.who("ben", peer="127.0.0.2"))
        for forged in ({"Forwarded": "for=127.0.0.2"}, {"X_Forwarded_For": "127.0.0.2"}):
            self.assertEqual(LOGIN_FIRST, self.who("ben", **forged))
        # A wrong password of a neighbour ends nothing.
        self.says(status("*words"), self.legacy.log_in("ann", "wrong-password"))
        self.assertEqual("Success", self.who("ann"))

    def test_a_new_password_here_goes_on_and_ends_other_sessions(self):
        self.customer("cid")
        self.says(status("Success"), self.legacy.log_in("cid", peer="127.0.0.3"))
        change = person("cid", Password="another-password")
        self.says(status("Success"), self.legacy.ask(SHOP, "POST /customer/update-user", change))
        self.assertEqual("Success", self.who("cid"))
        until("the end of the other session", lambda: self.who("cid", peer="127.0.0.3") == LOGIN_FIRST, 20)
        self.says(status("*words"), self.legacy.log_in("cid"))
        # Again, from the new one, and then everything but the password.
        change = person("cid", Password="third-password", FullName="Cid")
        self.says(status("Success"), self.legacy.ask(SHOP, "POST /customer/update-user", change))
        for same in ("third-password", "(unchanged)"):
            self.says(status("Success"), self.legacy.ask(SHOP, "POST /customer/update-user", person("cid", Password=same, FullName=same)))
            self.assertEqual("Success", self.who("cid"))
        self.says(status("Success"), self.legacy.log_in("cid", "third-password"))
        self.says(status("*words"), self.legacy.ask(SHOP, "POST /customer/update-user", person("cid", Password="short")))
        self.assertEqual("Success", self.who("cid"))

    def test_a_session_that_ended_elsewhere_asks_to_log_in(self):
        ends = {
            "dan": lambda token: self.shop.ask("/customer/update-user", {
                "UserName": "dan", "Password": "another-password", "CurrentPassword": PASSWORD}, token),
            "eli": lambda token: self.shop.ask("/customer/update-user", {"UserName": "eli", "Password": "another-password"}, self.manager),
        }  # fmt: skip
        for name, end in ends.items():
            self.customer(name)
            end(self.shop.log_in(name, PASSWORD))
            until("the session's end", lambda: self.who(name) == LOGIN_FIRST, 20)  # noqa: B023
            for call, body, expected in (
                ("POST /order/place-order", {"ProductId": "asd", "CustomerId": name}, plain(LOGIN_FIRST)),
                ("POST /order/get-orders", {"Type": "Customer", "Id": name}, no_orders(LOGIN_FIRST)),
                ("POST /customer/update-user", person(name), status(LOGIN_FIRST)),
                ("GET /customer/get-credit", {"UserName": name}, status(LOGIN_FIRST)),
            ):
                self.says(expected, self.legacy.ask(SHOP, call, body))
            self.says(status("*words"), self.legacy.log_in(name))
            self.says(status("Success"), self.legacy.log_in(name, "another-password"))
            self.assertEqual("Success", self.who(name))

    def test_the_shoppers_port_takes_no_manager(self):
        for call, body, expected in (
            ("POST /customer/login-user", {"UserName": "admin", "Password": MANAGER}, status("Managers cannot log in here.")),
            ("GET /customer/get-user/admin", None, status(LOGIN_FIRST)),
            ("POST /order/get-orders", {"Type": "All"}, no_orders(LOGIN_FIRST)),
        ):
            self.says(expected, self.legacy.ask(SHOP, call, body))

    def test_after_a_restart_nobody_is_logged_in(self):
        first = Legacy(self, self.folder, self.shop.gateway)
        self.customer("fay")
        self.says(status("Success"), first.log_in("fay"))
        self.assertEqual("Success", self.who("fay", first))
        self.assertEqual(0, first.child.stop())
        second = Legacy(self, self.folder, self.shop.gateway)
        self.assertEqual(LOGIN_FIRST, self.who("fay", second))
        self.says(no_orders(LOGIN_FIRST), second.ask(SHOP, "POST /order/get-orders", {"Type": "Customer", "Id": "fay"}))
        self.says(status("Not Found"), second.ask(SHOP, "GET /product/get-all-products"))
        self.says(status("Success"), second.log_in("fay"))
        self.assertEqual("Success", self.who("fay", second))

    def test_both_signals_end_it_quietly(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            program = Legacy(self, self.folder, self.shop.gateway)
            program.ask(DESK, "GET /customer/get-all-users")
            # A client that is half way through a request does not hold it.
            host, port = program.ports[SHOP].split(":")
            with socket.create_connection((host, int(port))) as connection:
                connection.sendall(b"POST /customer/login-user HTTP/1.1\r\n")
                program.child.process.send_signal(number)
                self.assertEqual(0, program.child.process.wait(timeout=20))
            self.assertEqual("", program.child.errors.read_text())
            self.assertEqual(2, program.child.log.read_text().count("\n"))

    def test_without_the_managers_password_there_is_no_port_for_managers(self):
        program = Legacy(self, self.folder, self.shop.gateway, password=None)
        self.assertEqual([SHOP], list(program.ports))
        self.assertIn("AGORA_LEGACY_PASSWORD", program.child.errors.read_text())

    def test_what_it_cannot_start_with_is_told_in_a_line(self):
        host = self.legacy.ports[SHOP]
        for arguments, words in ((["--listen", host], "cannot listen"), (["--gateway", "ftp://x"], "invalid"), (["--listen", "x"], "invalid")):
            child = Child(f"wrong-{words[:3]}{len(arguments[1])}", [sys.executable, PROGRAM, *arguments], self.folder)
            self.addCleanup(child.kill)
            self.assertNotEqual(0, child.process.wait(timeout=20))
            self.assertIn(words, child.said())
            self.assertNotIn("Traceback", child.said())


class TheLimits(WithShop):
    settings = {"AGORA_REGISTRATIONS_PER_ADDRESS": "2", "AGORA_LOGIN_FAILURES_PER_NAME": "3"}

    def test_the_shop_counts_each_client_by_its_own_address(self):
        for name in ("one", "two"):
            self.says(status("Success"), self.legacy.register(name, peer="127.0.0.2"))
        self.says(status("*words"), self.legacy.register("three", peer="127.0.0.2"))
        self.says(status("Success"), self.legacy.register("three", peer="127.0.0.3"))
        # A client cannot choose the address that it is counted by.
        self.says(status("*words"), self.legacy.register("four", peer="127.0.0.2", Forwarded="for=127.0.0.9", X_Forwarded_For="127.0.0.9"))

    def test_a_wrong_managers_password_locks_nobody_out(self):
        program = Legacy(self, self.folder, self.shop.gateway, password="not-the-managers")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            said = list(pool.map(lambda _: program.ask(DESK, "GET /customer/get-all-users"), range(24)))
        self.assertEqual({503}, {code for code, _ in said})
        self.assertEqual(1, program.child.errors.read_text().count("refused the manager"))
        self.assertNotIn("not-the-managers", program.child.said())
        self.shop.log_in("admin", MANAGER)
        self.assertEqual(200, self.legacy.ask(DESK, "GET /customer/get-all-users")[0])

    def test_a_customer_is_no_manager(self):
        self.says(status("Success"), self.legacy.register("mallory", peer="127.0.0.7"))
        program = Legacy(self, self.folder, self.shop.gateway, password=PASSWORD, AGORA_LEGACY_MANAGER="mallory")
        self.assertEqual(503, program.ask(DESK, "GET /customer/get-all-users")[0])
        self.assertEqual(503, program.ask(DESK, "GET /customer/get-user/mallory")[0])

    def test_the_managers_token_is_renewed(self):
        self.assertEqual((200, {"Revenue": 0.0}), self.legacy.ask(DESK, "GET /accounting/get-revenue"))
        change = {"UserName": "admin", "Password": "another-horse", "CurrentPassword": MANAGER}
        self.shop.ask("/customer/update-user", change, self.shop.log_in("admin", MANAGER))
        back = {"UserName": "admin", "Password": MANAGER, "CurrentPassword": "another-horse"}
        self.shop.ask("/customer/update-user", back, self.shop.log_in("admin", "another-horse"))
        type(self).manager = self.shop.log_in("admin", MANAGER)
        self.assertEqual((200, {"Revenue": 0.0}), self.legacy.ask(DESK, "GET /accounting/get-revenue"))


class AnAbsentShop(unittest.TestCase):
    def test_calls_fail_while_the_shop_is_away_and_go_on_when_it_is_back(self):
        folder, port = new_folder(type(self)), free_port()
        program = Legacy(self, folder, f"http://127.0.0.1:{port}")
        self.all_fail(program)
        shop = Shop(folder, settings={"AGORA_LISTEN": f"127.0.0.1:{port}"})
        self.addCleanup(shop.end)
        self.assertEqual((200, status("Success")), program.register("ada"))
        self.assertEqual((200, status("Success")), program.log_in("ada"))
        self.assertEqual(200, program.ask(DESK, "GET /customer/get-all-users")[0])
        shop.end()
        self.all_fail(program)
        again = Shop(folder, settings={"AGORA_LISTEN": f"127.0.0.1:{port}"}, name="again")
        self.addCleanup(again.end)
        info = status("Success", **{"User Info": shown("ada", 100.0)})
        self.assertEqual((200, info), program.ask(SHOP, "GET /customer/get-user/ada"))
        self.assertEqual((200, info), program.ask(DESK, "GET /customer/get-user/ada"))
        quiet(self, folder)

    def all_fail(self, program):
        for port in (SHOP, DESK):
            for route in contract.ROUTES[port] + contract.ROUTES["both"]:
                method, path = route.split()
                body = {"UserName": "x", "CustomerId": "x", "Type": "Customer", "Id": "x"}
                code, said = program.ask(port, f"{method} /{path}", body)
                asks_first = port == SHOP and said["result"] in (LOGIN_FIRST, {"Status": LOGIN_FIRST})
                self.assertTrue(asks_first or code == 503 and isinstance(said["result"], str), (port, route, code, said))


class Pretender(http.server.ThreadingHTTPServer):
    """Answers like a shop, or like one that is broken; keeps what it was asked."""

    def __init__(self, test):
        self.answers, self.asked = {}, []
        pretender = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def respond(self):
                sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                pretender.asked.append((self.path, self.headers, sent))
                path = self.path.split("?")[0]
                answer = pretender.answers.get(path, (404, {"detail": "not here"}))
                code, said, *headers = answer(self) if callable(answer) else answer
                data = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(code)
                for name, value in {"Content-Length": str(len(data)), **(headers[0] if headers else {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = respond

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()
        test.addCleanup(self.server_close)
        test.addCleanup(self.shutdown)
        self.answers["/customer/login-user"] = (200, {"Token": "t1", "Role": "manager"})

    def count(self, path):
        return sum(asked[0].split("?")[0] == path for asked in self.asked)


class ABrokenShop(unittest.TestCase):
    def setUp(self):
        self.folder = new_folder(type(self))
        self.shop = Pretender(self)
        self.legacy = Legacy(self, self.folder, self.shop.url)

    def tearDown(self):
        for file in self.folder.glob("legacy-*"):
            self.assertNotIn("Traceback", file.read_text())

    def test_an_answer_that_is_none_of_the_shops_is_a_503(self):
        for answer in ((500, {"detail": "secret"}), (503, {"detail": "secret"}), (200, b"<html>secret"), (200, b""), (200, []),
                       (302, {"detail": "secret"}, {"Location": "/secret"}), (200, {}), (200, {"Items": None, "Next": None}),
                       (200, {"Items": ["secret"], "Next": None}), (200, b"[" * 100_000), (404, b"secret"),
                       (200, {"Items": [], "Next": None}, {"Agora-Position": "secret"}), (200, b"\xff"), (200, b"{")):  # fmt: skip
            self.shop.answers["/product/get-categories"] = answer
            code, said = self.legacy.ask(SHOP, "GET /product/get-categories")
            self.assertEqual(503, code, answer)
            self.assertNotIn("secret", json.dumps(said))
            self.assertNotIn("secret", self.legacy.child.said())

    def test_only_a_4xx_is_told_in_words(self):
        for code in (400, 401, 403, 409, 413, 422, 429):
            self.shop.answers["/product/add-new-category"] = (code, {"detail": "because"})
            self.assertEqual((200, plain("because")), self.legacy.ask(DESK, "POST /product/add-new-category", {"Name": "a"}))
        self.shop.answers["/product/get-categories"] = (429, {"detail": "later"})
        self.assertEqual((200, status("later")), self.legacy.ask(SHOP, "GET /product/get-categories"))

    def test_a_list_is_read_to_its_end_but_no_further_than_5000_rows(self):
        def page(handler):
            first = int((re.findall("After=([0-9]+)", handler.path) or ["0"])[0])
            items = [{"CategoryId": f"{number}", "Name": "x"} for number in range(first, min(first + 500, self.there))]
            return 200, {"Items": items, "Next": str(first + 500) if first + 500 < self.there else None}

        self.shop.answers["/product/get-categories"] = page
        for self.there, rows, cuts in ((1, 1, 0), (501, 501, 0), (5000, 5000, 0), (7001, 5000, 1)):
            _, said = self.legacy.ask(SHOP, "GET /product/get-categories")
            self.assertEqual(rows, len(said["result"]["Categories"]))
            self.assertEqual(cuts, self.legacy.child.errors.read_text().count("list cut after 5000 rows"))

    def test_the_position_and_the_clients_address_go_along(self):
        empty = {"Items": [], "Next": None}
        for answered, sent in (("7", "0"), ("3", "7"), ("12", "7"), (None, "12")):
            self.shop.answers["/product/get-categories"] = (200, empty, {"Agora-Position": answered} if answered else {})
            self.legacy.ask(SHOP, "GET /product/get-categories", peer="127.0.0.4", Agora_Position="99", Authorization="Bearer x")
            headers = self.shop.asked[-1][1]
            self.assertEqual(sent, headers["Agora-Position"])
            self.assertEqual("for=127.0.0.4", headers["Forwarded"])
            self.assertIsNone(headers["Authorization"])
        # What one client changed, the clients of the other port see.
        self.legacy.ask(DESK, "GET /product/get-categories")
        self.assertEqual("12", self.shop.asked[-1][1]["Agora-Position"])

    def test_a_refused_manager_is_tried_once(self):
        self.shop.answers["/customer/login-user"] = (401, {"detail": "wrong"})
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            codes = set(pool.map(lambda _: self.legacy.ask(DESK, "GET /customer/get-all-users")[0], range(20)))
        self.assertEqual({503}, codes)
        self.assertEqual(1, self.shop.count("/customer/login-user"))

    def test_a_manager_who_was_not_judged_is_tried_again(self):
        self.shop.answers["/customer/get-all-users"] = (200, {"Items": [], "Next": None})
        for answer in ((503, {}), (429, {"detail": "later"}), (200, b"<html>")):
            self.shop.answers["/customer/login-user"] = answer
            self.assertEqual(503, self.legacy.ask(DESK, "GET /customer/get-all-users")[0])
        self.shop.answers["/customer/login-user"] = (200, {"Token": "t1", "Role": "manager"})
        self.assertEqual((200, status("No User Found")), self.legacy.ask(DESK, "GET /customer/get-all-users"))

    def test_a_manager_is_logged_in_once_and_again_after_a_401(self):
        def users(handler):
            if handler.headers["Authorization"] != f"Bearer {self.good}":
                return 401, {"detail": "The session has ended."}
            return 200, {"Items": [], "Next": None}

        self.shop.answers["/customer/get-all-users"] = users
        for self.good, logins in (("t1", 1), ("t2", 2), ("t2", 2)):
            self.shop.answers["/customer/login-user"] = (200, {"Token": self.good, "Role": "manager"})
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(lambda _: self.legacy.ask(DESK, "GET /customer/get-all-users"), range(16)))
            self.assertEqual([(200, status("No User Found"))] * 16, answers)
            self.assertEqual(logins, self.shop.count("/customer/login-user"))

    def test_a_token_that_is_refused_is_forgotten(self):
        """As after a logout elsewhere, or 12 hours."""
        self.shop.answers["/customer/login-user"] = (200, {"Token": "t1", "Role": "customer"})
        self.assertEqual((200, status("Success")), self.legacy.log_in("ada"))
        self.shop.answers["/customer/get-credit"] = (200, {"Credit": 1})
        call = (SHOP, "GET /customer/get-credit", {"UserName": "ada"})
        self.assertEqual((200, status("Success", Credit=1)), self.legacy.ask(*call))
        self.assertEqual("Bearer t1", self.shop.asked[-1][1]["Authorization"])
        # What is refused for another reason ends no session.
        for answer, words in (((403, {"detail": "not yours"}), "not yours"), ((401, {"detail": "The session has ended."}), LOGIN_FIRST)):
            self.shop.answers["/customer/get-credit"] = answer
            self.assertEqual((200, status(words)), self.legacy.ask(*call))
        asked = len(self.shop.asked)
        self.assertEqual((200, status(LOGIN_FIRST)), self.legacy.ask(*call))
        self.assertEqual(asked, len(self.shop.asked))

    def test_an_order_that_a_busy_shop_refuses_is_sent_again_and_only_that(self):
        busy = (503, {"type": "/problems/orders-busy", "detail": "later"}, {"Retry-After": "1"})
        self.shop.answers["/customer/login-user"] = (200, {"Token": "t1", "Role": "customer"})
        self.assertEqual((200, status("Success")), self.legacy.log_in("ada"))
        answers = iter([busy, busy, (202, {"OrderId": "o"})])
        self.shop.answers["/order/place-order"] = lambda _: next(answers)
        call = (SHOP, "POST /order/place-order", {"CustomerId": "ada", "ProductId": "p"})
        self.assertEqual((200, plain("Success")), self.legacy.ask(*call))
        self.assertEqual(3, self.shop.count("/order/place-order"))
        # Whether this one was recorded is not known.
        self.shop.answers["/order/place-order"] = (503, {"type": "/problems/unavailable", "detail": "later"})
        self.assertEqual(503, self.legacy.ask(*call)[0])
        self.assertEqual(4, self.shop.count("/order/place-order"))

    def test_an_order_that_is_not_yet_judged_and_one_out_of_time(self):
        given = {"UserName": "ada", "ProductId": "p", "ProductName": "mint", "Quantity": 1, "Total": 30.0, "PlacedAt": "2026-03-01T12:00:00Z"}
        steps = [{"Event": "order.placed", "Details": {}}, {"Event": "product.stock-reserved", "Details": {"UnitsLeft": 4}},
                 {"Event": "customer.credit-reserved", "Details": {"CreditLeft": 0.1, "Amount": 0.2}}]  # fmt: skip
        cases = [
            ("Pending", "Pending", "Pending", (0, 0, 0, 0, 0)), ("Pending", "Reserved", "Pending", (0, 1, 0, 0, 5)),
            ("Pending", "Pending", "Reserved", (0, 0, 1, 0.3, 0)), ("Approved", "Reserved", "Reserved", (2, 3, 3, 0.3, 5)),
            ("Canceled", "Released", "Pending", (1, 3, 0, 0, 5)), ("Canceled", "Released", "Released", (1, 3, 3, 0.3, 5)),
            ("Finalized", "Committed", "Debited", (3, 3, 3, 0.3, 5)),
        ]  # fmt: skip
        names = ("Status", "StockStatus", "CreditStatus")
        items = [given | {"OrderId": str(n)} | dict(zip(names, case, strict=False)) for n, case in enumerate(cases)]
        self.shop.answers["/order/get-orders"] = (200, {"Items": items[::-1], "Next": "more"})
        self.shop.answers["/order/get-order-history"] = (200, {"Items": steps})
        code, said = self.legacy.ask(DESK, "POST /order/get-orders", {"Type": "All"})
        self.assertEqual((200, "Success"), (code, said["result"]))
        seen = [tuple(one[name] for name in ("ORDERSTATUS", "STOCKSTATUS", "CREDITSTATUS", "CREDIT", "STOCK")) for one in said["Data"]]
        self.assertEqual([case[3] for case in cases], seen)
        self.assertIn("Limit=100", self.shop.asked[1][0])


class TheParts(unittest.TestCase):
    """What takes too long, or too many, beside a process."""

    @classmethod
    def setUpClass(cls):
        spec = importlib.util.spec_from_file_location("legacy", PROGRAM)
        cls.module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(cls.module)

    def serve(self):
        module = self.module
        server = module.Server(
            ("127.0.0.1", 0), module.ShopperCalls, module.Gateway("http://127.0.0.1:9"), module.Numbers(), sessions=module.Sessions()
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def change(self, name, value):
        self.addCleanup(setattr, self.module, name, getattr(self.module, name))
        setattr(self.module, name, value)

    def test_of_10000_sessions_the_oldest_make_room(self):
        sessions = self.module.Sessions()
        for number in range(10_000):
            sessions.keep(("a", str(number)), "t", "p")
        sessions.keep(("a", "0"), "t2", "p")
        sessions.keep(("a", "new"), "t", "p")
        self.assertEqual(10_000, len(sessions.known))
        self.assertEqual(("t2", "p"), sessions.find(("a", "0")))
        with self.assertRaises(self.module.Refusal):
            sessions.find(("a", "1"))
        sessions.drop(("a", "0"), "t")
        self.assertEqual(("t2", "p"), sessions.find(("a", "0")))
        sessions.drop(("a", "0"), "t2")
        with self.assertRaises(self.module.Refusal):
            sessions.find(("a", "0"))

    def test_a_silent_or_slow_client_is_given_up(self):
        self.change("RECEIVE_SECONDS", 0.4)
        server = self.serve()
        start = b"POST /customer/login-user HTTP/1.1\r\nHost: legacy\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n"
        for first, drip in ((b"", b""), (b"GET /", b"a"), (start, b" ")):
            with socket.create_connection(server.server_address, timeout=20) as connection:
                connection.sendall(first)
                connection.settimeout(0.05)

                def closed(connection=connection, drip=drip):
                    try:
                        connection.sendall(drip)
                        return not connection.recv(1)
                    except socket.timeout:
                        return False
                    except OSError:
                        return True

                until("the connection's end", closed, 10)

    def test_too_many_connections_are_not_kept(self):
        self.change("CONNECTIONS", 2)
        server = self.serve()
        held = [socket.create_connection(server.server_address, timeout=20) for _ in range(2)]
        with socket.create_connection(server.server_address, timeout=20) as third:
            self.assertEqual(b"", third.recv(1))
        for connection in held:
            connection.close()

        def answered():
            with socket.create_connection(server.server_address, timeout=20) as connection:
                try:
                    connection.sendall(b"GET / HTTP/1.1\r\nHost: legacy\r\n\r\n")
                    return b" 404 " in connection.recv(100)
                except OSError:
                    return False

        until("an answer", answered, 10)

    def test_addresses(self):
        module = self.module
        self.assertEqual(("::1", 8090), module.listen_address("[::1]:8090"))
        self.assertEqual("127.0.0.1", module.peer_address("::ffff:127.0.0.1"))
        self.assertEqual("fe80::1", module.peer_address("fe80::1%eth0"))
        gateway = module.Gateway("http://127.0.0.1:9")
        self.assertEqual('for="[2001:db8::1]"', module.Shop(gateway, "2001:db8::1").headers["Forwarded"])
        self.assertEqual("for=10.0.0.1", module.Shop(gateway, "10.0.0.1").headers["Forwarded"])

    def test_the_program_knows_nothing_but_the_standard_library(self):
        imported = re.search("^import .*?\n\n", PROGRAM.read_text(), re.MULTILINE | re.DOTALL)[0]
        self.assertEqual(set(), {name.split(".")[0] for name in re.findall(r"[a-z_.]+", imported)} - {"import"} - sys.stdlib_module_names)


if __name__ == "__main__":
    unittest.main()
