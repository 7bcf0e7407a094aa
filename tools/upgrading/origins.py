"""Programs that have created the objects before the agent takes them over."""
import base64
import copy
import gzip
import time

from upgrading.objects import manifests
from upgrading.server import Server, UpgradeError

# The maximum number of attempts to apply objects, whose kinds may not be served yet.
PASSES = 5
KIND = "k3s.cattle.io/v1, Kind=Addon"
# The kinds that are created first, in this order.
FIRST = ("Namespace", "CustomResourceDefinition")


class Refusal(Exception):
    """An origin that cannot create the objects of a version."""


def apply(server: Server, directory, *flags: str) -> None:
    """Applies a directory with kubectl, again for what came before its definition was served."""
    errors = ""
    for number in range(PASSES):
        code, _, errors = server.kubectl("apply", *flags, "-f", str(directory))
        if code == 0:
            return
        # The definitions are served by now, so another attempt would not help.
        if number and "Too long" in errors:
            break
        if number:
            time.sleep(1)
    raise Refusal("; ".join(line for line in errors.splitlines() if not line.startswith("Warning:")))


def kubectl_client(server: Server, directory) -> None:
    """Client-side kubectl; `kubectl create` of objects that are too long for its annotation."""
    try:
        apply(server, directory)
    except Refusal as refusal:
        if "Too long" not in str(refusal):
            raise
        for _ in range(2):
            server.kubectl("create", "-f", str(directory))


def kubectl_server(server: Server, directory) -> None:
    """Server-side kubectl."""
    apply(server, directory, "--server-side", "--force-conflicts")


def k3s(server: Server, directory) -> None:
    """The deploy controller of k3s."""
    def mark(item: dict) -> None:
        metadata = item["metadata"]
        metadata["labels"] = (metadata.get("labels") or {}) | {"objectset.rio.cattle.io/hash": "0" * 40}
        marks = {"id": "", "owner-gvk": KIND, "owner-name": "addon", "owner-namespace": "kube-system"}
        metadata["annotations"] = (metadata.get("annotations") or {}) | {
            f"objectset.rio.cattle.io/{key}": value for key, value in marks.items()
        }
        applied = base64.b64encode(gzip.compress(repr(item).encode())).decode().rstrip("=")
        if len(applied) < 200_000:
            metadata["annotations"]["objectset.rio.cattle.io/applied"] = applied

    create(server, directory, "deploy@cp-1", mark)


def helm(server: Server, directory) -> None:
    """Helm before version 4, which does not apply on the server."""
    def mark(item: dict) -> None:
        metadata = item["metadata"]
        metadata["labels"] = (metadata.get("labels") or {}) | {"app.kubernetes.io/managed-by": "Helm"}
        metadata["annotations"] = (metadata.get("annotations") or {}) | {
            "meta.helm.sh/release-name": "addon",
            "meta.helm.sh/release-namespace": "default",
        }

    create(server, directory, "helm", mark)


def create(server: Server, directory, manager: str, mark) -> None:
    """Creates the objects of a directory under the name of a field manager."""
    items = [copy.deepcopy(item) for item in manifests(directory)]
    items.sort(key=lambda item: FIRST.index(item["kind"]) if item["kind"] in FIRST else len(FIRST))
    for item in items:
        mark(item)
        for attempt in range(40):
            path = server.path(item, with_name=False, fieldManager=manager)
            code, reply = server.request("POST", path, item) if path else (404, {"message": "the kind is not served"})
            if code != 404 and not (code == 403 and "not yet ready" in reply.get("message", "")):
                break
            time.sleep(0.25 if attempt else 0)
        if code == 409 and reply.get("reason") == "AlreadyExists" and item["kind"] == "Namespace":
            continue
        if code >= 300:
            raise Refusal(f"{item['kind']} {item['metadata']['name']}: {reply.get('message')}")


# The origins, each with the field managers that the task takes over.
ORIGINS = {
    "kubectl client": (kubectl_client, ["kubectl-create"]),
    "kubectl server": (kubectl_server, ["kubectl"]),
    "k3s": (k3s, ["deploy@cp-1"]),
    "Helm": (helm, ["helm"]),
}
