"""Single edits of a YAML file, as people make them by mistake."""
import random
import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """What was changed: the kind of the edit, its lines, counted from 1 in the changed text, and that text."""

    kind: str
    lines: frozenset[int]
    text: str


# Characters that people type by mistake, or that an editor or a word processor puts in their place.
TYPED = ":-#'\"{}[],&*!|>%@`?\t \u00a0\u201c\u201d\u2019\u2013=;.()/$"
# Values of another type.
VALUES = ["", "yes", "no", "true", "~", "null", "12", "1.5", "0755", "[]", "{}", "[a, b]", "{a: b}", '""', '"12"', "text", "a b",
          "*all", "&x", "!vault x", "%d", "@x", "`x`", "{{ x }}", "- x", "a: b", "\u201ctext\u201d", '"open', "'open", "[open", "{open"]
KEY = re.compile(r"^(\s*(?:- )*)([A-Za-z][\w./-]*|\"[^\"]*\")(:)(\s.*|)$")


def is_content(line: str) -> bool:
    """Whether a line is neither empty nor a comment."""
    return bool(line.strip()) and not line.lstrip().startswith("#")


class Editor:
    """Makes random edits of one text."""

    def __init__(self, text: str, seed: str) -> None:
        self.lines = text.splitlines()
        self.random = random.Random(seed)
        self.content = [index for index, line in enumerate(self.lines) if is_content(line)]
        self.keys = [index for index in self.content if KEY.match(self.lines[index])]

    def changed(self, kind: str, index: int, *new: str, also: tuple[int, ...] = ()) -> Edit:
        """Replaces one line by others."""
        lines = self.lines[:index] + list(new) + self.lines[index + 1:]
        first = index + 1
        return Edit(kind, frozenset(range(first, first + max(1, len(new)))) | frozenset(also), "\n".join(lines) + "\n")

    def character(self) -> Edit:
        """Removes, adds, replaces or exchanges a character."""
        index = self.random.choice(self.content)
        line = self.lines[index]
        place = self.random.randrange(len(line))
        way = self.random.choice(["remove", "add", "replace", "exchange"])
        typed = self.random.choice(TYPED)
        new = {
            "remove": line[:place] + line[place + 1:],
            "add": line[:place] + typed + line[place:],
            "replace": line[:place] + typed + line[place + 1:],
            "exchange": line[:place] + line[place + 1:place + 2] + line[place] + line[place + 2:],
        }[way]
        return self.changed(f"character {way}", index, new)

    def indentation(self) -> Edit:
        """Moves a line to the left or right."""
        index = self.random.choice(self.content)
        line = self.lines[index]
        indent = len(line) - len(line.lstrip())
        way = self.random.choice([-4, -2, -1, 1, 2, 4, "tab"])
        new = "\t" + line.lstrip() if way == "tab" else " " * max(0, indent + way) + line.lstrip()
        return self.changed(f"indentation {way}", index, new)

    def key(self) -> Edit:
        """Misspells a key, or its colon."""
        index = self.random.choice(self.keys)
        before, key, colon, rest = KEY.match(self.lines[index]).groups()
        place = self.random.randrange(len(key))
        way = self.random.choice(["lost", "doubled", "exchanged", "case", "dash", "no colon", "no space", "space", "equals", "plural"])
        key, colon = {
            "lost": (key[:place] + key[place + 1:], colon),
            "doubled": (key[:place] + key[place] + key[place:], colon),
            "exchanged": (key[:place] + key[place + 1:place + 2] + key[place] + key[place + 2:], colon),
            "case": (key.swapcase() if place == 0 else key[:place] + key[place].swapcase() + key[place + 1:], colon),
            "dash": (re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower(), colon),
            "no colon": (key, ""),
            "no space": (key, colon),
            "space": (key, " " + colon),
            "equals": (key, "="),
            "plural": (key[:-1] if key.endswith("s") else key + "s", colon),
        }[way]
        return self.changed(f"key {way}", index, before + key + colon + (rest.lstrip() if way == "no space" else rest))

    def type(self) -> Edit:
        """Gives a key a value of another type."""
        index = self.random.choice(self.keys)
        before, key, colon, rest = KEY.match(self.lines[index]).groups()
        return self.changed("type", index, f"{before}{key}: {self.random.choice(VALUES)}".rstrip())

    def line(self) -> Edit:
        """Removes, doubles, joins or exchanges lines."""
        index = self.random.choice(self.content[:-1])
        line, after = self.lines[index], self.lines[index + 1]
        way = self.random.choice(["remove", "double", "join", "exchange", "separator", "comment"])
        if way == "remove":
            return self.changed("line remove", index)
        if way in ("join", "exchange"):
            new = [line + " " + after.lstrip()] if way == "join" else [after, line]
            lines = self.lines[:index] + new + self.lines[index + 2:]
            return Edit(f"line {way}", frozenset(range(index + 1, index + 1 + len(new))), "\n".join(lines) + "\n")
        new = {"double": [line, line], "separator": ["---", line], "comment": [f"{line} // note"]}[way]
        return self.changed(f"line {way}", index, *new)

    def move(self) -> Edit:
        """Moves a line to another place."""
        index, target = self.random.choice(self.content), self.random.choice(self.content)
        lines = self.lines[:index] + self.lines[index + 1:]
        lines.insert(target, self.lines[index])
        gap = index + 1 if index < target else index + 2
        return Edit("move", frozenset({target + 1, gap, gap - 1}), "\n".join(lines) + "\n")

    def next(self) -> Edit:
        """The next edit that changes the text."""
        while True:
            edit = self.random.choice([self.character, self.indentation, self.key, self.type, self.line, self.move])()
            if edit.text.splitlines() != self.lines:
                return edit

    def joined(self, edits: list[Edit]) -> Edit | None:
        """Several edits of one line each in one text; `None` if one has another size, or two are nearer than four lines."""
        lines = list(self.lines)
        places = [line for edit in edits for line in edit.lines]
        if len(places) != len(edits) or any(len(edit.text.splitlines()) != len(lines) for edit in edits):
            return None
        if any(abs(one - other) < 4 for index, one in enumerate(places) for other in places[:index]):
            return None
        for edit, place in zip(edits, places):
            lines[place - 1] = edit.text.splitlines()[place - 1]
        kinds = " and ".join(edit.kind for edit in edits)
        return Edit(kinds, frozenset(places), "\n".join(lines) + "\n")
