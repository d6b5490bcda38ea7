"""Lets the websites and the app of the older shop work against this one: an anti-corruption layer over the public API.

AGORA_LEGACY_PASSWORD=... python legacy.py --gateway URL --listen 127.0.0.1:8090 --manager-listen 127.0.0.1:8091

Read the warnings in examples/README.md first: the managers' port is the manager."""
import argparse, collections, contextlib, datetime, functools, http.client, http.server, io, ipaddress, json, os, random, re
import signal, socket, socketserver, sys, threading, time, traceback, urllib.parse

BODY_BYTES, SESSIONS, ROWS, ROWS_PER_PAGE, ORDERS, CONNECTIONS = 64 * 1024, 10_000, 5_000, 500, 100, 200
DISCARDED_READS, RECEIVE_SECONDS, SEND_SECONDS, GATEWAY_SECONDS = 16, 10, 30, 15
UNCHANGED = "(unchanged)"  # Shown instead of a password, and the sign in an update that the password stays.
LOGIN_FIRST, PROFILE = "Login first", ("UserName", "FullName", "Email")
PRODUCT = ("Name", "Description", "Supplier", "CategoryId", "Price", "UnitsInStock")
ORDER_STATUS = {"Pending": 0, "Canceled": 1, "Approved": 2, "Finalized": 3}


class Refusal(Exception):
    """The shop refused (4xx), which the older API reports as a 200 with words."""

    def __init__(self, status: int, words: str):
        super().__init__(words)
        self.status = status


class NotFound(Refusal):
    """What was asked for does not exist (404), or cannot because of what its id is (422)."""


class Unavailable(Exception):
    """The shop cannot be reached or failed (5xx)."""


class Gateway:
    """The shop's address, and the highest position that it answered: sent along, it lets clients read their own writes."""

    def __init__(self, url: str):
        parts = urllib.parse.urlsplit(url)
        kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        if parts.scheme not in kinds or not parts.hostname:
            raise ValueError(f"{url} is not an http address")
        self.connect = functools.partial(kinds[parts.scheme], parts.hostname, parts.port, timeout=GATEWAY_SECONDS)
        self.prefix, self.position, self.lock = parts.path.rstrip("/"), 0, threading.Lock()

    def saw(self, position: str):
        with self.lock:
            self.position = max(self.position, int(position or 0))


class Shop:
    """A connection to the gateway for one client, whose address it forwards: the shop limits clients by address."""

    def __init__(self, gateway: Gateway, peer: str = None):
        self.gateway, self.connection = gateway, gateway.connect()
        self.headers = {"Content-Type": "application/json"}
        if peer:
            self.headers["Forwarded"] = f'for="[{peer}]"' if ":" in peer else f"for={peer}"

    def call(self, path: str, body: dict = None, token: str = None, **query) -> dict:
        url = f"{self.gateway.prefix}/{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        headers = self.headers | {"Agora-Position": str(self.gateway.position)}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        data, gives_up = None if body is None else json.dumps(body), time.monotonic() + GATEWAY_SECONDS
        while True:
            try:
                self.connection.request("GET" if body is None else "POST", url, data, headers)
                answer = self.connection.getresponse()
                said = json.loads(answer.read())
                self.gateway.saw(answer.headers.get("Agora-Position"))
            except (OSError, http.client.HTTPException, ValueError, RecursionError):
                self.connection.close()
                raise Unavailable("The shop is not available") from None
            # A shop that is too busy for an order recorded nothing, and the old clients know no "again in a moment".
            is_busy = isinstance(said, dict) and said.get("type") == "/problems/orders-busy"
            if not is_busy or time.monotonic() > gives_up:
                break
            time.sleep(random.uniform(0.1, 0.5))
        if not isinstance(said, dict) or answer.status // 100 not in (2, 4):
            raise Unavailable("The shop is not available")
        if answer.status // 100 == 4:
            kind = NotFound if answer.status in (404, 422) else Refusal
            raise kind(answer.status, str(said.get("detail") or answer.reason))
        return said


class Sessions:
    """Tokens and passwords by address and user name; in memory only, because of the passwords. New ones replace the oldest."""

    def __init__(self):
        self.known, self.lock = collections.OrderedDict(), threading.Lock()

    def keep(self, key: tuple, token: str, password: str):
        with self.lock:
            self.known[key] = (token, password)
            self.known.move_to_end(key)
            if len(self.known) > SESSIONS:
                self.known.popitem(last=False)

    def find(self, key: tuple) -> tuple:
        with self.lock:
            if key not in self.known:
                raise Refusal(401, LOGIN_FIRST)
            return self.known[key]

    def drop(self, key: tuple, token: str):
        """Forgets a session, unless a newer one has replaced it."""
        with self.lock:
            if self.known.get(key, (None,))[0] == token:
                del self.known[key]


class Manager:
    """The token of the managers' port. A refused password is not retried: a few more failures would lock the manager out."""

    def __init__(self, gateway: Gateway, name: str, password: str):
        self.gateway, self.credentials = gateway, {"UserName": name, "Password": password}
        self.known, self.refused, self.lock = None, False, threading.Lock()

    def token(self, rejected: str = None) -> str:
        with self.lock:
            if self.known == rejected and not self.refused:
                self.known = None  # Until a login succeeds.
                self.known = self.log_in()
            if self.refused:
                raise Unavailable("The shop refused the manager's password")
            return self.known

    def log_in(self):
        shop = Shop(self.gateway)
        try:
            with contextlib.closing(shop.connection):
                answer = shop.call("customer/login-user", self.credentials)
        except Refusal as refusal:
            if refusal.status != 401:  # The password was not checked, as after too many failures of other clients (429).
                raise Unavailable("The manager cannot log in at the moment") from None
            answer = {}
        self.refused = answer.get("Role") != "manager"
        if self.refused:
            log("the shop refused the manager's name or password; restart with the right ones")
        return answer.get("Token")


class Numbers:
    """Row numbers, which came from the older database. Clients only show them, but the app needs an integer."""

    def __init__(self):
        self.known, self.lock = {}, threading.Lock()

    def of(self, row: str) -> int:
        with self.lock:
            return self.known.setdefault(row, len(self.known) + 1)


def rows(ask, path: str, **query) -> list:
    """A whole list, page by page, up to what the old pages can show."""
    found = []
    while len(found) < ROWS:
        page = ask(path, Limit=ROWS_PER_PAGE, **query)
        found += page["Items"]
        if not page["Next"]:
            return found
        query["After"] = page["Next"]
    log(f"{path}: list cut after {ROWS} rows")
    return found


def log(words: str):
    print(f"legacy: {words}", file=sys.stderr, flush=True)


def status(words: str, **more) -> dict:
    return {"result": {"Status": words, **more}}


def plain(words: str) -> dict:
    return {"result": words}


def orders(words: str, rows: list = ()) -> dict:
    return {"Data": list(rows), "result": words}  # The old page reads Data in any case.


def route(method: str, path: str, envelope=status, *more):
    """Makes a method a call of the older API; `envelope` turns the words of a refusal into its answer."""

    def mark(function):
        function.routes = [*getattr(function, "routes", ()), (path, method, function, envelope, *more)]
        return function

    return mark


def pick(body: dict, names: tuple) -> dict:
    """The fields that the shop knows; it reports those that are missing."""
    return {name: body[name] for name in names if name in body}


def user(found: dict) -> dict:
    return {**pick(found, PROFILE), "Password": UNCHANGED, "Credit": found["Credit"]}


def order(found: dict, history: list) -> dict:
    judged = {"Pending": 0, "Denied": 2, "Reserved": 1 if found["Status"] == "Pending" else 3}
    name = found["ProductName"] if found["Quantity"] == 1 else f"{found['Quantity']} × {found['ProductName']}"
    placed = datetime.datetime.fromisoformat(found["PlacedAt"][:19] + "+00:00").astimezone()
    credit = stock = 0  # As they were when the order was judged.
    for step in history:
        said = step["Details"]
        if step["Event"] in ("customer.credit-reserved", "customer.credit-denied"):
            credit = round(said["CreditLeft"] + said.get("Amount", 0), 2)
        if step["Event"] in ("product.stock-reserved", "product.stock-denied"):
            stock = said["UnitsLeft"] + (found["Quantity"] if step["Event"].endswith("reserved") else 0)
    return {
        "GUID": found["OrderId"], "USERID": found["UserName"], "PRODUCT": found["ProductId"], "PRODUCTNAME": name,
        "PRICE": found["Total"], "ORDERSTATUS": ORDER_STATUS[found["Status"]],
        "STOCKSTATUS": judged.get(found["StockStatus"], 3), "CREDITSTATUS": judged.get(found["CreditStatus"], 3),
        "TIME": placed.strftime("%Y-%d-%m %H:%M:%S"), "CREDIT": credit if found["CreditStatus"] != "Pending" else 0,
        "STOCK": stock if found["StockStatus"] != "Pending" else 0,
    }  # fmt: skip


class Calls:
    """Translates one request. Each port has its own `asker(name)`, which calls the shop on behalf of that user."""

    def __init__(self, port, peer: str, path: str, body: dict):
        self.port, self.peer, self.path, self.body, self.shop = port, peer, path, body, Shop(port.gateway, peer)

    @route("GET", "product/get-all-products", status, "Products")
    @route("GET", "product/get-products", status, "Products", "CategoryId")
    @route("GET", "product/get-product-details", status, "Product", "ProductId")
    @route("GET", "product/get-categories", status, "Categories")
    @route("GET", "product/get-category-details", status, "Category", "CategoryId")
    def catalogue(self, field: str, key: str = None):
        """A list or one row; to the old clients an empty one and a missing one are the same."""
        # A missing id is sent as an empty one, because without any the shop would return all products.
        query = {key: self.body.get(key, "")} if key else {}
        row = self.product if field.startswith("Product") else self.category
        with contextlib.suppress(NotFound):
            if self.path.endswith("-details"):
                return status("Success", **{field: row(self.shop.call(self.path, **query))})
            # Newest first, so that a cut list keeps the newest; shown oldest first.
            newest_first = {"Sort": "Newest"} if field == "Products" else {}
            found = rows(self.shop.call, self.path, **query, **newest_first)
            if found:
                return status("Success", **{field: [row(one) for one in (reversed(found) if newest_first else found)]})
        return status("Not Found")

    def product(self, found: dict) -> list:
        name, about, supplier, category, price, units = (found[field] for field in PRODUCT)
        number = self.port.numbers.of(f"product {found['ProductId']}")
        return [number, found["ProductId"], name, about, supplier, category, float(price), units, found["CategoryName"]]

    def category(self, found: dict) -> list:
        return [self.port.numbers.of(f"category {found['CategoryId']}"), found["CategoryId"], found["Name"]]

    @route("GET", "customer/get-user")
    def get_user(self):
        name = self.body["UserName"]
        ask = self.asker(name)
        if name in (".", ".."):  # Quoting does not protect these in a path.
            raise Refusal(404, "There is no such customer.")
        return status("Success", **{"User Info": user(ask(f"customer/get-user/{urllib.parse.quote(name, safe='')}"))})

    @route("GET", "customer/get-credit")
    def get_credit(self):
        name = self.body.get("UserName", "")
        return status("Success", Credit=self.asker(name)("customer/get-credit", UserName=name)["Credit"])

    @route("POST", "order/get-orders", orders)
    def get_orders(self):
        ask = self.asker(self.body.get("Id", "") if self.body.get("Type") == "Customer" else "")
        query = {name: value for name, value in pick(self.body, ("Type", "Id")).items() if value}
        found = ask("order/get-orders", Limit=ORDERS, **query)["Items"]
        steps = lambda one: ask("order/get-order-history", OrderId=one["OrderId"])["Items"]  # noqa: E731
        return orders("Success", [order(one, steps(one)) for one in reversed(found)])


class ShopperCalls(Calls):
    """Holds no manager's token: these do nothing that their clients could not do at the shop themselves."""

    def asker(self, name: str):
        key, sessions = (self.peer, name), self.port.sessions
        token, _ = sessions.find(key)

        def ask(path, body=None, **query):
            try:
                return self.shop.call(path, body, token, **query)
            except Refusal as refusal:
                if refusal.status != 401:
                    raise
                sessions.drop(key, token)
                raise Refusal(401, LOGIN_FIRST) from None

        return ask

    @route("POST", "customer/login-user")
    def login_user(self):
        answer = self.shop.call(self.path, pick(self.body, ("UserName", "Password")))
        self.keep_session(answer)
        return status("Success")

    def keep_session(self, answer: dict):
        if answer["Role"] != "customer":
            self.shop.call("customer/logout-user", {}, answer["Token"])
            raise Refusal(403, "Managers cannot log in here.")
        self.port.sessions.keep((self.peer, self.body["UserName"]), answer["Token"], self.body["Password"])

    @route("POST", "customer/add-user")
    def add_user(self):
        self.shop.call(self.path, pick(self.body, ("Password", *PROFILE)))  # Drops Credit.
        return status("Success")

    @route("POST", "customer/update-user")
    def update_user(self):
        name, change = self.body.get("UserName", ""), pick(self.body, ("Password", *PROFILE))
        ask, (token, current) = self.asker(name), self.port.sessions.find((self.peer, name))
        if change.get("Password", current) in (UNCHANGED, current):
            change.pop("Password", None)
            ask(self.path, change)
            return status("Success")
        ask(self.path, {**change, "CurrentPassword": current})
        # A new password ends all sessions. If the login fails, the client has to log in itself.
        self.port.sessions.drop((self.peer, name), token)
        with contextlib.suppress(Refusal, Unavailable):
            self.keep_session(self.shop.call("customer/login-user", pick(change, ("UserName", "Password"))))
        return status("Success")

    @route("POST", "order/place-order", plain)
    def place_order(self):
        # No Idempotency-Key: the old timestamp counts seconds, and would drop a second purchase in the same one.
        self.asker(self.body.get("CustomerId", ""))(self.path, pick(self.body, ("ProductId",)))
        return plain("Success")


class ManagerCalls(Calls):
    """Acts as the manager for any client that reaches the port."""

    def asker(self, name: str = ""):
        def ask(path, body=None, **query):
            token = self.port.manager.token()
            try:
                return self.shop.call(path, body, token, **query)
            except Refusal as refusal:
                if refusal.status != 401:
                    raise
                return self.shop.call(path, body, self.port.manager.token(rejected=token), **query)

        return ask

    @route("POST", "product/add-new-category", plain, ("Name",))
    @route("POST", "product/update-category", plain, ("CategoryId", "Name"))
    @route("POST", "product/delete-category", plain, ("CategoryId",))
    @route("POST", "product/add-new-product", plain, PRODUCT)
    @route("POST", "product/update-product", plain, ("ProductId", *PRODUCT))
    @route("POST", "product/delete-product", plain, ("ProductId",))
    def change_catalogue(self, names):
        fields = pick(self.body, names)
        if re.fullmatch("-?[0-9]{1,18}", fields.get("UnitsInStock", "")):
            fields["UnitsInStock"] = int(fields["UnitsInStock"])  # The old forms send text.
        self.asker()(self.path, fields)
        return plain("Success")

    @route("POST", "customer/set-credit", plain)
    def set_credit(self):
        self.asker()(self.path, pick(self.body, ("UserName", "Credit")))
        return plain("result")

    @route("GET", "customer/get-all-users")
    def get_all_users(self):
        customers = [user(one) for one in rows(self.asker(), self.path) if one["Role"] == "customer"]
        return status("Success", Users=customers) if customers else status("No User Found")

    @route("GET", "accounting/get-revenue", plain)
    def get_revenue(self):
        return {"Revenue": self.asker()(self.path)["Revenue"]}


class Rejected(Exception):
    """A request outside the older API: the status and the words of its answer."""


class Deadline(io.RawIOBase):
    """Reads a request from a socket up to a deadline that slow sending does not extend."""

    def __init__(self, connection: socket.socket):
        self.connection, self.ends = connection, time.monotonic() + RECEIVE_SECONDS

    def readable(self):
        return True

    def readinto(self, buffer):
        if (left := self.ends - time.monotonic()) <= 0:
            raise socket.timeout()
        self.connection.settimeout(left)
        return self.connection.recv_into(buffer)


class Handler(http.server.BaseHTTPRequestHandler):
    """One request and its answer; then the connection is closed (HTTP/1.0)."""

    server_version, sys_version = "agora-legacy", ""

    def setup(self):
        super().setup()
        self.rfile.close()
        self.rfile = io.BufferedReader(Deadline(self.connection))

    def respond(self):
        parts = [part for part in self.path.split("?")[0].split("/") if part]
        try:
            method, function, envelope, *more = self.check(parts)
            body = self.read_body(method)
        except Rejected as rejected:
            self.send_error(rejected.args[0], explain=rejected.args[1])
            return self.discard()
        if len(parts) == 3:
            body["UserName"] = urllib.parse.unquote(parts[2])
        try:
            calls = self.server.calls(self.server, peer_address(self.client_address[0]), "/".join(parts[:2]), body)
            with contextlib.closing(calls.shop.connection):
                code, said = 200, function(calls, *more)
        except Refusal as refusal:
            code, said = 200, envelope(str(refusal))
        except Unavailable as unavailable:
            code, said = 503, plain(str(unavailable))
        except Exception as error:  # Neither logged nor answered with its text, which may hold what was sent.
            log(f"{'/'.join(parts[:2])}: unexpected answer of the shop ({where(error)})")
            code, said = 503, plain("The shop answered something unexpected")
        self.answer(code, said)

    do_GET = do_POST = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = respond

    def check(self, parts: list) -> tuple:
        """Finds the route, and rejects whatever a page in a browser could send."""
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or not is_plain_host(hosts[0]):
            raise Rejected(403, "The Host must be an address or a name without a dot")
        if self.headers.get("Origin") or self.headers.get("Sec-Fetch-Site", "none") != "none":
            raise Rejected(403, "Web pages cannot call this")
        found = self.server.routes.get("/".join(parts[:2]))
        if not found or len(parts) != (3 if found[1] is Calls.get_user else 2):
            raise Rejected(404, "Not Found")
        if self.command != found[0]:
            raise Rejected(405, "Method Not Allowed")
        if found[0] == "POST" and self.headers.get("Content-Type", "").split(";")[0].strip().lower() != "application/json":
            raise Rejected(415, "The Content-Type must be application/json")
        return found

    def read_body(self, method: str) -> dict:
        lengths = self.headers.get_all("Content-Length", ["0"])
        if "Transfer-Encoding" in self.headers or len(lengths) != 1 or not re.fullmatch("[0-9]{1,9}", lengths[0]):
            raise Rejected(413, "The Content-Length is missing or wrong")
        if int(lengths[0]) > BODY_BYTES:
            raise Rejected(413, f"A body has at most {BODY_BYTES} bytes")
        sent = self.rfile.read(int(lengths[0]))
        if method == "GET" and not sent:
            return {}
        try:
            # Numbers stay text: the shop accepts amounts as text, and nothing is rounded on the way.
            body = json.loads(sent.decode(), parse_int=str, parse_float=str, parse_constant=lambda _: None)
            texts = [text.encode() for part in body.items() for text in part]  # Fails on lists, null and lone surrogates.
        except (ValueError, AttributeError, RecursionError):
            texts = None
        if texts is None or len(sent) < int(lengths[0]):
            raise Rejected(400, "The body must be a JSON object of texts and numbers")
        return body

    def answer(self, code: int, said: dict):
        data = json.dumps(said).encode()
        self.connection.settimeout(SEND_SECONDS)
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else data)

    def send_error(self, code, message=None, explain=None):
        """Hides the messages of the base class, which repeat what was sent."""
        self.close_connection = True
        code = 405 if code == 501 else code
        self.answer(code, plain(http.HTTPStatus(code).phrase if explain is None else explain))

    def discard(self):
        """Reads a rejected body: closing with unread data would reset the connection before the answer arrives."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            for _ in range(DISCARDED_READS):
                if not self.rfile.read1(BODY_BYTES):
                    break

    def log_message(self, *_):
        """Logs no requests, because they contain names."""


class Server(http.server.ThreadingHTTPServer):
    """One of the two ports."""

    request_queue_size = 128

    def __init__(self, address: tuple, calls, gateway: Gateway, numbers: Numbers, **own):
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.calls, self.gateway, self.numbers, self.slots = calls, gateway, numbers, threading.Semaphore(CONNECTIONS)
        self.routes = {path: rest for name in dir(calls) for path, *rest in getattr(getattr(calls, name), "routes", ())}
        vars(self).update(own)
        super().__init__(address, Handler)

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)  # Skips the DNS lookup of HTTPServer.

    def process_request(self, request, client_address):
        if not self.slots.acquire(blocking=False):
            return self.shutdown_request(request)
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # No thread could be started.
            self.slots.release()
            self.shutdown_request(request)

    def process_request_thread(self, request, client_address):
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.slots.release()

    def handle_error(self, request, client_address):
        if not isinstance(error := sys.exc_info()[1], OSError):  # Not worth a line: a client went away.
            log(f"a request failed ({where(error)})")


def where(error: Exception) -> str:
    return f"{type(error).__name__} in line {traceback.extract_tb(error.__traceback__)[-1].lineno}"


def is_plain_host(host: str) -> bool:
    name = re.sub(":[0-9]*$", "", host)
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(name[1:-1] if name[:1] == "[" else name))
    return re.fullmatch("[A-Za-z0-9_-]+", name) is not None


def peer_address(text: str) -> str:
    address = ipaddress.ip_address(text.split("%")[0])
    return str(getattr(address, "ipv4_mapped", None) or address)


def listen_address(text: str) -> tuple:
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def main():
    env = os.environ.get
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))  # Nothing to save, no thread to wait for.
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gateway", type=Gateway, default=env("AGORA_GATEWAY", "http://127.0.0.1:8080"), metavar="URL")
    parser.add_argument("--listen", type=listen_address, default="127.0.0.1:8090", metavar="ADDR:PORT")
    parser.add_argument("--manager-listen", type=listen_address, default="127.0.0.1:8091", metavar="ADDR:PORT")
    given, numbers = parser.parse_args(), Numbers()
    try:
        servers = {"Shoppers": Server(given.listen, ShopperCalls, given.gateway, numbers, sessions=Sessions())}
        if password := env("AGORA_LEGACY_PASSWORD"):
            manager = Manager(given.gateway, env("AGORA_LEGACY_MANAGER", "admin"), password)
            servers["Managers"] = Server(given.manager_listen, ManagerCalls, given.gateway, numbers, manager=manager)
    except (OSError, OverflowError) as error:
        sys.exit(f"legacy: cannot listen: {error}")
    for name, server in servers.items():
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host, port = server.server_address[:2]
        print(f"{name}: http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)
    if not password:
        log("no port for managers: AGORA_LEGACY_PASSWORD is not set")
    while True:
        time.sleep(0.2)  # Not one long wait: a signal delivered to another thread does not interrupt it.


if __name__ == "__main__":
    main()
