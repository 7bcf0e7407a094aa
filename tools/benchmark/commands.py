"""What the commands that need no server cost, and the reading of a large manifest."""
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from benchmark.processes import REPOSITORY, Sample, measure, run
from benchmark.quantities import UNITS, write_tasks

PROGRAMS = REPOSITORY / ".build/bench-programs"
# Tasks of the file that the commands read.
TASK_COUNT = 50
# The manifest that is read, of 300 KB; it is among the files that the tests use.
MANIFEST = REPOSITORY / "../shared/inputs/calico-crds-v3.29.3.yaml"


def build(product: str) -> Path:
    """Builds a program of Tests/Benchmark and returns its path."""
    options = ["--explicit-target-dependency-import-check", "error", "--scratch-path", str(PROGRAMS)]
    print(f"bench: building {product}", file=sys.stderr, flush=True)
    command = ["swift", "build", "-c", "release", "--static-swift-stdlib", *options, "--product", product]
    run(command, os.environ | {"NEST_BENCH": "1"})
    return PROGRAMS / "release" / product


def measure_commands(program: Path, peers: dict[str, Path], count: int) -> dict[str, list[Sample]]:
    """Measures each command once a round: those of the agent with a file of 50 tasks, which have run."""
    directory = write_tasks(TASK_COUNT)
    options = ["--config", f"{directory}/etc/bootstrap.yaml", "--root", f"{directory}/root"]
    run([str(program), "run", *options])
    shutil.rmtree(UNITS, ignore_errors=True)
    UNITS.mkdir()
    commands = {
        "empty Swift program": [str(build("empty"))],
        "--version": [str(program), "--version"],
        "status": [str(program), "status", *options],
        "graph": [str(program), "graph", *options],
        "check": [str(program), "check", *options],
        "units (the generator)": [str(program), "units", *options, str(UNITS)],
        "curl --version": [str(peers["curl"]), "--version"],
        "kubectl version --client": [str(peers["kubectl"]), "version", "--client"],
    }
    samples: dict[str, list[Sample]] = {name: [] for name in commands}
    for number in range(count):
        names = list(commands) if number % 2 == 0 else list(commands)[::-1]
        for name in names:
            sample, _ = measure(re.sub(r"\W+", "-", name), commands[name])
            samples[name].append(sample)
    shutil.rmtree(UNITS)
    return samples


def measure_reading(count: int) -> dict[str, Any] | None:
    """Milliseconds of libyaml's event loop and of reading to JSON, `None` without a manifest to read."""
    if not MANIFEST.exists():
        print(f"bench: case reading is skipped: there is no '{MANIFEST}'", file=sys.stderr, flush=True)
        return None
    return json.loads(run([str(build("yaml-speed")), str(MANIFEST), str(count)]))
