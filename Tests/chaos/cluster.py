"""The servers, and the agent that bootstraps them."""
import asyncio
import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPTS = REPOSITORY / "Tests/cluster"
MANAGER = "nest-bootstrap"
VOLATILE = {"uid", "resourceVersion", "creationTimestamp", "time", "lastTransitionTime"}
UNLISTED = {"events", "leases", "componentstatuses"}


class ChaosError(Exception):
    """What the campaign itself cannot do."""


class Cluster:
    """An etcd and a kube-apiserver without a controller manager, whose status updates would count as changes."""

    def __init__(self, apiserver: str, directory: Path) -> None:
        self.environment = os.environ | {"KUBE_APISERVER": apiserver}
        self.directory = directory
        self.pki = directory / "pki"
        self.kept = directory.with_name(directory.name + "-kept")

    async def create(self) -> None:
        """Starts the servers, which end with this process, and keeps their data from before anything was applied."""
        await self.script("up", "--no-controller-manager", "--with", str(os.getpid()))
        await self.script("stop")
        self.kept.mkdir()
        await command("cp", "-a", self.directory / "etcd", self.pki, self.kept)
        # Another CA, and another certificate of kube-proxy.
        (self.kept / "other").mkdir()
        await command(SCRIPTS / "pki", self.kept / "other")
        await self.start()

    async def remove(self) -> None:
        """Ends the servers and removes their data."""
        await self.script("down")
        shutil.rmtree(self.kept, ignore_errors=True)

    @property
    def port(self) -> int:
        """The port of the API server."""
        return int((self.directory / "ports").read_text().split()[0])

    async def script(self, name: str, *arguments: str) -> None:
        """Runs a script of Tests/cluster on this cluster."""
        await command(SCRIPTS / name, self.directory, *arguments, environment=self.environment)

    async def start(self) -> None:
        """Starts the servers that do not run, and waits until they are ready."""
        try:
            await self.script("start", "--no-controller-manager")
        except ChaosError:
            # On a busy machine a server may take longer than the script waits.
            await self.script("start", "--no-controller-manager")

    async def reset(self) -> None:
        """Starts the servers again with the data and the CA from before anything was applied."""
        await self.script("stop", "--now")
        for name in ("etcd", "pki"):
            shutil.rmtree(self.directory / name, ignore_errors=True)
            await command("cp", "-a", "--sparse=always", self.kept / name, self.directory)
        await self.start()

    async def use_other_authority(self) -> None:
        """Replaces the CA and all certificates."""
        await command("cp", "-a", f"{self.kept}/other/pki/.", self.pki)

    def signal(self, server: str, number: int) -> None:
        """Sends a server a signal."""
        try:
            os.kill(int((self.directory / "pids" / server).read_text()), number)
        except (OSError, ValueError):
            pass

    def objects(self) -> dict[str, dict]:
        """Every object that the agent has applied, by its path."""
        context = ssl.create_default_context(cafile=str(self.pki / "k8s-ca.crt"))
        context.load_cert_chain(self.pki / "kube-admin.crt", self.pki / "kube-admin.key")
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=600)

        def get(path: str) -> dict:
            connection.request("GET", path)
            reply = connection.getresponse()
            body = reply.read()
            if reply.status != 200:
                raise ChaosError(f"the server answered {reply.status} to {path}: {body[:200]!r}")
            return json.loads(body)

        found = {}
        groups = [f"/apis/{group['preferredVersion']['groupVersion']}" for group in get("/apis")["groups"]]
        for group in ["/api/v1", *groups]:
            for resource in get(group)["resources"]:
                name = resource["name"]
                if "list" not in resource["verbs"] or "/" in name or name in UNLISTED:
                    continue
                for item in get(f"{group}/{name}")["items"]:
                    metadata = item["metadata"]
                    if any(entry.get("manager") == MANAGER for entry in metadata.get("managedFields", [])):
                        found[f"{group}/{name}/{metadata.get('namespace', '')}/{metadata['name']}"] = item
        connection.close()
        return found


def settled(value):
    """A value without what differs between two servers."""
    if isinstance(value, dict):
        return {key: settled(inner) for key, inner in value.items() if key not in VOLATILE}
    if isinstance(value, list):
        items = [settled(item) for item in value]
        # Conditions and managers come in any order.
        named = all(isinstance(item, dict) and ("manager" in item or {"type", "status"} <= item.keys()) for item in items)
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True)) if named else items
    return value


def difference(objects: dict[str, dict], expected: dict[str, dict]) -> str:
    """How objects differ from those of an undisturbed run, an empty text if they do not."""
    if missing := sorted(expected.keys() - objects.keys()):
        return f"{len(missing)} objects are missing, such as {missing[0]}"
    if more := sorted(objects.keys() - expected.keys()):
        return f"{len(more)} objects more, such as {more[0]}"
    for path, item in sorted(objects.items()):
        if (one := settled(item)) != (other := settled(expected[path])):
            return f"{path} is\n{json.dumps(one, sort_keys=True)}\ninstead of\n{json.dumps(other, sort_keys=True)}"
    return ""


def versions(objects: dict[str, dict]) -> dict[str, str]:
    """The version of every object, except a definition that every run applies because 1.20 has dropped fields of it."""

    def is_whole(path: str, item: dict) -> bool:
        return "adminnetworkpolicies" not in path or "x-kubernetes-validations" in json.dumps(item)

    return {path: item["metadata"]["resourceVersion"] for path, item in objects.items() if is_whole(path, item)}


async def command(*words, environment: dict[str, str] | None = None) -> None:
    """Runs a command that must succeed."""
    # Not through a pipe: the servers that a script starts would keep it open.
    log = Path(os.environ.get("TMPDIR", "/tmp")) / f"nest-chaos-command.{os.getpid()}.{id(words)}"
    with log.open("w") as output:
        process = await asyncio.create_subprocess_exec(
            *map(str, words), env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        status = await process.wait()
    text = log.read_text()
    log.unlink()
    if status != 0:
        raise ChaosError(f"'{' '.join(map(str, words))}' ended with {status}: {text}")
