"""One task with many objects, against curl with the same requests."""
import json
import shutil
from pathlib import Path

from benchmark.cluster import Cluster
from benchmark.processes import WORK, BenchError, Sample, measure, run
from benchmark.quantities import DIRECTORY, check_result, config_map_lines, write_objects
from benchmark.recording import common_options, write_sections

NUMBER = 5000
CURL = WORK / "many"


def measure_many(program: Path, curl: Path, cluster: Cluster, count: int) -> dict[str, dict[str, list[Sample]]]:
    """Applies the objects twice, and sends and lists them with curl, each time beginning with an empty server."""
    write_objects(NUMBER, cluster)
    write_requests(cluster)
    pairs = {"first run": "curl, PATCHes", "second run": "curl, LISTs"}
    samples: dict[str, list[Sample]] = {name: [] for pair in pairs.items() for name in pair}
    agent = [str(program), "run", "--config", f"{DIRECTORY}/etc/bootstrap.yaml", "--root", f"{DIRECTORY}/root",
             "--output", "json"]
    for _ in range(count):
        cluster.restart_empty()
        shutil.rmtree(DIRECTORY / "root")
        (DIRECTORY / "root").mkdir()
        for name, expected in zip(pairs, ("created", "unchanged")):
            sample, output = measure("many", agent)
            check_result(output, NUMBER, expected)
            samples[name].append(sample)
        cluster.restart_empty()
        samples[pairs["first run"]].append(send(curl, "send"))
        write_lists(cluster)
        samples[pairs["second run"]].append(send(curl, "list", parallel=False))
    return {own: {own: samples[own], peer: samples[peer]} for own, peer in pairs.items()}


def write_requests(cluster: Cluster) -> None:
    """Writes what curl reads."""
    shutil.rmtree(CURL, ignore_errors=True)
    CURL.mkdir()
    patches = []
    for index in range(NUMBER):
        body = CURL / f"{index}.json"
        body.write_text(json.dumps(stamped_config_map(index), separators=(",", ":")))
        url = f"{cluster.url}/api/v1/namespaces/default/configmaps/scale-{index:06}"
        status = ("write-out", "%{http_code}\n")
        patches.append([
            *common_options(f"{url}?fieldManager=nest-bootstrap&force=true", cluster.directory / "pki"), status,
            ("request", "PATCH"), ("header", "Content-Type: application/apply-patch+yaml"), ("header", "Expect:"),
            ("data-binary", f"@{body}"),
        ])
    write_sections(CURL / "send.conf", patches)


def write_lists(cluster: Cluster) -> None:
    """Writes the requests for the pages of the list that the agent reads; a page names the next one."""
    path, token, pages = "/api/v1/namespaces/default/configmaps?limit=500", "", []
    while True:
        page = f"{path}&continue={token}" if token else path
        url, status = f"{cluster.url}{page}", ("write-out", "%{http_code}\n")
        pages.append([*common_options(url, cluster.directory / "pki"), status])
        token = json.loads(run([*cluster.kubectl, "get", f"--raw={page}"]))["metadata"].get("continue", "")
        if not token:
            break
    write_sections(CURL / "list.conf", pages)


def stamped_config_map(index: int) -> dict[str, object]:
    """The ConfigMap as the agent sends it."""
    annotations = {"nest-bootstrap/manifest": f"{index:016x}", "nest-bootstrap/task": "many"}
    metadata = {"name": f"scale-{index:06}", "namespace": "default", "annotations": annotations,
                "labels": {"app.kubernetes.io/managed-by": "nest-bootstrap"}}
    data = {"number": str(index), "settings.conf": config_map_lines(index)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def send(curl: Path, name: str, parallel: bool = True) -> Sample:
    """Sends the requests of a file: as many at once as the agent does, or one after the other."""
    options = ["--disable", "--silent", "--show-error"] + (["--parallel", "--parallel-max", "16"] if parallel else [])
    sample, output = measure("many-curl", [str(curl), *options, "--config", str(CURL / f"{name}.conf")])
    if failed := [status for status in output.split() if status not in ("200", "201")]:
        raise BenchError(f"curl: {len(failed)} requests were answered {json.dumps(sorted(set(failed)))}")
    return sample
