"""The programs that are compared: what they run, and how one sees that they did what they should."""
import json
import re
import shlex
import shutil
from abc import ABC, abstractmethod
from pathlib import Path

from benchmark.cluster import Cluster
from benchmark.processes import REPOSITORY, WORK, BenchError, run
from benchmark.recording import Recording, Replay


# The files of the agents, in memory like the records of a node below /run.
NODES = Path("/dev/shm/nest-bootstrap-bench")


class Contestant(ABC):
    """A program that is measured."""

    name: str

    def takes_part(self, case: str) -> bool:
        """Whether it can be measured in a case."""
        return True

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

    @property
    def node(self) -> Path:
        """The root of its files."""
        return NODES / self.name

    def command(self, case: str) -> list[str]:
        options = ["--config", f"{WORK}/etc/bootstrap.yaml", "--root", str(self.node)]
        return [str(self.program), "run", *options, "--role", "control-plane", "--output", "json"]

    def check(self, case: str, output: str) -> None:
        events = [json.loads(line) for line in output.splitlines()]
        verbs = {event["task"]: event["verb"] for event in events if event["event"] == "task-started"}
        outcomes = {event["task"]: event["outcome"] for event in events if event["event"] == "task-finished"}
        if "apply" not in verbs.values():
            raise BenchError(f"{self.name}: no task applied anything")
        for task, verb in verbs.items():
            if case == "fresh" and verb != "apply":
                continue
            expected = "changed" if case == "fresh" else "unchanged"
            if (outcome := outcomes.get(task)) != expected:
                raise BenchError(f"{self.name}: task '{task}' ended {outcome}; {expected} was expected")


class Kubectl(Contestant):
    """One kubectl apply of all objects; of those that need a CRD a second one, where that is not there yet."""

    name = "kubectl"

    def __init__(self, program: Path, cluster: Cluster, recording: Recording) -> None:
        self.recording = recording
        self.cache = WORK / f"{self.name}-cache"
        self.manifests = WORK / "manifests"
        kubeconfig = cluster.directory / "admin.kubeconfig"
        self.kubectl = [str(program), f"--kubeconfig={kubeconfig}", f"--cache-dir={self.cache}"]

    def prepare(self, case: str) -> None:
        if case == "fresh":
            shutil.rmtree(self.cache, ignore_errors=True)

    def command(self, case: str) -> list[str]:
        if case != "fresh":
            return self.apply(self.manifests / "together")
        steps = [
            self.apply(self.manifests / "together/objects"),
            self.wait(self.recording.needed_definitions),
            self.apply(self.manifests / "together/custom-resources"),
        ]
        return shell(steps)

    def apply(self, directory: Path) -> list[str]:
        """The command that applies all manifests below a directory."""
        apply = [*self.kubectl, "apply", "--server-side", "--field-manager=nest-bootstrap"]
        return [*apply, "--recursive", "--filename", str(directory)]

    def wait(self, definitions: list[str]) -> list[str]:
        """The command that waits until CRDs are served."""
        names = [f"crd/{name}" for name in definitions]
        return [*self.kubectl, "wait", *names, "--for=condition=Established", "--timeout=60s"]


class Script(Kubectl):
    """A script that runs kubectl for each task, as a unit for each of them would."""

    name = "script"

    def command(self, case: str) -> list[str]:
        steps = []
        for task in self.recording.tasks:
            steps += [[*self.kubectl, "get", "--raw=/readyz"], self.apply(self.manifests / "tasks" / task)]
            definitions = self.recording.definitions_of(task)
            steps += [self.wait(definitions)] if definitions else []
        return shell(steps)


class Curl(Contestant):
    """curl, with requests of a recording."""

    def __init__(self, name: str, program: Path, replays: dict[str, Replay]) -> None:
        self.name = name
        self.program = program
        self.replays = replays

    def write_configurations(self, cluster: Cluster) -> None:
        """Writes what curl reads for each case."""
        for case, replay in self.replays.items():
            replay.write_configuration(self.directory(case), cluster.url, cluster.directory / "pki")

    def takes_part(self, case: str) -> bool:
        return case in self.replays

    def directory(self, case: str) -> Path:
        """Where the configuration of a case is."""
        return WORK / case / self.name.replace(" ", "-")

    def command(self, case: str) -> list[str]:
        options = ["--disable", "--silent", "--show-error", "--parallel", "--parallel-max", "64"]
        return [str(self.program), *options, "--config", f"{self.directory(case)}/curl.conf"]

    def check(self, case: str, output: str) -> None:
        self.replays[case].check_replies(output, is_fresh=case == "fresh")


def shell(steps: list[list[str]]) -> list[str]:
    """A command that runs commands one after the other, until one fails."""
    return ["/bin/sh", "-c", " && ".join(shlex.join(step) for step in steps)]


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
        raise BenchError(f"no '{name}' on PATH; install it, as 'make bench' does")
    return Path(path)


def find_kubectl() -> Path:
    """The path of kubectl.

    The kubectl of Google's SDK is a dispatcher that asks the server for its version first, and then runs the program of
    that version. The one of its own version, which is beside it, is what kubectl is elsewhere.
    """
    path = find_program("kubectl")
    dispatcher = re.search(r"v(1\.\d+)\.\d+-dispatcher", run([str(path), "version", "--client"]))
    return path.resolve().with_name(f"kubectl.{dispatcher[1]}") if dispatcher else path
