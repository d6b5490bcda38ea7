"""Attackers: each in a process of its own at the lowest priority, at a rate of its own, until its standard input ends.

`python3 attackers.py NAME` reads one line of JSON (addresses, tokens, sources), prints `ready` once the attack is on, and at its end
a line of JSON with what it was answered, by status. 0 stands for a connection that was refused or closed.
"""

import asyncio
import collections
import json
import os
import resource
import socket
import sys
import time
import urllib.parse


class Attack:
    """What an attacker knows and has been answered."""

    def __init__(self, given):
        self.given, self.answers, self.held, self.longest = given, collections.Counter(), [], 0.0

    def address(self, part="gateway"):
        url = urllib.parse.urlsplit(self.given[part])
        return url.hostname, url.port

    async def open(self, part="gateway", source="127.0.0.2", receives=None):
        """A connection; None if it is refused."""
        sock = socket.socket()
        sock.setblocking(False)
        if receives:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
        try:
            sock.bind((source, 0))
            await asyncio.get_running_loop().sock_connect(sock, self.address(part))
            return await asyncio.open_connection(sock=sock, limit=1 << 20)
        except OSError:
            sock.close()
            self.answers[0] += 1
            return None

    def head(self, method, path, body=None, headers=()):
        lines = [f"{method} {path} HTTP/1.1", "Host: shop", *headers]
        body = json.dumps(body) if body is not None else ""
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()

    def by(self, token):
        return [f"Authorization: Bearer {token}"]

    async def status(self, reader, whole=True):
        """The status of one answer, which is then read to its end."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            status = int(head.split(b" ", 2)[1])
            length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            if whole and length:
                await reader.readexactly(int(length[0].split(b":")[1]))
        except (OSError, asyncio.IncompleteReadError, ValueError, asyncio.LimitOverrunError):
            status = 0
        self.answers[status] += 1
        return status

    async def ask_again_and_again(self, request, each_second, connections, source="127.0.0.2", part="gateway"):
        """`request(n)` over so many connections, together at most so often a second."""

        async def one(number):
            due, opened = time.monotonic() + number / each_second, None
            while True:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                due = max(due, time.monotonic() - 1) + connections / each_second
                opened = opened or await self.open(part, source)
                if not opened:
                    continue
                reader, writer = opened
                try:
                    writer.write(request(number))
                    await writer.drain()
                except OSError:
                    opened = None
                    continue
                if not await self.status(reader):
                    writer.close()
                    opened = None

        await asyncio.gather(*map(one, range(connections)))

    async def hold(self, sent, wanted, each_second, sources=("127.0.0.2",), parts=("gateway",), receives=None):
        """Opens connections, sends `sent` on each and leaves it so; one that ends is opened again."""

        async def one(number):
            part, source = parts[number % len(parts)], sources[number % len(sources)]
            await asyncio.sleep(number / each_second)
            while True:
                opened = await self.open(part, source, receives)
                began = time.monotonic()
                if opened:
                    reader, writer = opened
                    try:
                        writer.write(sent)
                        await writer.drain()
                        if receives:
                            # A client that takes a byte now and then, and so nearly nothing.
                            while await reader.read(1):
                                await asyncio.sleep(5)
                        else:
                            await self.status(reader)
                            while await reader.read(1 << 16):
                                pass
                    except OSError:
                        pass
                    writer.close()
                    self.longest = max(self.longest, time.monotonic() - began)
                await asyncio.sleep(wanted / each_second)

        await asyncio.gather(*map(one, range(wanted)))


async def streams_and_denied_orders(attack):
    token = attack.by(attack.given["token"])
    stream = attack.head("GET", f"/order/order-events?UserName={attack.given['user']}", None, token)
    order = attack.head("POST", "/order/place-order", {"ProductId": attack.given["dear"]}, token)
    await asyncio.gather(attack.hold(stream, 200, 200), attack.ask_again_and_again(lambda _: order, 5, 5))


async def streams(attack):
    stream = attack.head("GET", "/order/order-events?UserName=" + attack.given["user"], None, attack.by(attack.given["token"]))
    await attack.hold(stream, 4200, 300)


async def idle_connections(attack):
    await attack.hold(b"", 4200, 300)


async def endless_forms(attack):
    head = b"POST /login HTTP/1.1\r\nHost: shop\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 60000\r\n\r\nU"
    await attack.hold(head, 4200, 300, parts=("storefront", "backoffice"))


async def slow_readers(attack):
    once = attack.head("GET", "/product/get-products?Limit=500")
    await attack.hold(once * 4, 300, 20, receives=2048)


async def own_log_ins(attack):
    body = {"UserName": attack.given["user"], "Password": attack.given["password"]}
    await attack.ask_again_and_again(lambda _: attack.head("POST", "/customer/login-user", body), 100, 90)


async def searches(attack):
    words = ["lamp", "ase", "xyz", "table", "e", "of", "oak lamp", "zz top"]
    request = lambda number: attack.head("GET", "/product/get-all-products?Search=" + urllib.parse.quote(words[number % 8]))
    await attack.ask_again_and_again(request, 200, 100)


async def wrong_passwords(attack):
    """For another user's name, from one address; and from all addresses of one IPv6 network, behind a proxy."""
    body = {"UserName": attack.given["victim"], "Password": "a wrong password"}

    def of_network(number):
        client = f"X-Forwarded-For: 2001:db8:0:7:{number:x}:{time.monotonic_ns() % 65536:x}::1"
        return attack.head("POST", "/customer/login-user", body, [client])

    await asyncio.gather(
        attack.ask_again_and_again(lambda _: attack.head("POST", "/customer/login-user", body), 20, 4),
        attack.ask_again_and_again(of_network, 20, 10, source="127.0.0.1"),
    )


async def unfinished_heads_of_many_addresses(attack):
    sources = [f"127.0.5.{number}" for number in range(1, 31)]
    await attack.hold(b"GET /product/get-products HTTP/1.1\r\nHost: shop\r\nX-", 4800, 400, sources)


async def repeated_keys(attack):
    """The same keyed order, again and again, of a customer with a long history."""
    headers = [*attack.by(attack.given["token"]), "Idempotency-Key: 0123456789abcdef0123456789abcdef"]
    request = attack.head("POST", "/order/place-order", {"ProductId": attack.given["dear"]}, headers)
    await attack.ask_again_and_again(lambda _: request, 100, 20)


async def main(name):
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    # On a machine of its own it would take none of the shop's time.
    os.nice(19)
    attack = Attack(json.loads(sys.stdin.readline()))
    attacking = asyncio.ensure_future(globals()[name](attack))
    print("ready", flush=True)
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await asyncio.wait({attacking, ended}, return_when=asyncio.FIRST_COMPLETED)
    if attacking.done():
        attacking.result()
    print(json.dumps({"answers": attack.answers, "longest": attack.longest}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
