"""What the commands that need no server cost."""
import re
import shutil
from pathlib import Path

from benchmark.processes import Sample, measure, run
from benchmark.quantities import UNITS, write_tasks

# The number of tasks in the file that the commands read.
TASK_COUNT = 50


def measure_commands(program: Path, peers: dict[str, Path], count: int) -> dict[str, list[Sample]]:
    """Measures each command once a round: those of the agent with a file of 50 tasks, which have run."""
    directory = write_tasks(TASK_COUNT)
    options = ["--config", f"{directory}/etc/bootstrap.yaml", "--root", f"{directory}/root"]
    run([str(program), "run", *options])
    shutil.rmtree(UNITS, ignore_errors=True)
    UNITS.mkdir()
    commands = {
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
