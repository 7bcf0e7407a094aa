"""The servers that are measured on."""
import os
import shutil
from pathlib import Path

from benchmark.processes import REPOSITORY, WORK, run

SCRIPTS = REPOSITORY / "Tests/cluster"
DIRECTORY = WORK / "cluster"
# The data of etcd before anything was applied.
EMPTY_DATA = WORK / "empty-etcd"
# Every request of the agent, with the body that it sent.
AUDIT_POLICY = """
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - {level: Request, users: [kubernetes-admin]}
  - {level: None}
"""


def apiservers() -> list[Path]:
    """The kube-apiservers that the tests run on."""
    return [Path(line) for line in run([str(SCRIPTS / "servers")]).splitlines()]


def remove_cluster() -> None:
    """Ends the servers, also those of an earlier benchmark that was killed, and removes their data."""
    if (DIRECTORY / "ports").exists():
        run([str(SCRIPTS / "down"), str(DIRECTORY)])
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    shutil.rmtree(EMPTY_DATA, ignore_errors=True)


class Cluster:
    """An etcd and a kube-apiserver without a controller manager, whose status updates would disturb the samples."""

    def __init__(self, apiserver: Path) -> None:
        self.directory = DIRECTORY
        self.environment = os.environ | {"KUBE_APISERVER": str(apiserver)}
        self.version = run([str(apiserver), "--version"]).strip()

    def create(self) -> None:
        """Makes the cluster, which ends with this process, and keeps its data as it is before anything is applied."""
        self.script("up", "--no-controller-manager", "--with", str(os.getpid()))
        self.stop()
        shutil.copytree(self.directory / "etcd", EMPTY_DATA)

    def start(self, audit_log: Path | None = None) -> None:
        """Starts the servers, and waits until they are ready."""
        flags = []
        if audit_log:
            policy = audit_log.with_name("audit-policy.yaml")
            policy.write_text(AUDIT_POLICY)
            flags = ["--", f"--audit-policy-file={policy}", f"--audit-log-path={audit_log}"]
        self.script("start", "--no-controller-manager", *flags)

    def restart_empty(self) -> None:
        """Starts the servers again with the data from before anything was applied."""
        self.script("stop", "--now")
        shutil.rmtree(self.directory / "etcd")
        shutil.copytree(EMPTY_DATA, self.directory / "etcd")
        self.start()

    def stop(self) -> None:
        """Stops the servers and keeps their data."""
        self.script("stop")

    @property
    def url(self) -> str:
        """The URL of the API server."""
        lines = (self.directory / "env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)["NEST_SERVER"]

    @property
    def kubectl(self) -> list[str]:
        """The beginning of a command of kubectl as administrator."""
        return ["kubectl", f"--kubeconfig={self.directory}/admin.kubeconfig", f"--cache-dir={WORK}/kubectl-cache"]

    def script(self, name: str, *arguments: str) -> None:
        """Runs a script of Tests/cluster on this cluster."""
        run([str(SCRIPTS / name), str(self.directory), *arguments], self.environment)
