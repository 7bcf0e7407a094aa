#!/usr/bin/env python3
"""Compares a benchmark's samples with the project's goals, as a Markdown table.

usage: goals.py SAMPLES.json
"""
import json
import sys
from pathlib import Path
from statistics import median

WALL, CPU, MEMORY = 0, 1, 2


def ratio(runs: dict, one: str, other: str, column: int = WALL) -> float:
    """The median of the ratios of two programs in the same round."""
    return median(a[column] / b[column] for a, b in zip(runs[one], runs[other]))


def goals(results: dict) -> list[tuple[str, str, float]]:
    """What is measured on one server, its goal in words, and the value."""
    warm, fresh, many, start = (results.get(case) for case in ("warm", "fresh", "many", "start"))
    rows = []
    if warm:
        rows += [
            ("nothing to change: kubectl's time", "≥ 7 (1.36), ≥ 5 (1.20) times", ratio(warm, "kubectl", "agent")),
            ("nothing to change: the scripts' time", "≥ 20 times", ratio(warm, "script", "agent")),
            ("nothing to change: against curl's GETs", "≤ 2 times", ratio(warm, "agent", "curl get")),
            ("nothing to change: against curl's GETs of the metadata", "none", ratio(warm, "agent", "curl metadata")),
            ("nothing to change: CPU time against kubectl", "≤ 0.10", ratio(warm, "agent", "kubectl", CPU)),
            ("nothing to change: memory against kubectl", "≤ 0.25", ratio(warm, "agent", "kubectl", MEMORY)),
        ]
    if fresh:
        rows += [
            ("first run: the scripts' time", "≥ 5 times", ratio(fresh, "script", "agent")),
            ("first run: kubectl's time", "≥ 1.5 times", ratio(fresh, "kubectl", "agent")),
            ("first run: against the server until the CRDs are served", "≤ 1.3 times", ratio(fresh, "agent", "CRDs served")),
        ]
    if start:
        rows.append(("`/readyz` ok to the first write, ms", "< 50", median(start["write"])))
    for name, runs in (many or {}).items():
        own, peer = runs
        rows.append((f"5,000 ConfigMaps, {name}: against {peer}", "≤ 1.3 times", ratio(runs, own, peer)))
    return rows


def common(samples: dict) -> list[tuple[str, str, float]]:
    """What is measured without a server."""
    rows = []
    if commands := samples.get("commands"):
        empty, kubectl, curl = "empty Swift program", "kubectl version --client", "curl --version"
        for name in (name for name in commands if name not in (empty, kubectl, curl)):
            limit = "≤ 3 times" if name.startswith("units") else "≤ 1.5 times"
            rows.append((f"`{name}`: against an empty Swift program", limit, ratio(commands, name, empty)))
        rows.append(("`--version`: time of `kubectl version --client`", "≥ 15 times", ratio(commands, kubectl, "--version")))
        rows.append(("`--version`: against `curl --version`", "none", ratio(commands, "--version", curl)))
    if reading := samples.get("reading"):
        value = median(a / b for a, b in zip(reading["json"], reading["events"]))
        rows.append(("a manifest of 300 KB to JSON: against libyaml's event loop", "≤ 2.5 times", value))
    return rows


def cell(value: float | None) -> str:
    """A value with three digits, or that there is none."""
    return "-" if not value else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def main() -> None:
    """Prints the tables."""
    samples = json.loads(Path(sys.argv[1]).read_text())
    servers = [name for name in samples if name.startswith("Kubernetes")]
    columns = {server: {what: value for what, _, value in goals(samples[server])} for server in servers}
    print("| what | goal | " + " | ".join(servers) + " |\n|" + " --- |" * (2 + len(servers)))
    for what, goal, _ in goals(samples[servers[0]]) if servers else []:
        print(f"| {what} | {goal} | " + " | ".join(f"{cell(columns[server].get(what))}" for server in servers) + " |")
    print("\n| what | goal | measured |\n| --- | --- | --- |")
    for what, goal, value in common(samples):
        print(f"| {what} | {goal} | {cell(value)} |")


main()
