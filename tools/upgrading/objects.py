"""Objects of manifests and of servers, and how they differ."""
import json
from pathlib import Path

import yaml

# What a server or a controller gives an object.
GIVEN = {"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink"}
# Labels and annotations of the agent and of controllers.
MARKS = {
    "nest-bootstrap/manifest",
    "nest-bootstrap/task",
    "deployment.kubernetes.io/revision",
    "deprecated.daemonset.template.generation",
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
}
ALLOCATED = {"clusterIP", "clusterIPs", "nodePort", "healthCheckNodePort"}


class Loader(yaml.CSafeLoader):
    """A loader that leaves dates texts, as those of Kubernetes do."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(("timestamp", "value"))]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def manifests(directory: Path) -> list[dict]:
    """The objects of a directory's files, without those that describe the same object again."""
    found: dict[tuple, dict] = {}
    for path in sorted(directory.iterdir()):
        if path.suffix not in (".yaml", ".yml", ".json"):
            continue
        for document in yaml.load_all(path.read_text(), Loader):
            if not isinstance(document, dict):
                continue
            items = document["items"] if document["kind"].endswith("List") and "items" in document else [document]
            for item in items:
                metadata = item["metadata"]
                found[item["apiVersion"], item["kind"], metadata.get("namespace"), metadata["name"]] = item
    return list(found.values())


def settled(item: dict) -> dict:
    """An object without what differs between two servers that have been given the same manifest."""
    body = {key: value for key, value in item.items() if key not in ("status", "metadata")}
    metadata = {key: value for key, value in item["metadata"].items() if key not in GIVEN}
    body["metadata"] = metadata
    for name in ("labels", "annotations"):
        values = {key: value for key, value in (metadata.pop(name, None) or {}).items() if key not in MARKS}
        if values.get("app.kubernetes.io/managed-by") == "nest-bootstrap":
            del values["app.kubernetes.io/managed-by"]
        if values:
            metadata[name] = values
    kind = item["kind"]
    if kind == "Service":
        spec = {key: value for key, value in item["spec"].items() if key not in ALLOCATED or value == "None"}
        ports = [{key: value for key, value in port.items() if key != "nodePort"} for port in spec.get("ports", [])]
        body["spec"] = spec | ({"ports": ports} if ports else {})
    elif kind == "ServiceAccount":
        # Secrets with tokens, which servers until 1.23 create.
        secrets = [entry for entry in body.pop("secrets", []) if "-token-" not in entry["name"]]
        body |= {"secrets": secrets} if secrets else {}
    elif kind == "ClusterRole" and item.get("aggregationRule"):
        del body["rules"]
    elif kind == "Job":
        body = without_uids(body)
    return body


def without_uids(node):
    """A value without the labels that the server makes of a Job's UID."""
    if isinstance(node, dict):
        return {key: without_uids(value) for key, value in node.items() if key not in MARKS}
    return [without_uids(value) for value in node] if isinstance(node, list) else node


def differences(one, other, path: str = "") -> list[str]:
    """The fields in which two values differ, with both values."""
    if isinstance(one, dict) and isinstance(other, dict):
        found = []
        for key in sorted(one.keys() | other.keys()):
            if key not in one or key not in other:
                value = one.get(key, other.get(key))
                found.append(f"{path}.{key} {'is missing' if key not in one else 'is more'}: {shortened(value)}")
            else:
                found += differences(one[key], other[key], f"{path}.{key}")
        return found
    if isinstance(one, list) and isinstance(other, list):
        if len(one) == len(other):
            found = [line for i, pair in enumerate(zip(one, other)) for line in differences(*pair, f"{path}[{i}]")]
            if found and sorted(map(canonical, one)) == sorted(map(canonical, other)):
                return [f"{path} has another order: {shortened(one)} instead of {shortened(other)}"]
            return found
        return [f"{path} is {shortened(one)} instead of {shortened(other)}"]
    return [] if one == other and type(one) is type(other) else [f"{path} is {shortened(one)} instead of {shortened(other)}"]


def canonical(value) -> str:
    """A value as a text that has one form."""
    return json.dumps(value, sort_keys=True)


def shortened(value) -> str:
    """A value, cut off where it is long."""
    text = canonical(value)
    return text if len(text) <= 300 else text[:300] + "..."
