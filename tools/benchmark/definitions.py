"""Sends CRDs to an API server and waits until discovery lists all kinds that they define.

usage: python3 -I -S definitions.py SERVER CREDENTIALS BODIES

BODIES is a JSON object of paths and bodies. Every CRD is sent by a thread and over a connection of its own, which are made
before. Prints the milliseconds from the first request until discovery lists all: the time that the server needs.
"""
import http.client
import json
import ssl
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

PAUSE = 0.005


def administrator(credentials: Path) -> ssl.SSLContext:
    """The credentials of the administrator."""
    context = ssl.create_default_context(cafile=str(credentials / "k8s-ca.crt"))
    context.load_cert_chain(credentials / "kube-admin.crt", credentials / "kube-admin.key")
    return context


def connection(server: str, context: ssl.SSLContext) -> http.client.HTTPSConnection:
    """A connection that is made with the first request, or by `connect`."""
    address = urlsplit(server)
    return http.client.HTTPSConnection(address.hostname, address.port, context=context)


def ask(server: http.client.HTTPSConnection, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
    """The status and the body of a reply."""
    server.request(method, path, body, {"Content-Type": "application/apply-patch+yaml"} if body else {})
    reply = server.getresponse()
    return reply.status, reply.read()


def collections(bodies: dict[str, str]) -> dict[str, set[str]]:
    """The plural names of the kinds that CRDs define, by the path of their group and version."""
    names: dict[str, set[str]] = {}
    for body in bodies.values():
        spec = json.loads(body)["spec"]
        version = next(version["name"] for version in spec["versions"] if version["served"])
        names.setdefault(f"/apis/{spec['group']}/{version}", set()).add(spec["names"]["plural"])
    return names


def main() -> None:
    """Sends and waits."""
    server, context, bodies = sys.argv[1], administrator(Path(sys.argv[2])), json.loads(Path(sys.argv[3]).read_text())
    missing = collections(bodies)
    connections = [connection(server, context) for _ in bodies]
    for one in connections:
        one.connect()
    refused = []

    def send(one: http.client.HTTPSConnection, path: str, body: str) -> None:
        status, _ = ask(one, "PATCH", f"{path}?fieldManager=nest-bootstrap", body)
        if status != 201:
            refused.append(f"{path}: {status}")

    start = time.monotonic()
    threads = [threading.Thread(target=send, args=(one, *pair)) for one, pair in zip(connections, bodies.items())]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if refused:
        sys.exit("; ".join(refused))
    while missing:
        for path in list(missing):
            status, reply = ask(connections[0], "GET", path)
            served = {resource["name"] for resource in json.loads(reply)["resources"]} if status == 200 else set()
            if missing[path] <= served:
                del missing[path]
        time.sleep(PAUSE)
    print((time.monotonic() - start) * 1000)


if __name__ == "__main__":
    main()
