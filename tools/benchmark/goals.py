#!/usr/bin/env python3
"""Compares the samples of benchmarks with the project's goals, as Markdown tables.

usage: goals.py SAMPLES.json...      such as .build/bench/samples.json

A cell has the median of a run with its minimum and maximum; a median that misses its goal is bold. Each file is one run,
and has columns of its own.
"""
import json
import sys
from itertools import chain
from pathlib import Path
from statistics import median
from typing import NamedTuple

WALL, CPU, MEMORY = 0, 1, 2


class Row(NamedTuple):
    """Values with their goal: at least or at most a limit, or none."""

    what: str
    values: list[float]
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
        """The median, minimum and maximum."""
        middle = median(self.values)
        missed = middle < (self.at_least or 0) or (self.at_most is not None and middle > self.at_most)
        text = f"**{number(middle)}**" if missed else number(middle)
        return f"{text} ({number(min(self.values))}-{number(max(self.values))})"


def number(value: float) -> str:
    """A number with three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def ratios(runs: dict, one: str, other: str, column: int = WALL) -> list[float]:
    """The ratios of two programs in the same round, none if one was not measured."""
    return [a[column] / b[column] for a, b in zip(runs.get(one, []), runs.get(other, []))]


def goals(server: str, results: dict) -> list[Row]:
    """What is measured on one server."""
    warm, fresh, many = (results.get(case) for case in ("warm", "fresh", "many"))
    rows = []
    if warm:
        again, old = "nothing to change: ", " v1.20." in server
        rows += [
            Row(f"{again}kubectl's time", ratios(warm, "kubectl", "agent"), at_least=6 if old else 10),
            Row(f"{again}the scripts' time", ratios(warm, "script", "agent"), at_least=20),
            Row(f"{again}against curl's GETs", ratios(warm, "agent", "curl get"), at_most=1),
            Row(f"{again}against curl's GETs of the metadata", ratios(warm, "agent", "curl metadata")),
            Row(f"{again}CPU time against kubectl", ratios(warm, "agent", "kubectl", CPU), at_most=0.15 if old else 0.07),
            Row(f"{again}memory", [sample[MEMORY] for sample in warm.get("agent", [])], at_most=24, unit="MiB"),
        ]
    if fresh:
        rows += [
            Row("first run: the scripts' time", ratios(fresh, "script", "agent"), at_least=5),
            Row("first run: kubectl's time", ratios(fresh, "kubectl", "agent"), at_least=1.5),
        ]
    limits = {"first run": 1.1, "second run": 1.3, "third run": 1.5}
    for name, runs in (many or {}).items():
        own, peer = runs
        rows.append(Row(f"5,000 ConfigMaps, {name}: against {peer}", ratios(runs, own, peer), at_most=limits[name]))
    return [row for row in rows if row.values]


def common(samples: dict) -> list[Row]:
    """What is measured without a server."""
    rows = []
    if commands := samples.get("commands"):
        kubectl, curl = "kubectl version --client", "curl --version"
        rows.append(Row(f"`--version`: time of `{kubectl}`", ratios(commands, kubectl, "--version"), at_least=15))
        rows.append(Row(f"`--version`: against `{curl}`", ratios(commands, "--version", curl)))
    return rows


def write_table(columns: dict[str, list[Row]]) -> None:
    """Prints a table of what was measured, with one column for each run."""
    found = [{row.what: row for row in rows} for rows in columns.values()]
    print("| what | goal | " + " | ".join(columns) + " |\n|" + " --- |" * (2 + len(columns)))
    for what in dict.fromkeys(chain.from_iterable(found)):
        rows = [column.get(what) for column in found]
        # The goals of servers may differ.
        goal = ", ".join(dict.fromkeys(row.goal for row in rows if row))
        print(f"| {what} | {goal} | " + " | ".join(row.cell if row else "-" for row in rows) + " |")


def main() -> None:
    """Prints the tables."""
    runs = [json.loads(Path(path).read_text()) for path in sys.argv[1:]]

    def title(name: str, index: int) -> str:
        return f"{name}, run {index + 1}" if len(runs) > 1 else name

    servers = dict.fromkeys(name for samples in runs for name in samples if name.startswith("Kubernetes"))
    if servers:
        write_table({
            title(server, index): goals(server, samples[server])
            for server in servers for index, samples in enumerate(runs) if server in samples
        })
        print()
    without_server = {title("measured", index): common(samples) for index, samples in enumerate(runs)}
    if measured := {name: rows for name, rows in without_server.items() if rows}:
        write_table(measured)


if len(sys.argv) < 2:
    sys.exit(__doc__)
main()
