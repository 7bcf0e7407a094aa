"""Many agents at one API server, and the requests that it received from them."""
import json
import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

from benchmark.cluster import Cluster
from benchmark.contestants import write_task_file
from benchmark.processes import WORK, BenchError, run

CASES = ("wait", "apply")
DIRECTORY = WORK / "fleet"
# Of each request only who, what and when.
AUDIT_POLICY = """
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - {level: Metadata, users: [kubernetes-admin]}
  - {level: None}
"""
# What every agent of case `wait` waits for, and when it is made.
OBJECT = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "fleet", "namespace": "default"}}
OBJECT_DELAY = 60.0
# How long the agents have been waiting when the server starts.
SERVER_DELAY = 5.0
TIME_LIMIT = 900

Row = tuple[object, ...]


class Fleet:
    """Agents that start at once."""

    def __init__(self, program: Path, cluster: Cluster) -> None:
        self.program = program
        self.cluster = cluster

    def measure(self, cases: list[str], numbers: list[int]) -> list[Row]:
        """Runs every case with every number of agents."""
        rows: list[Row] = [(
            "case", "agents", "requests", "an agent", "most in 1 s", "most in 100 ms", "of them 429", "of them watches",
            "first to last agent s", "all done after s", "server CPU s", "agents' CPU s", "peak memory of an agent MiB",
        )]
        for case in cases:
            for number in numbers:
                rows.append((case, number, *self.run(case, number)))
        return rows

    def run(self, case: str, number: int) -> Row:
        """Starts the agents, then the server, and returns what was seen."""
        self.cluster.stop()
        self.cluster.empty()
        shutil.rmtree(DIRECTORY, ignore_errors=True)
        DIRECTORY.mkdir()
        self.write_task_file(case)
        agents: list[subprocess.Popen[bytes]] = []
        usage: list[tuple[float, float]] = []
        ends: dict[int, float] = {}
        try:
            for index in range(number):
                agents.append(self.start_agent(case, index))
            time.sleep(SERVER_DELAY)
            audit_log = DIRECTORY / "audit.log"
            self.cluster.start(audit_log, AUDIT_POLICY)
            ready = time.time()
            if case == "wait":
                time.sleep(OBJECT_DELAY)
                path = DIRECTORY / "object.json"
                path.write_text(json.dumps(OBJECT))
                run([*self.cluster.kubectl, "create", "--filename", str(path)])
            self.await_agents(agents, ends, usage)
            server_cpu = self.cluster.cpu_seconds("kube-apiserver")
        finally:
            for index, agent in enumerate(agents):
                if index not in ends:
                    os.killpg(agent.pid, signal.SIGKILL)
        # The log is complete once the server has ended.
        self.cluster.stop()
        requests, watches = read_log(audit_log)
        seconds = Counter(int(moment) for moment, _ in requests)
        moments = Counter(int(moment * 10) for moment, _ in requests)
        refused = sum(code == 429 for _, code in requests)
        return (
            f"{len(requests):,}", f"{len(requests) / number:.1f}", max(seconds.values()), max(moments.values()), refused, watches,
            f"{max(ends.values()) - min(ends.values()):.1f}", f"{max(ends.values()) - ready:.1f}", f"{server_cpu:.1f}",
            f"{sum(cpu for cpu, _ in usage):.1f}", f"{max(memory for _, memory in usage):.0f}",
        )

    def write_task_file(self, case: str) -> None:
        """Writes the task file of the agents."""
        write_task_file(self.cluster)
        if case == "wait":
            (WORK / "etc/bootstrap.d/60-fleet.yaml").write_text(
                "tasks:\n"
                "  fleet:\n"
                "    roles: [worker]\n"
                "    timeout: 1h\n"
                "    wait:\n"
                "      object: {apiVersion: v1, kind: ConfigMap, name: fleet, namespace: default}\n"
                f"      kubeconfig: {self.cluster.directory}/admin.kubeconfig\n"
            )

    def start_agent(self, case: str, index: int) -> subprocess.Popen[bytes]:
        """Starts an agent, which is not waited for."""
        directory = DIRECTORY / f"{index:04}"
        directory.mkdir()
        role = "worker" if case == "wait" else "control-plane"
        options = ["--config", f"{WORK}/etc/bootstrap.yaml", "--root", str(directory), "--role", role]
        tasks = ["--task", "fleet"] if case == "wait" else []
        with (directory / "output").open("w") as output:
            return subprocess.Popen(
                [str(self.program), "run", *options, *tasks], env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True,
            )

    def await_agents(
        self, agents: list[subprocess.Popen[bytes]], ends: dict[int, float], usage: list[tuple[float, float]]
    ) -> None:
        """Waits until every agent has succeeded; adds when each had, and its CPU s and peak MiB."""
        limit = time.time() + TIME_LIMIT
        while len(ends) < len(agents):
            if time.time() > limit:
                raise BenchError(f"{len(agents) - len(ends)} of {len(agents)} agents did not end within {TIME_LIMIT} s")
            time.sleep(0.02)
            for index, agent in enumerate(agents):
                if index in ends:
                    continue
                pid, status, used = os.wait4(agent.pid, os.WNOHANG)
                if pid == 0:
                    continue
                agent.returncode = os.waitstatus_to_exitcode(status)
                ends[index] = time.time()
                if agent.returncode != 0:
                    text = (DIRECTORY / f"{index:04}/output").read_text()
                    raise BenchError(f"agent {index} ended with {agent.returncode}:\n{text[-2000:]}")
                usage.append((used.ru_utime + used.ru_stime, used.ru_maxrss / 1024))


def read_log(audit_log: Path) -> tuple[list[tuple[float, int]], int]:
    """The times and status codes of the agents' requests, and how many of them are watches."""
    requests: dict[str, tuple[float, int]] = {}
    watches = set()
    for line in audit_log.read_text().splitlines():
        event = json.loads(line)
        if event["userAgent"] != "nest-bootstrap":
            continue
        moment = datetime.fromisoformat(event["requestReceivedTimestamp"].replace("Z", "+00:00")).timestamp()
        # A watch has an event when it begins and one when it ends.
        requests.setdefault(event["auditID"], (moment, event["responseStatus"]["code"]))
        if event["verb"] == "watch":
            watches.add(event["auditID"])
    return list(requests.values()), len(watches)
