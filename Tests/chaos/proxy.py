"""A proxy in front of an API server that fails as a schedule says: below TLS, or in replies of HTTP/1.1 and HTTP/2."""
import asyncio
import json
import random
import socket
import ssl
import struct
import time
from pathlib import Path

from schedule import Fault

# Another object than the one that was asked for, as a confused cache would send it.
OTHER_OBJECT = json.dumps({
    "apiVersion": "v1", "kind": "ConfigMap",
    "metadata": {"name": "other", "namespace": "other", "uid": "0c5a1d1e-0000-4000-8000-000000000000"},
}).encode()
HTML = b"<!DOCTYPE html><html><body><h1>Sign in</h1></body></html>"
REPLIES = {
    "500": (500, [], b"internal"),
    "502": (502, [("content-type", "text/html")], HTML),
    "503": (503, [], b""),
    "504": (504, [], b"gateway timeout"),
    "429": (429, [("retry-after", "1")], b""),
    "401 once": (401, [], b""),
    "HTML": (200, [("content-type", "text/html")], HTML),
    "other object": (200, [("content-type", "application/json")], OTHER_OBJECT),
    "empty object": (200, [("content-type", "application/json")], b"{}"),
}
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY, CONTINUATION = 0, 1, 3, 4, 7, 9
END_STREAM, END_HEADERS, ACK = 1, 4, 1


class Proxy:
    """Listens on three ports: connections of the first are passed on as they are, those of the others end here."""

    def __init__(self, target: int, pki: Path) -> None:
        self.target = target
        self.pki = pki
        self.faults: list[Fault] = []
        self.origin = 0.0
        self.ports: dict[str, int] = {}
        self.random = random.Random(0)
        self.servers: list[asyncio.Server] = []
        self.contexts: list[ssl.SSLContext] = []
        self.tasks: set[asyncio.Task] = set()

    async def start(self) -> None:
        """Starts to listen."""
        for mode, serve in (("tcp", self.pass_on), ("http1", self.serve_http1), ("http2", self.serve_http2)):
            context = self.server_side(mode)
            if context:
                self.contexts.append(context)
            server = await asyncio.start_server(self.guarded(serve), "127.0.0.1", 0, ssl=context)
            self.servers.append(server)
            self.ports[mode] = server.sockets[0].getsockname()[1]

        self.certificates_changed()

    def certificates_changed(self) -> None:
        """Reads the server's certificate again."""
        for context in self.contexts:
            context.load_cert_chain(self.pki / "kube-apiserver.crt", self.pki / "kube-apiserver.key")

    def begin(self, seed: int, faults: list[Fault]) -> None:
        """Fails from now on as a schedule says."""
        self.random, self.faults, self.origin = random.Random(seed), faults, time.monotonic()

    def end(self) -> None:
        """Works from now on; the connections that there are end, also those that have fallen silent."""
        self.faults = []
        for task in self.tasks:
            task.cancel()

    def active(self, kinds: set[str] | None = None) -> Fault | None:
        """The fault that the next piece or reply gets."""
        now = time.monotonic() - self.origin
        for fault in self.faults:
            if fault.start <= now < fault.start + fault.seconds and (not kinds or fault.kind in kinds):
                if self.random.random() < fault.share:
                    if fault.kind.endswith(" once"):
                        self.faults.remove(fault)
                    return fault
        return None

    def guarded(self, serve):
        """A callback for connections that ends both sides in the end."""
        async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            self.tasks.add(task)
            upstream = None
            try:
                fault = self.active({"reset", "silent"})
                if fault and fault.kind == "silent":
                    await asyncio.sleep(3600)
                if not fault:
                    upstream = await asyncio.open_connection("127.0.0.1", self.target, ssl=self.client_side(serve))
                    await serve(reader, writer, *upstream)
            except (OSError, EOFError, asyncio.CancelledError, ssl.SSLError):
                pass
            finally:
                self.tasks.discard(task)
                for end in filter(None, (writer, upstream and upstream[1])):
                    reset(end)
        return accepted

    def server_side(self, mode: str) -> ssl.SSLContext | None:
        """What the agent sees: the server's own certificate."""
        if mode == "tcp":
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1" if mode == "http1" else "h2"])
        return context

    def client_side(self, serve) -> ssl.SSLContext | None:
        """What the server sees: an administrator, as in the agent's kubeconfig."""
        if serve == self.pass_on:
            return None
        context = ssl.create_default_context(cafile=str(self.pki / "k8s-ca.crt"))
        context.check_hostname = False
        context.load_cert_chain(self.pki / "kube-admin.crt", self.pki / "kube-admin.key")
        context.set_alpn_protocols(["http/1.1" if serve == self.serve_http1 else "h2"])
        return context

    # Below TLS

    async def pass_on(self, client, client_out, server, server_out) -> None:
        """Passes bytes on until both sides have closed, or a fault ends the connection."""
        state = {"silent": False}
        await first_ended(self.pump(client, server_out, state), self.pump(server, client_out, state))

    async def pump(self, source, target, state) -> None:
        while piece := await source.read(65536):
            fault = self.active()
            kind = fault.kind if fault else ""
            if kind == "silent":
                state["silent"] = True
            if state["silent"] or kind == "dropped":
                continue
            if kind == "delayed":
                await asyncio.sleep(fault.amount)
            if kind == "cut":
                target.write(piece[: len(piece) // 2])
                await target.drain()
                target.close()
                return
            if kind == "reset":
                reset(target)
                return
            if kind == "half-closed":
                target.write_eof()
                await asyncio.sleep(3600)
            if kind == "changed":
                at = self.random.randrange(len(piece))
                piece = piece[:at] + bytes([piece[at] ^ 0x20]) + piece[at + 1 :]
            target.write(piece)
            await target.drain()

    # HTTP/1.1

    async def serve_http1(self, client, client_out, server, server_out) -> None:
        """Passes requests on, and replaces replies."""
        while request := await read_message(client):
            fault = self.active()
            # Half of the requests that fail have reached the server before.
            if not fault or self.random.random() < 0.5:
                server_out.write(join(*request))
                reply = await read_message(server, to=request[0][0])
            if not fault:
                client_out.write(join(*reply))
            elif fault.kind in REPLIES:
                status, fields, body = REPLIES[fault.kind]
                head = [f"HTTP/1.1 {status} Reply", *(f"{name}: {value}" for name, value in fields)]
                client_out.write(join(head + [f"content-length: {len(body)}"], body))
            elif fault.kind == "closed":
                return
            else:  # too short, too long
                declared = 100_000 if fault.kind == "truncated" else 10
                head = ["HTTP/1.1 200 OK", "content-type: application/json", f"content-length: {declared}"]
                client_out.write(join(head, b'{"kind": "Status", "apiVersion": "v1", "metad'))
                await client_out.drain()
                client_out.close()
                return
            await client_out.drain()

    # HTTP/2

    async def serve_http2(self, client, client_out, server, server_out) -> None:
        """Passes frames on, and replaces replies.

        Both sides are asked not to compress with a dynamic table, so that header blocks can be left out.
        """
        server_out.write(await client.readexactly(len(PREFACE)))
        replaced: set[int] = set()
        await first_ended(
            self.frames(client, server_out, None), self.frames(server, client_out, replaced)
        )

    async def frames(self, source, target, replaced: set[int] | None) -> None:
        while True:
            head = await source.readexactly(9)
            kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
            body = await source.readexactly(int.from_bytes(head[:3], "big"))
            if kind == SETTINGS and not flags & ACK:
                body += struct.pack(">HI", 1, 0)
            elif replaced is not None and kind in (DATA, HEADERS, RST_STREAM, CONTINUATION):
                if stream in replaced:
                    continue
                fault = self.active() if kind == HEADERS else None
                if fault and fault.kind == "closed":
                    target.write(frame(GOAWAY, 0, 0, struct.pack(">II", 0, 2)))
                    await target.drain()
                    return
                if fault:
                    replaced.add(stream)
                    target.write(self.replacement(fault, stream))
                    await target.drain()
                    continue
            target.write(frame(kind, flags, stream, body))
            await target.drain()

    def replacement(self, fault: Fault, stream: int) -> bytes:
        if fault.kind in REPLIES:
            status, fields, body = REPLIES[fault.kind]
            fields = [*fields, ("content-length", str(len(body)))]
        else:
            length = 100_000 if fault.kind == "truncated" else 10
            status, fields = 200, [("content-type", "application/json"), ("content-length", str(length))]
            body = b'{"kind": "Status", "apiVersion": "v1", "metad'
        block = b"".join(literal(name, value) for name, value in [(":status", str(status)), *fields])
        return frame(HEADERS, END_HEADERS, stream, block) + frame(DATA, END_STREAM, stream, body)


def frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    """A frame of HTTP/2."""
    return len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body


def literal(name: str, value: str) -> bytes:
    """A header field in HPACK, neither indexed nor compressed."""
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


async def read_message(reader: asyncio.StreamReader, to: str = "") -> tuple[list[str], bytes] | None:
    """Reads a request or reply of HTTP/1.1; a body in chunks gets a length instead."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
    except asyncio.IncompleteReadError:
        return None
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    body = b""
    if fields.get("transfer-encoding") == "chunked":
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
        head = [line for line in head if not line.lower().startswith("transfer-encoding")]
        head.append(f"content-length: {len(body)}")
    elif not to.startswith("HEAD "):
        body = await reader.readexactly(int(fields.get("content-length", 0)))
    return head, body


def join(head: list[str], body: bytes) -> bytes:
    """A message of HTTP/1.1 as bytes."""
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


async def first_ended(*coroutines) -> None:
    """Runs coroutines until one has ended, and cancels the others."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection; with a reset if the other side has not closed it and something is unread."""
    connection = writer.get_extra_info("socket")
    if not writer.is_closing() and connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
