"""Draws the flowcharts of documents, which code forges draw with Mermaid and which the site has as pictures.

Of Mermaid's flowcharts it knows what the documents use: `one[label] -->|text| two & three[label] --> four`.
"""
import html
import re
import subprocess

BLOCK = re.compile(r"^```mermaid\nflowchart (LR|TB)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NODE = re.compile(r"(\w+)(?:\[([^]]+)\])?$")
ARROW = re.compile(r"\s*-->(?:\|([^|]+)\|)?\s*")
# Colours and font are those of the page.
STYLE = ('node [shape=box, style=rounded, fontname="sans-serif", fontsize=13, height=0.4, margin="0.15,0.05"]; '
         'edge [fontname="sans-serif", fontsize=11, arrowsize=0.7]; bgcolor=transparent; nodesep=0.2; ranksep=0.25;')
TIMEOUT = 60


def with_pictures(text):
    """A document whose flowcharts are pictures."""
    return BLOCK.sub(lambda match: f'<div class="diagram">{drawing(match[1], match[2])}</div>', text)


def drawing(direction, text):
    """A flowchart as SVG on one line."""
    labels, edges = {}, []
    for line in filter(str.strip, text.split("\n")):
        read(line.strip(), labels, edges)
    # In quotes, because words such as `node` have a meaning.
    lines = [f'"{name}" [label={quoted(label)}];' for name, label in labels.items()]
    lines += [f'"{start}" -> "{end}" [label={quoted(text or "", 10)}];' for start, end, text in edges]
    graph = f"digraph {{ rankdir={direction}; {STYLE} {' '.join(lines)} }}"
    command = ["dot", "-Tsvg"]
    result = subprocess.run(command, input=graph, capture_output=True, text=True, check=True, timeout=TIMEOUT)
    svg = result.stdout[result.stdout.index("<svg"):]
    for pattern, replacement in (
        (r"<!--.*?-->|<title>.*?</title>", ""), (r'(stroke|fill)="black"', r'\1="currentColor"'),
        (r"<text ", '<text fill="currentColor" '), (r"\s*\n\s*", " "),
    ):
        svg = re.sub(pattern, replacement, svg, flags=re.DOTALL)
    label = html.escape("; ".join(f"{labels[start]} to {labels[end]}" for start, end, _ in edges), quote=True)
    return svg.strip().replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def read(line, labels, edges):
    """Reads a line, and adds its nodes and edges."""
    arrows = [match[1] for match in ARROW.finditer(line)]
    groups = []
    for part in re.split(r"\s*-->(?:\|[^|]+\|)?\s*", line):
        matches = [NODE.match(node.strip()) for node in part.split(" & ")]
        if not all(matches):
            raise ValueError(f"the flowchart has a line that cannot be drawn: {line}")
        groups.append([match[1] for match in matches])
        for match in matches:
            labels[match[1]] = match[2] or labels.get(match[1], match[1])
    for number, arrow in enumerate(arrows):
        edges += [(start, end, arrow) for start in groups[number] for end in groups[number + 1]]


def quoted(text, width=18):
    """A text as Graphviz writes it, in lines that are not too long."""
    lines, words = [""], text.split()
    for word in words:
        if len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return '"' + "\\n".join(lines).replace('"', '\\"') + '"'
