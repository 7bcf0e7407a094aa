"""What is on the disk if the power fails: every prefix of the recorded system calls, with and without unsynced data."""
import re
from pathlib import Path

from agent import Failure

CALLS = "openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,symlink,symlinkat"
CALL = re.compile(r"^(\d+\.\d+) (\w+)\((.*)\)\s+= (-?\d+).*<(\d+\.\d+)>$")
# An open file or directory: its number, and its path in hexadecimal.
DESCRIPTOR = re.compile(r"(?:^|, )(?:AT_FDCWD|\d+)(?:<([^>]*)>)")
STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def tracer(trace: Path) -> list[str]:
    """A command in front of the agent that records its calls, in a file for each thread."""
    return ["strace", "-ff", "-ttt", "-T", "-y", "-xx", "-s", "10000000", "-e", f"trace={CALLS}", "-o", str(trace)]


def calls(trace: Path) -> list[tuple[str, str, str]]:
    """Name, arguments and result of the calls that succeeded, in the order in which they ended."""
    found = []
    for file in trace.parent.glob(trace.name + ".*"):
        for line in file.read_text().splitlines():
            if (match := CALL.match(line)) and int(match[4]) >= 0:
                found.append((float(match[1]) + float(match[5]), match[2], match[3], line))
    return [(name, arguments, line) for _, name, arguments, line in sorted(found)]


def text(quoted: str) -> bytes:
    """The bytes of a string that strace has written in hexadecimal."""
    return bytes.fromhex(quoted.replace("\\x", ""))


class File:
    """The content that has been written, and how much of it the disk has for certain."""

    def __init__(self, data: bytes, synced: bool) -> None:
        self.data, self.safe = data, data if synced else b""


def replay(trace: Path, root: Path, old: dict[str, bytes | None], new: dict[str, bytes | None]) -> int:
    """Checks every moment, and returns how many there were."""
    disk: dict[str, File] = {f"{root}/{path}": File(data, True) for path, data in old.items() if data is not None}
    moments = 0
    for name, arguments, line in calls(trace):
        bases = [text(match).decode() for match in DESCRIPTOR.findall(arguments)] or [""]
        strings = [text(match).decode("latin-1") for match in STRING.findall(arguments)]
        if name in ("write", "pwrite64") and bases[0] in disk:
            disk[bases[0]].data += strings[0].encode("latin-1")
        elif name in ("fsync", "fdatasync") and bases[0] in disk:
            disk[bases[0]].safe = disk[bases[0]].data
        elif name == "openat" and "O_CREAT" in arguments:
            created = absolute(bases[0], strings[0])
            if "O_EXCL" in arguments or created not in disk:
                disk[created] = File(b"", False)
        elif name.startswith("rename"):
            source, target = absolute(bases[0], strings[0]), absolute(bases[-1], strings[1])
            if source in disk:
                disk[target] = disk.pop(source)
        elif name.startswith("symlink"):
            # The arguments are the target, the directory and the name.
            disk[absolute(bases[0], strings[1])] = File(strings[0].encode("latin-1"), True)
        elif name.startswith("unlink"):
            disk.pop(absolute(bases[0], strings[0]), None)
        else:
            continue
        moments += 1
        for product in new:
            file = disk.get(f"{root}/{product}")
            for kind, data in (("written", file and file.data), ("synced", file and file.safe)):
                if data not in (old[product], new[product]):
                    raise Failure(f"power loss after {line[:200]}: what is {kind} of '{product}' is not whole: {data!r}")
    for product, data in new.items():
        file = disk.get(f"{root}/{product}")
        if (file and file.data) != data:
            raise Failure(f"the recorded calls do not lead to '{product}': {file and file.data!r}")
    return moments


def absolute(directory: str, name: str) -> str:
    """A path that a call has named, perhaps in an open directory."""
    return name if name.startswith("/") else f"{directory}/{name}"

