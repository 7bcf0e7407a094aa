"""Files with many objects, and with many tasks."""
import json
import shutil
from pathlib import Path

from benchmark.cluster import Cluster
from benchmark.processes import WORK, BenchError

# The number of objects in a file of manifests, and of tasks in a drop-in, which is limited to 1 MiB.
FILE_SIZE = 500
DIRECTORY = WORK / "scale"
# In memory, like the directory that systemd gives a generator.
UNITS = Path("/dev/shm/nest-bootstrap-units")


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
