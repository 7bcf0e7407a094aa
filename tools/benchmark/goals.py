#!/usr/bin/env python3
"""Compares a benchmark's samples with the project's goals, as Markdown tables; what misses its goal is bold.

usage: goals.py SAMPLES.json
"""
import json
import sys
from pathlib import Path
from statistics import median
from typing import NamedTuple

WALL, CPU, MEMORY = 0, 1, 2


class Row(NamedTuple):
    """A value with its goal: at least or at most a limit, or none."""

    what: str
    value: float
    at_least: float | None = None
    at_most: float | None = None
    unit: str = "times"

    @property
    def goal(self) -> str:
        """The goal in words."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g} {self.unit}"
        return f"≤ {self.at_most:g} {self.unit}" if self.at_most is not None else "none"

    @property
    def cell(self) -> str:
        """The value with three digits."""
        text = f"{self.value:,.0f}" if self.value >= 100 else f"{self.value:.3g}"
        missed = self.value < (self.at_least or 0) or (self.at_most is not None and self.value > self.at_most)
        return f"**{text}**" if missed else text


def ratio(runs: dict, one: str, other: str, column: int = WALL) -> float:
    """The median of the ratios of two programs in the same round."""
    return median(a[column] / b[column] for a, b in zip(runs[one], runs[other]))


def goals(server: str, results: dict) -> list[Row]:
    """What is measured on one server."""
    warm, fresh, many, start = (results.get(case) for case in ("warm", "fresh", "many", "start"))
    rows = []
    if warm:
        again, old = "nothing to change: ", " v1.20." in server
        rows += [
            Row(f"{again}kubectl's time", ratio(warm, "kubectl", "agent"), at_least=5 if old else 7),
            Row(f"{again}the scripts' time", ratio(warm, "script", "agent"), at_least=20),
            Row(f"{again}against curl's GETs", ratio(warm, "agent", "curl get"), at_most=2),
            Row(f"{again}against curl's GETs of the metadata", ratio(warm, "agent", "curl metadata")),
            Row(f"{again}CPU time against kubectl", ratio(warm, "agent", "kubectl", CPU), at_most=0.1),
            Row(f"{again}memory against kubectl", ratio(warm, "agent", "kubectl", MEMORY), at_most=0.25),
        ]
    if fresh:
        rows += [
            Row("first run: the scripts' time", ratio(fresh, "script", "agent"), at_least=5),
            Row("first run: kubectl's time", ratio(fresh, "kubectl", "agent"), at_least=1.5),
        ]
    if fresh and "CRDs served" in fresh:
        served = ratio(fresh, "agent", "CRDs served")
        rows.append(Row("first run: against the server until the CRDs are served", served, at_most=1.3))
    if start:
        rows.append(Row("`/readyz` ok to the first write", median(start["write"]), at_most=50, unit="ms"))
    for name, runs in (many or {}).items():
        own, peer = runs
        rows.append(Row(f"5,000 ConfigMaps, {name}: against {peer}", ratio(runs, own, peer), at_most=1.3))
    return rows


def common(samples: dict) -> list[Row]:
    """What is measured without a server."""
    rows = []
    if commands := samples.get("commands"):
        empty, kubectl, curl = "empty Swift program", "kubectl version --client", "curl --version"
        for name in (name for name in commands if name not in (empty, kubectl, curl)):
            limit = 3 if name.startswith("units") else 1.5
            rows.append(Row(f"`{name}`: against an empty Swift program", ratio(commands, name, empty), at_most=limit))
        rows.append(Row(f"`--version`: time of `{kubectl}`", ratio(commands, kubectl, "--version"), at_least=15))
        rows.append(Row(f"`--version`: against `{curl}`", ratio(commands, "--version", curl)))
    if reading := samples.get("reading"):
        value = median(a / b for a, b in zip(reading["json"], reading["events"]))
        rows.append(Row("a manifest of 300 KB to JSON: against libyaml's event loop", value, at_most=2.5))
    return rows


def main() -> None:
    """Prints the tables."""
    samples = json.loads(Path(sys.argv[1]).read_text())
    servers = [name for name in samples if name.startswith("Kubernetes")]
    columns = [{row.what: row for row in goals(server, samples[server])} for server in servers]
    if servers:
        print("| what | goal | " + " | ".join(servers) + " |\n|" + " --- |" * (2 + len(servers)))
        for what in dict.fromkeys(what for column in columns for what in column):
            rows = [column.get(what) for column in columns]
            # The goals of servers may differ.
            goal = ", ".join(dict.fromkeys(row.goal for row in rows if row))
            print(f"| {what} | {goal} | " + " | ".join(row.cell if row else "-" for row in rows) + " |")
    print("\n| what | goal | measured |\n| --- | --- | --- |")
    for row in common(samples):
        print(f"| {row.what} | {row.goal} | {row.cell} |")


main()
