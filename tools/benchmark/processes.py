"""Where the benchmark keeps its files, and how it runs other programs."""
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TextIO

REPOSITORY = Path(__file__).resolve().parents[2]
WORK = REPOSITORY / ".build/bench"
# In seconds, for any program that is run.
TIME_LIMIT = 300

# Wall ms, CPU ms and peak RSS in MiB of one run.
Sample = tuple[float, float, float]


class BenchError(Exception):
    """A reason to end without a result."""


def run(command: list[str], environment: dict[str, str] | None = None) -> str:
    """Runs a command that must succeed and returns its standard output."""
    # Not through a pipe: the servers that a script starts would keep it open.
    output, errors = WORK / "output", WORK / "errors"
    with output.open("w") as out, errors.open("w") as err:
        code = finish(command, environment, out, err)
    text = output.read_text()
    if code != 0:
        raise BenchError(f"'{' '.join(command)}' ended with {code}:\n{text}{errors.read_text()}")
    return text


def measure(name: str, command: list[str]) -> tuple[Sample, str]:
    """Runs a contestant's command once and returns what it cost and what it printed."""
    logs = WORK / "logs"
    logs.mkdir(exist_ok=True)
    result, output, errors = logs / f"{name}.cost", logs / f"{name}.out", logs / f"{name}.err"
    result.unlink(missing_ok=True)
    # No proxy and no settings of the user who calls.
    environment = {"PATH": os.environ["PATH"], "HOME": str(WORK)}
    launcher = [sys.executable, "-I", "-S", str(Path(__file__).with_name("measure.py")), str(result)]
    with output.open("w") as out, errors.open("w") as err:
        launched = finish(launcher + command, environment, out, err)
    if not result.exists():
        raise BenchError(f"{name} was not measured: the launcher ended with {launched}:\n{errors.read_text()[-2000:]}")
    code, wall, cpu, memory = result.read_text().split()
    if code != "0":
        raise BenchError(f"{name} ended with {code}; its output is in '{output}':\n{errors.read_text()[-2000:]}")
    return (float(wall), float(cpu), float(memory)), output.read_text()


def finish(command: list[str], environment: dict[str, str] | None, output: TextIO, errors: TextIO) -> int:
    """Runs a command and returns its exit status; kills it and its children if it does not end in time."""
    # A session of its own, so that all of its processes can be killed together.
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, start_new_session=True
    )
    try:
        return process.wait(timeout=TIME_LIMIT)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            raise BenchError(f"'{' '.join(command)}' did not end within {TIME_LIMIT} s") from error
        raise
