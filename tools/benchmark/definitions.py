"""Sends CRDs to an API server and waits until discovery lists all kinds that they define.

usage: python3 -I -S definitions.py SERVER CREDENTIALS BODIES

BODIES is a JSON object of paths and bodies. Every CRD is sent by a thread of its own.
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


def connect(server: str, credentials: Path) -> http.client.HTTPSConnection:
    """A connection as the administrator."""
    context = ssl.create_default_context(cafile=str(credentials / "k8s-ca.crt"))
    context.load_cert_chain(credentials / "kube-admin.crt", credentials / "kube-admin.key")
    address = urlsplit(server)
    return http.client.HTTPSConnection(address.hostname, address.port, context=context)


def ask(connection: http.client.HTTPSConnection, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
    """The status and the body of a reply."""
    connection.request(method, path, body, {"Content-Type": "application/apply-patch+yaml"} if body else {})
    reply = connection.getresponse()
    return reply.status, reply.read()


def main() -> None:
    """Sends and waits."""
    server, credentials, bodies = sys.argv[1], Path(sys.argv[2]), json.loads(Path(sys.argv[3]).read_text())
    refused = []

    def send(path: str, body: str) -> None:
        status, _ = ask(connect(server, credentials), "PATCH", f"{path}?fieldManager=nest-bootstrap", body)
        if status != 201:
            refused.append(f"{path}: {status}")

    threads = [threading.Thread(target=send, args=pair) for pair in bodies.items()]
    for thread in threads:
        thread.start()
    missing: dict[str, set[str]] = {}
    for body in bodies.values():
        spec = json.loads(body)["spec"]
        version = next(version["name"] for version in spec["versions"] if version["served"])
        missing.setdefault(f"/apis/{spec['group']}/{version}", set()).add(spec["names"]["plural"])
    for thread in threads:
        thread.join()
    if refused:
        sys.exit("; ".join(refused))
    connection = connect(server, credentials)
    while missing:
        for path in list(missing):
            status, reply = ask(connection, "GET", path)
            served = {resource["name"] for resource in json.loads(reply)["resources"]} if status == 200 else set()
            if missing[path] <= served:
                del missing[path]
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
