"""Runs of the agent, and what must hold after them."""
import json
from dataclasses import dataclass, field
from pathlib import Path

from upgrading.objects import differences, manifests, settled
from upgrading.server import Key, Server, command, key_of, name_of

TASK = """
tasks:
  addon: {{timeout: 90s, apply: {{kubeconfig: {kubeconfig}, manifests: [{directory}], prune: {prune}, takeOver: {managers}}}}}
"""
# Kinds that `prune: true` keeps.
PROTECTED = {"Namespace", "CustomResourceDefinition", "PersistentVolumeClaim"}


@dataclass
class Outcome:
    """What was found after one step."""

    differences: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    wedged: list[str] = field(default_factory=list)
    # Objects that kubectl cannot change either; the step is repeated without them.
    refused: list[str] = field(default_factory=list)
    # What is wrong in another way, such as a second run that changes something.
    faults: list[str] = field(default_factory=list)
    # A reason for which the step does not count.
    skipped: str = ""

    def __str__(self) -> str:
        if self.skipped:
            return "-"
        text = f"{len(self.differences)}/{len(self.leftovers)}/{len(self.wedged)}"
        text += f" +{len(self.faults)} faults" if self.faults else ""
        return text + (f" ({len(self.refused)} refused)" if self.refused else "")

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.differences or self.leftovers or self.wedged or self.faults)


@dataclass
class Run:
    """What one run reported."""

    code: int
    # Messages by the agent's names of the objects.
    errors: dict[str, str]
    # Messages that name no object.
    others: list[str]
    changed: list[str]


class Agent:
    """A node with one task."""

    def __init__(self, program: Path, server: Server, root: Path, managers: list[str], prune: str = "true") -> None:
        self.program, self.server, self.root = program, server, root
        self.managers, self.prune = managers, prune
        root.mkdir(parents=True)

    def run(self, directory: Path) -> Run:
        """Runs the agent with the files of a directory."""
        tasks = self.root / "tasks.yaml"
        values = {"kubeconfig": self.server.kubeconfig, "directory": directory, "prune": self.prune}
        tasks.write_text(TASK.format(**values, managers=json.dumps(self.managers)))
        words = [str(self.program), "run", "--config", str(tasks), "--root", str(self.root / "node"), "-o", "json"]
        code, output, errors = command(words)
        run = Run(code, {}, [errors] if errors.strip() else [], [])
        for line in output.splitlines():
            event = json.loads(line)
            if event["event"] == "error" and event.get("object"):
                run.errors[event["object"]] = event["message"]
            elif event["event"] == "error":
                run.others.append(event["message"])
            elif event["event"] == "object" and event["result"] != "unchanged":
                run.changed.append(f"{event['object']} {event['result']} {event.get('fields', '')}")
        return run

    def step(self, directory: Path, expected: dict[Key, dict], foreign: set[Key] = frozenset()) -> Outcome:
        """Runs the agent with the files of a version, and compares the result with that of kubectl on an empty server."""
        outcome = Outcome()
        before = self.server.objects()
        run = self.run(directory)
        if run.errors:
            run = self.without_refused(directory, before, run, outcome)
        outcome.wedged += [f"{name}: {message}" for name, message in run.errors.items()]
        if run.code and not run.errors:
            outcome.faults.append(f"exit status {run.code}: {'; '.join(run.others)}")
        after = self.server.objects()
        for key, item in expected.items():
            if key not in after:
                outcome.differences.append(f"{name_of(key)} is missing")
                continue
            found = differences(settled(after[key]), settled(item))
            outcome.differences += [f"{name_of(key)}{line}" for line in found]
        for key in after.keys() - expected.keys() - foreign:
            if self.prune == "all" or key[1] not in PROTECTED:
                outcome.leftovers.append(name_of(key))
        if not run.code:
            second = self.run(directory)
            if second.code or second.changed:
                what = second.changed + list(second.errors.values()) + second.others
                outcome.faults.append(f"a second run ended with {second.code}: {'; '.join(what)}")
        return outcome

    def without_refused(self, directory: Path, before: dict[Key, dict], run: Run, outcome: Outcome) -> Run:
        """Removes the objects that kubectl cannot change either, as a person has to, and runs again."""
        items = {}
        for item in manifests(directory):
            # The agent names an object as the manifest does, or with its namespace.
            items[name_of(key_of(item))] = item
            if self.server.path(item):
                items[name_of(key_of(item))] = item
        after = self.server.objects()
        for name, message in run.errors.items():
            item = items.get(name)
            if not item or key_of(item) not in before:
                continue
            query = {"fieldManager": "nest-bootstrap", "force": "true", "dryRun": "All"}
            path = self.server.path(item, **query)
            code, reply = self.server.request("PATCH", path, item, "application/apply-patch+yaml")
            if code < 300:
                continue
            outcome.refused.append(f"{name}: {message} (kubectl: {code} {reply.get('message')})")
            key = key_of(item)
            if settled(after[key]) != settled(before[key]):
                outcome.faults.append(f"{name} was changed before it was refused")
            if code == 422:
                self.server.request("DELETE", self.server.path(item, propagationPolicy="Background"))
        again = self.run(directory)
        for name in run.errors.keys() - again.errors.keys():
            if not any(line.startswith(f"{name}: ") for line in outcome.refused):
                outcome.faults.append(f"{name} needed two runs: {run.errors[name]}")
        return again
