"""How time and memory grow with the number of objects and of tasks."""
import json
import shutil
from pathlib import Path

from benchmark.cluster import Cluster
from benchmark.processes import WORK, BenchError, measure, run

# Objects of a file of manifests, and tasks of a drop-in, which may have 1 MiB.
FILE_SIZE = 500
DIRECTORY = WORK / "scale"
# systemd gives a generator a directory in memory, too.
UNITS = Path("/dev/shm/nest-bootstrap-units")
# Rounds of a command that writes nothing; the shortest time counts.
ROUNDS = 3

Row = tuple[object, ...]


def measure_objects(program: Path, cluster: Cluster, numbers: list[int]) -> list[Row]:
    """Applies that many ConfigMaps to an empty server, and again."""
    rows: list[Row] = [("objects", "run", "wall s", "CPU s", "peak memory MiB", "requests", "an object")]
    for number in numbers:
        write_objects(number, cluster)
        cluster.restart_empty()
        for case in ("first", "second"):
            before = request_count(cluster)
            command = [str(program), "run", "--config", f"{DIRECTORY}/etc/bootstrap.yaml", "--root", f"{DIRECTORY}/root"]
            (wall, cpu, memory), output = measure("objects", [*command, "--output", "json"])
            count = request_count(cluster) - before
            expected = "created" if case == "first" else "unchanged"
            check_result(output, number, expected)
            rows.append((f"{number:,}", case, f"{wall / 1000:.1f}", f"{cpu / 1000:.1f}", f"{memory:.0f}", f"{count:,}",
                         f"{count / number:.2f}"))
    return rows


def write_objects(number: int, cluster: Cluster) -> None:
    """Writes the manifests and the task file that applies them."""
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    manifests = DIRECTORY / "etc/manifests"
    manifests.mkdir(parents=True)
    (DIRECTORY / "root").mkdir()
    for start in range(0, number, FILE_SIZE):
        documents = (config_map(index) for index in range(start, min(start + FILE_SIZE, number)))
        (manifests / f"{start:06}.yaml").write_text("---\n".join(documents))
    task = {"timeout": "2h", "apply": {"manifests": ["manifests"], "kubeconfig": f"{cluster.directory}/admin.kubeconfig"}}
    (DIRECTORY / "etc/bootstrap.yaml").write_text(json.dumps({"tasks": {"many": task}}))


def config_map(index: int) -> str:
    """A ConfigMap of about 1 KiB."""
    lines = "".join(f"    {line}" for line in config_map_lines(index).splitlines(keepends=True))
    head = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: scale-{index:06}, namespace: default}}\n"
    return f"{head}data:\n  number: \"{index}\"\n  settings.conf: |\n{lines}"


def config_map_lines(index: int) -> str:
    """The text of its second key."""
    return "".join(f"option-{line} = value {index} {'x' * 40}\n" for line in range(12))


def check_result(output: str, number: int, expected: str) -> None:
    """Makes sure that every object is as expected."""
    events = [json.loads(line) for line in output.splitlines()]
    count = sum(event["event"] == "object" and event["result"] == expected for event in events)
    if count != number:
        raise BenchError(f"{count} objects are {expected}; {number} were expected:\n{output[-2000:]}")


def request_count(cluster: Cluster) -> int:
    """How many requests the server has answered, but those of its own components and of this question."""
    text = run([*cluster.kubectl, "get", "--raw=/metrics"])
    lines = [line for line in text.splitlines() if line.startswith("apiserver_request_total{")]
    own = [line for line in lines if 'resource="configmaps"' in line or 'resource=""' in line]
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in own)


def measure_tasks(program: Path, numbers: list[int]) -> list[Row]:
    """Runs every command that reads a task file with that many tasks."""
    commands = ("check", "graph", "units", "status")
    rows: list[Row] = [("tasks", "command", "wall ms", "CPU ms", "peak memory MiB", "wall ms, 1,000 tasks")]
    for number in numbers:
        write_tasks(number)
        for name in commands:
            options = ["--config", f"{DIRECTORY}/etc/bootstrap.yaml", "--root", f"{DIRECTORY}/root"]
            more = [str(UNITS)] if name == "units" else []
            samples = []
            for _ in range(ROUNDS):
                shutil.rmtree(UNITS, ignore_errors=True)
                # No task has run, which is what `status` says with code 3.
                shell = f'"$@"; code=$?; [ "$code" = {3 if name == "status" else 0} ]'
                sample, _ = measure(name, ["/bin/sh", "-c", shell, "sh", str(program), name, *options, *more])
                samples.append(sample)
            wall, cpu, memory = min(samples)
            rows.append((f"{number:,}", f"`{name}`", f"{wall:.0f}", f"{cpu:.0f}", f"{memory:.0f}", f"{wall * 1000 / number:.0f}"))
    shutil.rmtree(UNITS, ignore_errors=True)
    return rows


def write_tasks(number: int) -> Path:
    """Writes tasks in drop-ins; every second one is after the one before, the others after the first of their file.

    Returns the directory that etc and the root are in.
    """
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    drop_ins = DIRECTORY / "etc/bootstrap.d"
    drop_ins.mkdir(parents=True)
    (DIRECTORY / "root").mkdir()
    (DIRECTORY / "etc/bootstrap.yaml").write_text("tasks: {}\n")
    for start in range(0, number, FILE_SIZE):
        tasks = {}
        for index in range(start, min(start + FILE_SIZE, number)):
            before = [] if index == start else [f"task-{index - 1 if index % 2 else start:05}"]
            content = {"path": f"/etc/scale/{index:05}", "content": f"{index}\n"}
            tasks[f"task-{index:05}"] = {"description": f"File {index}", "after": before, "file": content}
        (drop_ins / f"{start:05}.yaml").write_text(json.dumps({"tasks": tasks}, indent=1))
    return DIRECTORY
