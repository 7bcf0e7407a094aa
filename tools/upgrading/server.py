"""An API server that is emptied between two measurements without a restart."""
import base64
import http.client
import json
import os
import shutil
import ssl
import subprocess
import time
from pathlib import Path
from urllib.parse import quote, urlencode

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPTS = REPOSITORY / "Tests/cluster"
# Prefixes of etcd's keys that the servers write by themselves.
RESTLESS = ("/registry/leases/", "/registry/masterleases/", "/registry/events/", "/registry/peerserverleases/")
# Resources that are not compared: controllers derive them from other objects, or the server lists them twice.
UNLISTED = {"events", "leases", "componentstatuses", "endpoints", "endpointslices", "controllerrevisions", "ipaddresses"}
# In seconds, for anything that the servers do.
TIME_LIMIT = 120

# Group, kind, namespace and name.
Key = tuple[str, str, str, str]


class UpgradeError(Exception):
    """A reason for which a campaign cannot continue."""


def name_of(key: Key) -> str:
    """An object as the agent names it."""
    return "/".join(part for part in key[1:] if part)


def key_of(item: dict) -> Key:
    """The key of an object."""
    group = item["apiVersion"].rpartition("/")[0]
    metadata = item["metadata"]
    return group, item["kind"], metadata.get("namespace", ""), metadata["name"]


def command(words: list[str], environment: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Runs a command, and returns its exit status, its output and its errors."""
    # Not through a pipe: the servers that a script starts would keep it open.
    directory = Path(os.environ.get("TMPDIR", "/tmp"))
    output, errors = (directory / f"nest-upgrades.{os.getpid()}.{name}" for name in ("out", "err"))
    with output.open("w") as out, errors.open("w") as err:
        code = subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err, check=False).returncode
    texts = output.read_text(), errors.read_text()
    output.unlink()
    errors.unlink()
    return code, *texts


class Server:
    """An etcd, a kube-apiserver and a kube-controller-manager."""

    def __init__(self, apiserver: str, directory: Path) -> None:
        self.environment = os.environ | {"KUBE_APISERVER": apiserver}
        self.version = command([apiserver, "--version"])[1].split()[-1]
        self.directory = directory
        self.resources: dict[str, dict[str, dict]] = {}
        self.kept: dict[str, tuple[str, str]] = {}
        self.groups: set[str] = set()
        self.given: dict[Key, dict] = {}

    def create(self) -> None:
        """Starts the servers, which end with this process, and keeps what is in etcd before anything is applied."""
        self.remove()
        self.script("up", "--with", str(os.getpid()))
        lines = (self.directory / "env").read_text().splitlines()
        values = dict(line.split("=", 1) for line in lines)
        self.port = int(values["NEST_SERVER"].rpartition(":")[2])
        self.etcd_port = int(values["NEST_ETCD"].rpartition(":")[2])
        context = ssl.create_default_context(cafile=str(self.directory / "pki/k8s-ca.crt"))
        context.load_cert_chain(self.directory / "pki/kube-admin.crt", self.directory / "pki/kube-admin.key")
        self.connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=TIME_LIMIT)
        before: dict[str, tuple[str, str]] = {}
        for _ in range(TIME_LIMIT):
            now = self.keys()
            if now and {key: item[0] for key, item in now.items()} == {key: item[0] for key, item in before.items()}:
                break
            before = now
            time.sleep(4)
        self.kept = self.keys(values=True)
        self.groups = self.served_groups()
        self.given = self.objects()

    def remove(self) -> None:
        """Ends the servers and removes their data."""
        if (self.directory / "ports").exists():
            self.script("down")
        shutil.rmtree(self.directory, ignore_errors=True)

    def script(self, name: str, *arguments: str) -> None:
        """Runs a script of Tests/cluster on this cluster."""
        code, output, errors = command([str(SCRIPTS / name), str(self.directory), *arguments], self.environment)
        if code:
            raise UpgradeError(f"'{name}' ended with {code}: {output}{errors}")

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig of an administrator."""
        return self.directory / "admin.kubeconfig"

    def kubectl(self, *arguments: str) -> tuple[int, str, str]:
        """Runs kubectl as administrator."""
        flags = [f"--kubeconfig={self.kubeconfig}", f"--cache-dir={self.directory}/kubectl-cache"]
        return command(["kubectl", *flags, *arguments])

    def request(self, method: str, path: str, body: dict | None = None, content: str = "application/json") -> tuple[int, dict]:
        """Sends a request, and returns the status and the object of the reply."""
        for attempt in range(3):
            try:
                headers = {"Content-Type": content, "Accept": "application/json"}
                self.connection.request(method, path, json.dumps(body) if body is not None else None, headers)
                reply = self.connection.getresponse()
                data = reply.read()
                break
            except (http.client.HTTPException, OSError):
                self.connection.close()
                if attempt == 2:
                    raise
        try:
            return reply.status, json.loads(data)
        except ValueError:
            return reply.status, {"message": data.decode(errors="replace")[:500]}

    def etcd(self, operation: str, body: dict) -> dict:
        """Sends etcd a request through its JSON gateway."""
        connection = http.client.HTTPConnection("127.0.0.1", self.etcd_port, timeout=TIME_LIMIT)
        connection.request("POST", f"/v3/kv/{operation}", json.dumps(body))
        reply = connection.getresponse()
        data = reply.read()
        connection.close()
        if reply.status != 200:
            raise UpgradeError(f"etcd answered {reply.status}: {data[:300]!r}")
        return json.loads(data)

    def keys(self, values: bool = False) -> dict[str, tuple[str, str]]:
        """The keys of etcd that hold objects, with their revisions and if wanted their values."""
        span = {"key": encoded("/registry/"), "range_end": encoded("/registry0"), "keys_only": not values}
        pairs = self.etcd("range", span).get("kvs", [])
        found = {base64.b64decode(pair["key"]).decode(): (pair["mod_revision"], pair.get("value", "")) for pair in pairs}
        return {key: item for key, item in found.items() if not key.startswith(RESTLESS)}

    def clean(self) -> None:
        """Removes everything that was written since the start, and waits until the API server has seen that."""
        clean_passes = 0
        pause = 0.3
        deadline = time.monotonic() + TIME_LIMIT
        while clean_passes < 2:
            now = self.keys()
            actions = [{"requestDeleteRange": {"key": encoded(key)}} for key in now.keys() - self.kept.keys()]
            changed = [key for key, item in self.kept.items() if now.get(key, ("",))[0] != item[0]]
            actions += [{"requestPut": {"key": encoded(key), "value": self.kept[key][1]}} for key in changed]
            for start in range(0, len(actions), 100):
                revision = self.etcd("txn", {"success": actions[start:start + 100]})["header"]["revision"]
                for action in actions[start:start + 100]:
                    if put := action.get("requestPut"):
                        self.kept[base64.b64decode(put["key"]).decode()] = (revision, put["value"])
            clean_passes = 0 if actions or self.served_groups() != self.groups else clean_passes + 1
            if time.monotonic() > deadline:
                raise UpgradeError(f"the server was not empty after {TIME_LIMIT} s: {len(actions)} keys, such as {actions[:1]}")
            time.sleep(pause)
            # A controller that has not seen every deletion yet writes its objects again.
            pause = min(pause * 1.5, 10)
        shutil.rmtree(self.directory / "kubectl-cache", ignore_errors=True)
        self.resources = {}

    def served_groups(self) -> set[str]:
        """The versions of the API that the server has."""
        groups = self.request("GET", "/apis")[1]["groups"]
        return {version["groupVersion"] for group in groups for version in group["versions"]}

    def resource(self, api_version: str, kind: str) -> dict | None:
        """The resource of a kind, if the server has it."""
        for is_fresh in (False, True):
            if is_fresh or api_version not in self.resources:
                prefix = "/api/" if "/" not in api_version else "/apis/"
                listed = self.request("GET", prefix + api_version)[1].get("resources", [])
                self.resources[api_version] = {entry["kind"]: entry for entry in listed if "/" not in entry["name"]}
            if found := self.resources[api_version].get(kind):
                return found
        return None

    def path(self, item: dict, with_name: bool = True, **query: str) -> str | None:
        """The path of an object, if the server has its kind; sets the namespace of an object that has none."""
        resource = self.resource(item["apiVersion"], item["kind"])
        if not resource:
            return None
        if resource["namespaced"]:
            item["metadata"].setdefault("namespace", "default")
        else:
            item["metadata"].pop("namespace", None)
        namespace = item["metadata"].get("namespace")
        parts = ["api" if "/" not in item["apiVersion"] else "apis", item["apiVersion"]]
        parts += ["namespaces", namespace] if namespace else []
        parts += [resource["name"]] + ([quote(item["metadata"]["name"], safe="")] if with_name else [])
        return "/" + "/".join(parts) + (f"?{urlencode(query)}" if query else "")

    def objects(self) -> dict[Key, dict]:
        """Every object but those that controllers derive from others, and those that were there before."""
        found: dict[Key, dict] = {}
        versions = ["/api/v1"]
        for group in self.request("GET", "/apis")[1]["groups"]:
            versions += [f"/apis/{version['groupVersion']}" for version in group["versions"]]
        seen: set[tuple[str, str]] = set()
        for prefix in versions:
            group = "" if prefix == "/api/v1" else prefix.split("/")[2]
            api_version = prefix.split("/", 2)[2]
            for resource in self.request("GET", prefix)[1].get("resources", []):
                name = resource["name"]
                if (group, name) in seen or "list" not in resource["verbs"] or "/" in name or name in UNLISTED:
                    continue
                seen.add((group, name))
                for item in self.request("GET", f"{prefix}/{name}")[1].get("items") or []:
                    item |= {"apiVersion": api_version, "kind": resource["kind"]}
                    if not is_derived(item):
                        found[key_of(item)] = item
        # Version 1.20 serves Ingresses in two groups.
        found = {key: item for key, item in found.items() if key[0] != "extensions"}
        return {key: item for key, item in found.items() if key not in self.given}


def encoded(text: str) -> str:
    """A text as the JSON gateway of etcd takes it."""
    return base64.b64encode(text.encode()).decode()


def is_derived(item: dict) -> bool:
    """Whether a controller has created an object, or the agent for itself."""
    metadata, kind = item["metadata"], item["kind"]
    name = metadata["name"]
    managers = {entry.get("manager") for entry in metadata.get("managedFields", [])}
    return bool(
        metadata.get("ownerReferences")
        # A claim of a StatefulSet.
        or (kind == "PersistentVolumeClaim" and managers == {"kube-controller-manager"})
        or (kind == "ConfigMap" and (name.endswith(".crt") or name.startswith("nest-bootstrap-")))
        or (kind == "ServiceAccount" and name == "default")
        or (kind == "Secret" and item.get("type") == "kubernetes.io/service-account-token" and "-token-" in name)
        or (kind == "APIService" and "kube-aggregator.kubernetes.io/automanaged" in metadata.get("labels", {}))
    )
