#!/usr/bin/env python3
"""Draws the wall times of a benchmark's samples as an SVG: one bar for each program, in groups by server and case.

usage: picture.py SAMPLES.json... > PICTURE.svg      such as .build/bench/samples.json

A case of a later file replaces that of the same server of an earlier one.

A bar is the median of all rounds. Every group has a scale of its own; its longest bar has the full width.
"""
import json
import sys
from html import escape
from pathlib import Path
from statistics import median

CASES = {"warm": "nothing to change", "fresh": "first run on an empty server"}
# Those that do the same work, and the bounds below.
PROGRAMS = ("agent", "kubectl", "script", "curl", "curl get", "CRDs served")
LABELS = {"agent": "nest-bootstrap", "kubectl": "kubectl apply", "script": "kubectl, task by task", "curl": "curl, PATCHes only",
          "curl get": "curl, GETs only", "CRDs served": "the server alone, until CRDs are served"}
WIDTH, LEFT, RIGHT, ROW, GAP = 830, 320, 80, 22, 34
# Colours that differ on white and on black.
STYLE = """text { font: 13px sans-serif; fill: #1f2328 } .title { font-weight: bold } .agent { fill: #2f6fb7 }
.peer { fill: #8a8f98 } .bound { fill: #b9bec6 } .background { fill: #ffffff }
@media (prefers-color-scheme: dark) { text { fill: #e6e6e6 } .bound { fill: #565b63 } .background { fill: #0d1117 } }"""


def groups(samples: dict) -> list[tuple[str, list[tuple[str, float]]]]:
    """The title of each group, and the median of each of its programs."""
    found = []
    for server, results in samples.items():
        for case, title in CASES.items():
            runs = results.get(case, {})
            rows = [(name, median(sample[0] for sample in runs[name])) for name in PROGRAMS if name in runs]
            if rows:
                found.append((f"{server}: {title}", rows))
    return found


def draw(samples: dict) -> str:
    """The picture."""
    parts, top = [], 10
    for title, rows in groups(samples):
        longest = max(value for _, value in rows)
        top += 20
        parts.append(f'<text class="title" x="10" y="{top}">{escape(title)}</text>')
        for name, value in rows:
            top += ROW
            length = max(1, value / longest * (WIDTH - LEFT - RIGHT))
            kind = "agent" if name == "agent" else "peer" if name in ("kubectl", "script") else "bound"
            parts.append(f'<text x="{LEFT - 8}" y="{top + 5}" text-anchor="end">{escape(LABELS[name])}</text>')
            parts.append(f'<rect class="{kind}" x="{LEFT}" y="{top - 7}" width="{length:.1f}" height="15"/>')
            parts.append(f'<text x="{LEFT + length + 6:.1f}" y="{top + 5}">{value:,.0f} ms</text>')
        top += GAP
    size = f'viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}"'
    background = f'<rect class="background" width="{WIDTH}" height="{top}"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="Median wall times in ms">'
    return "\n".join([head, f"<style>{STYLE}</style>", background, *parts, "</svg>"])


if len(sys.argv) < 2:
    sys.exit("usage: picture.py SAMPLES.json... > PICTURE.svg")
cases: dict[str, dict] = {}
for path in sys.argv[1:]:
    for name, results in json.loads(Path(path).read_text()).items():
        if name.startswith("Kubernetes"):
            cases.setdefault(name, {}).update(results)
print(draw(cases))
