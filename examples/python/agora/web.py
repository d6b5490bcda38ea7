"""HTTP behind the shop's gateway: tokens, positions, idempotency keys and problems, as the shop's own services have them."""
import http.server, json, os, threading, time, traceback, urllib.parse, uuid
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

POSITION_SECONDS, BODY_MAX, SKEW_US, POSITION_MAX = 2, 64 * 1024, 120_000_000, 2**64 - 1
KEYS = uuid.UUID("0d2e0c0e-7b8f-4f57-8a3c-6f6b0f6f5b11")  # The name space of idempotency keys and requests.
TITLES = {400: ("malformed", "The request cannot be read"), 401: ("unauthorized", "A valid token is needed"),
          403: ("forbidden", "Not allowed"), 404: ("not-found", "Not found"),
          409: ("conflict", "Conflict with the current state"), 413: ("too-large", "The body is too large"),
          422: ("invalid-fields", "Some fields are invalid"), 500: ("internal", "Something went wrong here"),
          503: ("unavailable", "Temporarily unavailable")}  # fmt: skip


class Problem(Exception):
    """A refusal in the form that all services of the shop use (RFC 9457)."""
    def __init__(self, status, detail, kind=None, field=None, **members):
        self.status, (usual, title) = status, TITLES[status]
        self.body = {"type": f"/problems/{kind or usual}", "title": title, "status": status, "detail": detail} | members
        if field:
            self.body |= {"detail": f"{field}: {detail}", "errors": [{"field": field, "detail": detail}]}


class Call(http.server.BaseHTTPRequestHandler):
    """One request to one of `calls`: functions of a Call by method and path, which return the answer's body or raise a Problem."""
    protocol_version, timeout, model, bus, calls, document = "HTTP/1.1", 30, None, None, {}, {}

    def do_GET(self):
        self.read_body, self.send = False, {"X-Request-Id": self.headers.get("X-Request-Id") or str(uuid.uuid4())}
        try:
            status, body = self.result()
        except Problem as problem:
            status, body = problem.status, problem.body
        except Exception:
            traceback.print_exc()
            status, body = 500, Problem(500, "The error was logged.").body
        if status >= 400:
            body["RequestId"] = self.send["X-Request-Id"]
            self.close_connection = self.close_connection or not self.read_body  # What is left of the request is no next one.
        content = json.dumps(body).encode()
        self.send_response(status)
        kind = "application/problem+json" if "detail" in body else "application/json"
        special = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "1"}}.get(status, {})
        for name, value in (self.send | special | {"Content-Type": kind, "Content-Length": len(content)}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET

    def result(self):
        path, _, query = self.path.partition("?")
        own = {
            "/": lambda: (200, {"Service": self.model.NAME, "Version": "1.0.0", "Calls": [" ".join(call) for call in self.calls]}),
            "/openapi.json": lambda: (200, self.document),
            "/health/live": lambda: (200, {"Live": True}),
            "/health/ready": lambda: (200 if self.bus.ready else 503, {"Ready": self.bus.ready}),
        }
        if path in own and self.command == "GET":
            return own[path]()
        call = self.calls.get((self.command, path))
        if call is None:
            raise Problem(404, "No such endpoint; GET / lists them.")
        given = self.body() if self.command == "POST" else dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        self.at(self.reach())
        self.sent, self.given = json.dumps(given, sort_keys=True), given
        return 200, call(self)

    def body(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            raise Problem(400, "Send the length of the body as Content-Length.")
        if int(length) > BODY_MAX:
            raise Problem(413, f"The body is over {BODY_MAX} bytes.")
        content, self.read_body = self.rfile.read(int(length)), True
        try:
            given = json.loads(content)
        except (ValueError, RecursionError):
            given = None
        if not isinstance(given, dict):
            raise Problem(400, "The body must be a JSON object.")
        return given

    def reach(self):
        """Waits until the model has what the client knows of, so that it reads its own writes; the position of the answer."""
        wanted = self.headers.get("Agora-Position", "0")
        if not wanted.isdecimal() or int(wanted) > POSITION_MAX:
            raise Problem(400, "Agora-Position must be one whole number.")
        with self.model.moved:
            self.model.moved.wait_for(lambda: self.model.position >= int(wanted), POSITION_SECONDS)
        behind, position = int(wanted) - self.model.position, self.model.position
        if behind > 0:
            raise Problem(503, f"Not yet at position {wanted}: {behind} events behind.", "behind", Position=position, Lag=behind)
        return position

    def at(self, position):
        self.send["Agora-Position"] = str(position)

    def field(self, name, check, otherwise=None):
        """A field of the request that passes `check`; `otherwise` without one. `no_others` refuses what was not asked for."""
        value = self.given.pop(name, otherwise)
        if value is None or not check(value):
            raise Problem(422, "is missing" if value is None else "is not valid", field=name)
        return value

    def no_others(self):
        for name in self.given:
            raise Problem(422, "is not a field of this call", field=name)

    def caller(self):
        """The claims of the request's token, if it is signed by this shop, has not expired and was not revoked."""
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Problem(401, "This needs a token: Authorization: Bearer …")
        if not self.bus.ready:
            raise Problem(503, "Which sessions have ended is not known yet, so no token is accepted.")
        try:
            needed = {"require": ["sub", "user", "role", "jti", "exp", "iat_us"], "verify_iat": False}
            claims = jwt.decode(token.strip(), self.key, algorithms=["EdDSA"], options=needed)
        except jwt.InvalidTokenError as error:
            raise Problem(401, f"The token is not valid: {error}.") from None
        if claims["iat_us"] > time.time_ns() // 1000 + SKEW_US or self.model.has_ended(claims):
            raise Problem(401, "The session has ended, or has not begun yet.")
        self.send["Agora-Admitted"] = "true"  # For the gateway, which keeps the position per valid token.
        return claims

    def execute(self, stream, decide, claims):
        """Has `decide` record something in `stream` for the caller, once for each Idempotency-Key; the last event's data."""
        client_key, key = self.headers.get_all("Idempotency-Key", []), None
        if client_key:
            if len(client_key) > 1 or not (1 <= len(client_key[0]) <= 128 and all("!" <= char <= "~" for char in client_key[0])):
                raise Problem(400, "Idempotency-Key must be one value of 1 to 128 visible ASCII characters.")
            key = {
                "idempotencykey": str(uuid.uuid5(KEYS, f"{claims['sub']} {self.path} {client_key[0]}")),
                "idempotencyrequest": str(uuid.uuid5(KEYS, self.sent)),
            }
        request_id = self.send["X-Request-Id"]
        try:
            correlation = uuid.UUID(request_id)
        except ValueError:
            correlation = uuid.uuid5(KEYS, request_id)
        context = {"actor": f"{claims['role']}:{claims['sub']}", "correlationid": str(correlation)}
        if trace := self.headers.get("traceparent"):
            context["traceparent"] = trace
        position, data = self.bus.execute(stream, decide, context, key)
        self.at(position)
        return data

    def log_message(self, *_):
        pass


def serve(bus, calls, document):
    """Answers `calls` in threads of their own, and returns the address for the gateway."""
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(os.environ["AGORA_TOKEN_KEY"]))
    host = os.environ.get("HOST", "127.0.0.1")
    members = {"model": bus.model, "bus": bus, "calls": calls, "document": document, "key": key}
    server = http.server.ThreadingHTTPServer((host, int(os.environ.get("PORT", 0))), type("Calls", (Call,), members))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://{host}:{server.server_port}"
