"""What the agent sent in one run, read from the API server's audit log, and written for kubectl and curl."""
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.processes import BenchError

# The HTTP methods of the audit log's verbs that can be replayed.
METHODS = {"get": "GET", "list": "GET", "patch": "PATCH"}


@dataclass
class Request:
    """A request of the agent and the status of its reply."""

    method: str
    uri: str
    body: str | None
    status: int

    @property
    def is_write(self) -> bool:
        """Whether the request asks for more than a reading or a dry run."""
        return self.method != "GET" and "dryRun=All" not in self.uri

    @property
    def path(self) -> str:
        """The URI without its query."""
        return self.uri.partition("?")[0]


class Recording:
    """The requests of one run, in the order in which they arrived, the last of the objects sent to each path."""

    def __init__(self, audit_log: Path) -> None:
        events = [json.loads(line) for line in audit_log.read_text().splitlines()]
        events = [event for event in events if event["userAgent"] == "nest-bootstrap"]
        events.sort(key=lambda event: event["requestReceivedTimestamp"])
        self.requests = [request_of(event) for event in events]
        self.objects = {request.path: request.body for request in self.requests if request.body}
        bodies = [json.loads(body) for body in self.objects.values()]
        definitions = [body for body in bodies if body["kind"] == "CustomResourceDefinition"]
        self.groups = {body["spec"]["group"] for body in definitions}
        # The paths of the objects of each task, in the order in which the tasks first sent one.
        self.tasks: dict[str, list[str]] = {}
        for path, body in self.objects.items():
            self.tasks.setdefault(json.loads(body)["metadata"]["annotations"]["nest-bootstrap/task"], []).append(path)
        # The names of the CRDs that have a custom resource among the objects.
        plurals = {path.split("/")[-2] for path in self.objects if self.is_custom(path)}
        self.needed_definitions = [
            body["metadata"]["name"] for body in definitions if body["spec"]["names"]["plural"] in plurals
        ]

    @property
    def patches(self) -> list[Request]:
        """The requests that send an object."""
        return [request for request in self.requests if request.method == "PATCH"]

    @property
    def readings(self) -> list[Request]:
        """A GET of each object; the agent reads many objects of a kind by lists."""
        return [Request("GET", path, None, 200) for path in self.objects]

    def definitions_of(self, task: str) -> list[str]:
        """The CRDs among the objects of a task."""
        return [path.split("/")[-1] for path in self.tasks[task] if "/customresourcedefinitions/" in path]

    def is_custom(self, path: str) -> bool:
        """Whether a path is one of a custom resource, or of its group."""
        prefix, group = path.split("/")[1:3] if path.count("/") > 1 else ("", "")
        return prefix == "apis" and group in self.groups

    def write_manifests(self, directory: Path) -> None:
        """Writes the objects as files, the custom resources into a directory of their own."""
        for index, (path, body) in enumerate(self.objects.items()):
            task = next(task for task, paths in self.tasks.items() if path in paths)
            kind = "custom-resources" if self.is_custom(path) else "objects"
            for target in (directory / "together" / kind, directory / "tasks" / task):
                target.mkdir(parents=True, exist_ok=True)
                (target / f"{index:03}.json").write_text(body)


class Replay:
    """Requests of a recording, all at once over one connection, as curl sends them."""

    def __init__(self, recording: Recording, requests: list[Request]) -> None:
        self.recording = recording
        self.requests = requests

    def write_configuration(self, directory: Path, server: str, credentials: Path) -> None:
        """Writes curl.conf, with a section for each request, and the bodies that it names."""
        directory.mkdir(parents=True, exist_ok=True)
        sections = []
        for index, request in enumerate(self.requests):
            options = [
                *common_options(server + request.uri, credentials),
                ("request", request.method),
                ("write-out", f"{index} %{{http_code}} %{{num_connects}} %{{http_version}}\n"),
            ]
            if request.body:
                body = directory / f"body-{index:03}.json"
                body.write_text(request.body)
                options.append(("header", "Content-Type: application/apply-patch+yaml"))
                options.append(("header", "Expect:"))
                options.append(("data-binary", f"@{body}"))
            sections.append(options)
        write_sections(directory / "curl.conf", sections)

    def check_replies(self, output: str, is_fresh: bool) -> None:
        """Makes sure that curl used one HTTP/2 connection and got the replies that the agent got."""
        replies = [line.split() for line in output.splitlines()]
        connection_count = sum(int(count) for _, _, count, _ in replies)
        versions = {version for _, _, _, version in replies}
        if len(replies) != len(self.requests) or connection_count != 1 or versions != {"2"}:
            summary = f"{len(replies)} replies over {connection_count} connections of HTTP/{', '.join(versions)}"
            raise BenchError(f"curl: {summary}; {len(self.requests)} over one of HTTP/2 were expected")
        for index, status, _, _ in replies:
            request = self.requests[int(index)]
            # An object that one of the two runs created may exist in the other.
            is_same = int(status) == request.status or {int(status), request.status} == {200, 201}
            if not (is_same or is_fresh and self.is_expected_when_fresh(request, int(status))):
                expected = f"the agent got {request.status}"
                raise BenchError(f"curl: {request.method} {request.uri} was answered {status}; {expected}")

    def is_expected_when_fresh(self, request: Request, status: int) -> bool:
        """Whether a reply that differs from the agent's can come from sending all requests at once.

        What reads may come before what creates or after it. Of custom resources any status is expected, as curl does
        not wait until their CRDs are established.
        """
        return self.recording.is_custom(request.path) or request.method == "GET" and status in (200, 404)


def common_options(url: str, credentials: Path) -> list[tuple[str, str]]:
    """The options of curl for a request to a URL."""
    return [
        ("url", url),
        # The audit log has no headers; Sources/Kubernetes/Server/APIClient.swift sends these.
        ("header", "Accept: application/json"),
        ("user-agent", "nest-bootstrap"),
        ("cacert", f"{credentials}/k8s-ca.crt"),
        ("cert", f"{credentials}/kube-admin.crt"),
        ("key", f"{credentials}/kube-admin.key"),
        ("output", "/dev/null"),
    ]


def write_sections(path: Path, sections: list[list[tuple[str, str]]]) -> None:
    """Writes a configuration of curl with a section for each transfer."""
    texts = ["".join(f"{name} = {quoted(value)}\n" for name, value in options) for options in sections]
    path.write_text("next\n".join(texts))


def request_of(event: dict[str, Any]) -> Request:
    """Reads an event of the audit log."""
    body = event.get("requestObject")
    if body:
        # With a resource version, a request succeeds in one state of the server; those of kubectl and curl must in any.
        body["metadata"].pop("resourceVersion", None)
    method = METHODS.get(event["verb"])
    if not method:
        raise BenchError(f"no way is known to replay the agent's '{event['verb']}' of {event['requestURI']} with curl")
    return Request(
        method=method,
        uri=event["requestURI"],
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")) if body else None,
        status=event["responseStatus"]["code"],
    )


def quoted(value: str) -> str:
    """A value as curl's configuration has it."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
