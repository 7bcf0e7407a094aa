"""The agent under test on a node of its own, and what must hold when it has ended."""
import asyncio
import dataclasses
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from cluster import REPOSITORY

PRODUCTS = [
    "etc/kubernetes/cluster-admin.kubeconfig", "etc/kubernetes/kube-proxy.kubeconfig", "etc/kubernetes/pki/ca.crt",
    "etc/kubernetes/pki/kube-proxy.crt", "etc/kubernetes/pki/kube-proxy.key", "opt/cni/bin/calico-ipam",
    "var/lib/cni/net.d/10-calico.conflist", "var/lib/cni/net.d/calico-kubeconfig",
]
# The timeouts of apply tasks in seconds, in a disturbed run and in the one after it, in which a server may need minutes
# to free the address of a Service whose request was cut off.
SHORT, LONG = 25, 900
# A run hangs if it takes ten minutes longer than this many timeouts of a task: at most five tasks wait for each other.
CHAIN = 6


class Failure(Exception):
    """What must not happen."""


@dataclasses.dataclass
class Result:
    """How a run has ended: its exit status, or 0 less the signal that ended it."""
    status: int
    output: str
    errors: str
    seconds: float
    # Whether it had to be killed.
    hangs: bool

    def text(self) -> str:
        """The end of its output, and its errors."""
        return "\n".join([*self.output.splitlines()[-12:], *self.errors.splitlines()[-12:]])

    def fault(self, allowed: tuple[int, ...] = (0,)) -> str:
        """What is wrong with the run, an empty text if nothing is; a run that may fail may succeed with warnings."""
        shown = f"\n{self.text()}"
        if self.hangs:
            return f"it hangs: killed after {self.seconds:.0f} s{shown}"
        if self.status not in allowed:
            return f"it ended with {self.status}{shown}"
        may_warn = len(allowed) > 1
        # Every run on Kubernetes 1.20 warns.
        lines = [line for line in self.errors.splitlines() if not line.endswith(" and later is supported")]
        if self.status == 0 and any(not may_warn or ": warning: " not in line for line in lines):
            return f"it succeeded and reports an error{shown}"
        if self.status == 1:
            vague = ("unknown error", "Fatal error", "unexpected error")
            begins = self.errors.startswith("nest-bootstrap: ") or ": error: " in self.errors
            if not begins or any(word in self.errors for word in vague):
                return f"it failed without a precise reason{shown}"
        return ""


class Node:
    """The files of a node in a directory."""

    def __init__(self, program: str, directory: Path, credentials: Path) -> None:
        self.program, self.directory, self.credentials = program, directory, credentials
        self.root = directory / "root"
        self.binary = "/run/current-system/sw/bin/calico"
        self.server = ""
        self.wrapper: list[str] = []
        self.environment: dict[str, str] = {}
        shutil.rmtree(directory, ignore_errors=True)
        (directory / "bootstrap.d").mkdir(parents=True)
        self.root.mkdir()
        text = (REPOSITORY / "examples/homelab/bootstrap.yaml").read_text()
        self.text = text.replace("\n    apply:\n", "\n    timeout: TIMEOUT\n    apply:\n")

    def write_task_file(self, timeout: int) -> None:
        """Writes the shipped task file, adapted to this cluster."""
        (self.directory / "bootstrap.yaml").write_text(self.text.replace("TIMEOUT", f"{timeout}s"))
        (self.directory / "bootstrap.d/50-chaos.yaml").write_text(
            f'cluster: {{certificateAuthority: "{self.credentials}/k8s-ca.crt", servers: "{self.server}"}}\n'
            f'variables: {{share: "{REPOSITORY}", credentials: "{self.credentials}", calicoBinary: "{self.binary}"}}\n'
        )

    async def start(self, timeout: int = SHORT) -> "Run":
        """Starts the agent."""
        self.write_task_file(timeout)
        words = [*self.wrapper, self.program, "run", "--role", "control-plane", "--config",
                 self.directory / "bootstrap.yaml", "--root", self.root]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("NEST_", "JOURNAL"))}
        return await Run.start(list(map(str, words)), environment | self.environment, CHAIN * timeout + 600)

    async def run(self, timeout: int = SHORT) -> Result:
        """Runs the agent to its end."""
        return await (await self.start(timeout)).result()

    def products(self) -> dict[str, bytes | None]:
        """The content of every file that the tasks write; of a link, its target."""
        return {path: content(self.root / path) for path in PRODUCTS}

    def leftovers(self) -> list[str]:
        """Temporary files that an earlier run has left."""
        return [str(path.relative_to(self.root)) for path in self.root.rglob("*.tmp")]


def content(path: Path) -> bytes | None:
    """The bytes of a file, the target of a link, nothing if there is none."""
    if path.is_symlink():
        return os.readlink(path).encode()
    return path.read_bytes() if path.exists() else None


class Run:
    """A started agent."""

    @classmethod
    async def start(cls, words: list[str], environment: dict[str, str], limit: float) -> "Run":
        """Starts it; its output goes to files, which no reader holds up."""
        self = cls()
        self.output, self.errors = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")
        self.since, self.limit = time.monotonic(), limit
        self.process = await asyncio.create_subprocess_exec(
            *words, env=environment, stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.errors
        )
        return self

    def signal(self, number: int) -> None:
        """Sends it a signal, if it still runs."""
        # Not with send_signal, which takes the exit status away from asyncio.
        if not isinstance(self.process.returncode, int):
            try:
                os.kill(self.process.pid, number)
            except ProcessLookupError:
                pass

    async def result(self) -> Result:
        """Waits for its end."""
        hangs = False
        try:
            status = await asyncio.wait_for(self.process.wait(), self.limit)
        except asyncio.TimeoutError:
            hangs = True
            self.signal(signal.SIGKILL)
            status = await self.process.wait()
        seconds = time.monotonic() - self.since
        texts = []
        for file in (self.output, self.errors):
            file.seek(0)
            texts.append(file.read())
            file.close()
        return Result(status, texts[0], texts[1], seconds, hangs)
