"""The files in which mistakes are made, and who says what is wrong with them."""
import json
import subprocess
from pathlib import Path


class CampaignError(Exception):
    """A reason for which a campaign cannot continue."""


class TaskFile:
    """A task file, checked as on a control plane; its plan says whether two texts mean the same."""

    def __init__(self, program: Path, source: Path, directory: Path) -> None:
        self.program, self.file, self.name = program, directory / "bootstrap.yaml", source.name
        self.text = source.read_text()
        self.edited = self.file
        self.edited.write_text(self.text)
        self.unchanged = self.meaning()

    def call(self, command: str, *flags: str | Path) -> subprocess.CompletedProcess:
        """Runs a command of the agent."""
        words = [self.program, command, "--config", self.file, "--role", "control-plane", "--host-name", "cp1", "--output", "json"]
        return subprocess.run([*words, *flags], capture_output=True, text=True, check=False)

    def check(self, *flags: str) -> list[dict]:
        """The problems of the file."""
        done = self.call("check", "--offline", *flags)
        if not done.stdout.startswith("{"):
            raise CampaignError(f"{self.file}: check exited with {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)["problems"]

    def meaning(self) -> str:
        """The plan."""
        return self.call("graph").stdout

    def accepts(self) -> tuple[bool, str]:
        """Whether the file means what it meant, and how it differs."""
        return self.meaning() == self.unchanged, "another plan"


class Manifest(TaskFile):
    """A manifest, checked without a server; kubectl and the server say whether it is valid."""

    def __init__(self, program: Path, source: Path, directory: Path, kubeconfig: Path, version: str) -> None:
        self.kubeconfig, self.version = kubeconfig, version
        self.manifest = directory / "manifest.yaml"
        self.manifest.write_text(source.read_text())
        task_file = directory / "task.yaml"
        task_file.write_text("tasks:\n  a: {apply: {kubeconfig: /etc/kubernetes/admin.conf, manifests: [manifest.yaml]}}\n")
        super().__init__(program, task_file, directory)
        self.name, self.text, self.edited = source.name, source.read_text(), self.manifest

    def check(self, *flags: str) -> list[dict]:
        """The problems of the manifest on a server of the version."""
        return super().check("--server-version", self.version, *flags)

    def kubectl(self, *words: str | Path) -> subprocess.CompletedProcess:
        """Runs kubectl as administrator."""
        call = ["kubectl", f"--kubeconfig={self.kubeconfig}", f"--cache-dir={self.kubeconfig.parent}/kubectl-cache", *words]
        return subprocess.run(call, capture_output=True, text=True, check=False)

    def prepare(self) -> None:
        """Creates the namespaces and definitions of the manifest, which its other objects need in a dry run."""
        done = self.kubectl("create", "-f", self.manifest, "--dry-run=client", "-o", "json")
        items, rest = [], done.stdout
        decoder = json.JSONDecoder()
        while rest.strip():
            value, end = decoder.raw_decode(rest.lstrip())
            items += value.get("items", [value])
            rest = rest.lstrip()[end:]
        wanted = [item for item in items if item["kind"] in ("Namespace", "CustomResourceDefinition")]
        if not items:
            raise CampaignError(f"{self.name}: kubectl reads no object: {done.stderr}")
        file = self.manifest.with_suffix(".json")
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": wanted}))
        self.kubectl("apply", "--server-side", "-f", file)
        accepted, message = self.accepts()
        if not accepted:
            raise CampaignError(f"{self.name}: the server refuses it before any edit: {message}")

    def accepts(self) -> tuple[bool, str]:
        """Whether kubectl and the server accept the manifest, and what they answer if not."""
        done = self.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", self.manifest)
        lines = [line for line in done.stderr.splitlines() if line and not line.startswith("Warning")]
        return done.returncode == 0, lines[0][:400] if lines else ""
