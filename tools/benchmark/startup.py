"""How soon a first run writes after the API server has started."""
import json
import random
import shutil
import subprocess
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmark.cluster import Cluster
from benchmark.contestants import Agent
from benchmark.processes import WORK, BenchError

# The server starts this many seconds after the agent, at random.
LATEST_START = 3.0
TIME_LIMIT = 120


def measure_start(cluster: Cluster, agent: Agent) -> dict[str, float]:
    """Starts the agent and at a random moment an empty server; milliseconds from its first ok of /readyz.

    The times are those of the server's audit log: `write` is when the first request that writes was received, `end` when
    the last one was answered.
    """
    directory = WORK / "start"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    cluster.script("stop", "--now")
    cluster.empty()
    agent.prepare("fresh")
    with (directory / "agent.out").open("w") as output:
        process = subprocess.Popen(agent.command("fresh"), stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        time.sleep(random.uniform(0, LATEST_START))
        cluster.start(audit_log=directory / "audit.log")
        code = process.wait(timeout=TIME_LIMIT)
    finally:
        process.kill()
        process.wait()
    text = (directory / "agent.out").read_text()
    if code != 0:
        raise BenchError(f"the agent ended with {code}:\n{text[-2000:]}")
    agent.check("fresh", text)
    cluster.stop()
    return times(directory / "audit.log")


def times(audit_log: Path) -> dict[str, float]:
    """Reads the milliseconds from the audit log."""
    events = [json.loads(line) for line in audit_log.read_text().splitlines()]
    events = [event for event in events if event["userAgent"] == "nest-bootstrap"]
    ready = min(
        instant(event["stageTimestamp"]) for event in events
        if event["requestURI"].startswith("/readyz") and event["responseStatus"]["code"] == 200
    )
    writes = [event for event in events if event["verb"] in ("patch", "create", "update") and is_write(event)]
    first = min(instant(event["requestReceivedTimestamp"]) for event in writes)
    last = max(instant(event["stageTimestamp"]) for event in writes)
    return {"write": (first - ready) * 1000, "end": (last - ready) * 1000}


def is_write(event: dict[str, Any]) -> bool:
    """Whether a request is more than a dry run."""
    return "dryRun=All" not in event["requestURI"]


def instant(text: str) -> float:
    """A time of the audit log in seconds."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
