"""How soon a first run writes after the API server has started."""
import http.client
import json
import os
import random
import shutil
import subprocess
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmark.cluster import Cluster
from benchmark.contestants import Agent
from benchmark.definitions import PAUSE, administrator, ask, connection
from benchmark.processes import WORK, BenchError

# The server starts this many seconds after the agent, at random.
LATEST_START = 3.0
TIME_LIMIT = 120


def measure_start(cluster: Cluster, agent: Agent) -> dict[str, float]:
    """Starts the agent and at a random moment an empty server; milliseconds from its first ok of /readyz.

    `write` is when the first request that writes was received, `end` when the last one was answered, both by the
    server's audit log. The first ok is that of this process, which asks every few milliseconds, or of the agent.
    """
    directory = WORK / "start"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    cluster.script("stop", "--now")
    cluster.empty()
    agent.prepare("fresh")
    with (directory / "agent.out").open("w") as output:
        environment = {"PATH": os.environ["PATH"], "HOME": str(WORK)}
        process = subprocess.Popen(
            agent.command("fresh"), env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        time.sleep(random.uniform(0, LATEST_START))
        cluster.start(audit_log=directory / "audit.log", waits=False)
        ready = first_ok(cluster)
        code = process.wait(timeout=TIME_LIMIT)
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"the agent did not end within {TIME_LIMIT} s") from error
    finally:
        process.kill()
        process.wait()
    text = (directory / "agent.out").read_text()
    if code != 0:
        raise BenchError(f"the agent ended with {code}:\n{text[-2000:]}")
    agent.check("fresh", text)
    cluster.stop()
    return times(directory / "audit.log", ready)


def first_ok(cluster: Cluster) -> float:
    """Asks /readyz until it is ok, and returns the time."""
    end = time.monotonic() + TIME_LIMIT
    server = connection(cluster.url, administrator(cluster.directory / "pki"))
    while time.monotonic() < end:
        try:
            if ask(server, "GET", "/readyz")[0] == 200:
                return time.time()
        except (OSError, http.client.HTTPException):
            server.close()
        time.sleep(PAUSE)
    raise BenchError(f"the server was not ready within {TIME_LIMIT} s")


def times(audit_log: Path, ready: float) -> dict[str, float]:
    """Reads the milliseconds from the audit log."""
    events = [json.loads(line) for line in audit_log.read_text().splitlines()]
    events = [event for event in events if event.get("userAgent") == "nest-bootstrap"]
    writes = [event for event in events if event["verb"] in ("patch", "create", "update") and is_write(event)]
    first = min(instant(event["requestReceivedTimestamp"]) for event in writes)
    last = max(instant(event["stageTimestamp"]) for event in writes)
    # The agent asks until it is ok. The codes say nothing: those of a failing /readyz are 200 in the audit log of 1.20.
    asked = [instant(event["stageTimestamp"]) for event in events if event["requestURI"].startswith("/readyz")]
    ready = min(ready, max(time for time in asked if time < first))
    return {"write": (first - ready) * 1000, "end": (last - ready) * 1000}


def is_write(event: dict[str, Any]) -> bool:
    """Whether a request is more than a dry run."""
    return "dryRun=All" not in event["requestURI"]


def instant(text: str) -> float:
    """A time of the audit log in seconds."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
