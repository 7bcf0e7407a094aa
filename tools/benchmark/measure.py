"""Runs a command and writes what it cost to a file: exit status, wall ms, CPU ms, peak RSS MiB.

usage: python3 -I -S measure.py FILE COMMAND [ARGUMENT...]

CPU and peak RSS are those of wait4, which includes the command's own children; peak RSS is that of the largest process.
Linux counts the memory of the process that forks as the child's until the child executes another program. That is why
this is a process of its own that imports only built-in modules: it has 5 MiB, less than anything that is measured.
"""
import posix
import sys
import time


def main() -> None:
    """Runs the command of the command line; a signal that ended it counts as status 128 plus its number."""
    result, *command = sys.argv[1:]
    start = time.monotonic_ns()
    pid = posix.fork()
    if pid == 0:
        try:
            posix.execv(command[0], command)
        except OSError as error:
            print(f"{command[0]}: {error.strerror}", file=sys.stderr, flush=True)
            posix._exit(127)
    _, status, usage = posix.wait4(pid, 0)
    wall = (time.monotonic_ns() - start) / 1e6
    code = posix.waitstatus_to_exitcode(status)
    cpu = (usage.ru_utime + usage.ru_stime) * 1000
    with open(result, "w", encoding="ascii") as file:
        print(code if code >= 0 else 128 - code, wall, cpu, usage.ru_maxrss / 1024, file=file)


main()
