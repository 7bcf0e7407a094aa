"""The programs that are compared: what they run, and how one sees that they did what they should."""
import json
import re
import shlex
import shutil
from abc import ABC, abstractmethod
from pathlib import Path

from benchmark.cluster import Cluster
from benchmark.processes import REPOSITORY, WORK, BenchError, run
from benchmark.recording import Recording


class Contestant(ABC):
    """A program that is measured."""

    name: str

    def prepare(self, case: str) -> None:
        """Does what must be done before every run and is not measured."""

    @abstractmethod
    def command(self, case: str) -> list[str]:
        """The command of a run."""

    def check(self, case: str, output: str) -> None:
        """Makes sure that a run that succeeded did what it should."""


class Agent(Contestant):
    """A build of nest-bootstrap, with node files of its own."""

    def __init__(self, name: str, program: Path) -> None:
        self.name = name
        self.program = program

    def command(self, case: str) -> list[str]:
        options = ["--config", f"{WORK}/etc/bootstrap.yaml", "--root", f"{WORK}/node-{self.name}"]
        return [str(self.program), *options, "--role", "control-plane", "--output", "json", "run"]

    def check(self, case: str, output: str) -> None:
        events = [json.loads(line) for line in output.splitlines()]
        verbs = {event["task"]: event["verb"] for event in events if event["event"] == "task-started"}
        outcomes = {event["task"]: event["outcome"] for event in events if event["event"] == "task-finished"}
        if "apply" not in verbs.values():
            raise BenchError(f"{self.name}: no task applied anything")
        for task, verb in verbs.items():
            if case == "fresh" and verb != "apply":
                continue
            expected = "unchanged" if case == "warm" else "changed"
            if (outcome := outcomes.get(task)) != expected:
                raise BenchError(f"{self.name}: task '{task}' ended {outcome}; {expected} was expected")


class Kubectl(Contestant):
    """kubectl, with the objects of the recordings."""

    name = "kubectl"

    def __init__(self, program: Path, cluster: Cluster, recordings: dict[str, Recording]) -> None:
        self.recordings = recordings
        self.cache = WORK / "kubectl-cache"
        kubeconfig = cluster.directory / "admin.kubeconfig"
        self.kubectl = [str(program), f"--kubeconfig={kubeconfig}", f"--cache-dir={self.cache}"]

    def prepare(self, case: str) -> None:
        if case == "fresh":
            shutil.rmtree(self.cache, ignore_errors=True)

    def command(self, case: str) -> list[str]:
        apply = [*self.kubectl, "apply", "--server-side", "--field-manager=nest-bootstrap"]
        if case == "warm":
            return [*apply, "--dry-run=server", "--recursive", "--filename", f"{WORK}/{case}/manifests"]
        definitions = [f"crd/{name}" for name in self.recordings[case].needed_definitions]
        steps = [
            [*apply, "--filename", f"{WORK}/{case}/manifests/objects"],
            [*self.kubectl, "wait", *definitions, "--for=condition=Established", "--timeout=60s"],
            [*apply, "--filename", f"{WORK}/{case}/manifests/custom-resources"],
        ]
        return ["/bin/sh", "-c", " && ".join(shlex.join(step) for step in steps)]


class Curl(Contestant):
    """curl, with the requests of the recordings."""

    name = "curl"

    def __init__(self, program: Path, recordings: dict[str, Recording]) -> None:
        self.program = program
        self.recordings = recordings

    def command(self, case: str) -> list[str]:
        options = ["--disable", "--silent", "--show-error", "--parallel", "--parallel-max", "64"]
        return [str(self.program), *options, "--config", f"{WORK}/{case}/curl/curl.conf"]

    def check(self, case: str, output: str) -> None:
        self.recordings[case].check_replies(output, is_fresh=case == "fresh")


def write_task_file(cluster: Cluster) -> None:
    """Writes the configuration of the agents: the one that is shipped and what differs on this cluster."""
    drop_ins = WORK / "etc/bootstrap.d"
    drop_ins.mkdir(parents=True, exist_ok=True)
    shutil.copy(REPOSITORY / "examples/homelab/bootstrap.yaml", WORK / "etc")
    shutil.copy(cluster.directory / "drop-in.yaml", drop_ins / "50-bench.yaml")


def find_program(name: str) -> Path:
    """The path of a program on PATH."""
    path = shutil.which(name)
    if not path:
        raise BenchError(f"no {name} on PATH")
    return Path(path)


def find_kubectl() -> Path:
    """The path of kubectl.

    The kubectl of Google's SDK is a dispatcher that asks the server for its version first, and then runs the program of
    that version. The one of its own version, which is beside it, is what kubectl is elsewhere.
    """
    path = find_program("kubectl")
    dispatcher = re.search(r"v(1\.\d+)\.\d+-dispatcher", run([str(path), "version", "--client"]))
    return path.resolve().with_name(f"kubectl.{dispatcher[1]}") if dispatcher else path
