"""Runs with too little of something, on a clock that jumps, beside other runs, and on a machine that loses its power."""
import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import power
from agent import LONG, Failure, Node, Result
from cluster import command, versions
from disturbances import Arena, check

MEBIBYTE = 1 << 20
JUMPS = (864_000, -864_000, 3600, -3600)
# Parts of the names of cases that mount a file system or make a control group.
NEEDS_ROOT = ("disk", "threads", "MiB of memory")


async def ended(arena: Arena, node: Node, result: Result, allowed: tuple[int, ...] = (0, 1)) -> str:
    """Checks that a run has succeeded or failed with a message, and that an unlimited one completes it."""
    check(result.fault(allowed))
    if result.status != 0 and not result.errors:
        raise Failure(f"it ended with {result.status} without a message")
    node.wrapper, node.environment = [], {}
    await arena.complete(node, "it")
    return f"status {result.status}"


async def full_disk(arena: Arena, size: int) -> str:
    """The node's disk is small; the size is in KiB."""
    node = arena.node()
    await command("mount", "-t", "tmpfs", "-o", f"size={size}k", "chaos", node.root)
    try:
        result = await node.run()
        found = node.products()
        await command("mount", "-o", "remount,size=64M", node.root)
        outcome = await ended(arena, node, result)
        whole = node.products()
        if torn := [path for path in whole if found[path] not in (None, whole[path])]:
            raise Failure(f"written in part: {torn}")
    finally:
        await command("umount", node.root)
    return outcome


async def read_only(arena: Arena) -> str:
    """The node's disk cannot be written."""
    node = arena.node()
    await command("mount", "-t", "tmpfs", "-o", "ro", "chaos", node.root)
    try:
        result = await node.run()
        await command("mount", "-o", "remount,rw", node.root)
        return await ended(arena, node, result, (1,))
    finally:
        await command("umount", node.root)


async def limited(arena: Arena, *options: str, allowed: tuple[int, ...] = (0, 1)) -> str:
    """The process has a limit that prlimit sets."""
    node = arena.node()
    node.wrapper = ["prlimit", *options]
    return await ended(arena, node, await node.run(), allowed)


async def in_group(arena: Arena, controller: str, file: str, value: int, allowed: tuple[int, ...] = (0, 1)) -> str:
    """The process is in a control group with a limit."""
    base = Path("/sys/fs/cgroup") / controller
    name = "limit_in_bytes" if base.is_dir() and file == "max" and controller == "memory" else file
    group = (base if base.is_dir() else base.parent) / f"nest-chaos-{os.getpid()}-{id(arena)}"
    group.mkdir()
    try:
        (group / f"{controller}.{name}").write_text(str(value))
        node = arena.node()
        node.wrapper = ["sh", "-c", f'echo $$ > "{group}/cgroup.procs" && exec "$@"', "sh"]
        result = await node.run()
        # The kernel kills a process that exceeds the group's memory, and the run prints nothing.
        if result.status == -9 in allowed:
            result.errors = "killed by the kernel"
        return await ended(arena, node, result, allowed)
    finally:
        group.rmdir()


async def clock_jump(arena: Arena, jump: int) -> str:
    """The clock jumps by seconds while the agent waits for a server that has stopped, and while it applies."""
    node = arena.node()
    library, clock = node.directory / "clock.so", node.directory / "clock"
    await command("clang", "-shared", "-fPIC", "-o", library, Path(__file__).with_name("clock.c"))
    clock.write_text("0")
    node.environment = {"LD_PRELOAD": str(library), "CHAOS_CLOCK": str(clock)}
    outcomes = []
    for stopped in (True, False):
        if stopped:
            arena.cluster.signal("kube-apiserver", signal.SIGSTOP)
        run = await node.start(10)
        await asyncio.sleep(3 if stopped else arena.length / 2)
        clock.write_text(str(jump))
        result = await run.result()
        clock.write_text("0")
        arena.cluster.signal("kube-apiserver", signal.SIGCONT)
        if stopped and not 5 < result.seconds < 30:
            raise Failure(f"a task of 10 s took {result.seconds:.0f} s when the clock jumped by {jump} s: {result.text()}")
        outcomes.append(str(result.status))
        check(result.fault((0, 1)))
    node.environment = {}
    await arena.complete(node, "the jump")
    return f"status {' and '.join(outcomes)}"


async def two_agents(arena: Arena) -> str:
    """Two runs of one node at the same time."""
    node = arena.node()
    for result in await asyncio.gather(node.run(LONG), node.run(LONG)):
        check(result.fault())
    await arena.settle(node)
    return "status 0"


async def three_control_planes(arena: Arena) -> str:
    """Three nodes bootstrap one server at the same time; once the first is ready, nothing changes any more."""
    nodes = [arena.node(f"node{number}") for number in range(3)]
    runs = [asyncio.ensure_future(node.run(LONG)) for node in nodes]
    await asyncio.wait(runs, return_when=asyncio.FIRST_COMPLETED)
    before = versions(await asyncio.to_thread(arena.cluster.objects))
    for result in await asyncio.gather(*runs):
        check(result.fault())
    if versions(await asyncio.to_thread(arena.cluster.objects)) != before:
        raise Failure("the version of an object has moved after the first agent was ready")
    await arena.settle(nodes[0])
    return "status 0"


async def power_loss(arena: Arena) -> str:
    """Every prefix of what a run does to its disk leaves the old or the new files."""
    node = arena.node()
    moments = 0
    # The first run writes the files, the second replaces them.
    for node.credentials, node.binary in arena.variants():
        old = node.products()
        trace = node.directory / "trace"
        node.wrapper = power.tracer(trace)
        check((await node.run(LONG)).fault())
        moments += power.replay(trace, node.root, old, node.products())
        for file in node.directory.glob("trace.*"):
            file.unlink()
    node.wrapper = []
    await arena.complete(node, "it")
    return f"{moments} moments"


CASES: dict[str, Callable] = {
    **{f"full disk of {size} KiB": lambda arena, size=size: full_disk(arena, size) for size in range(8, 248, 12)},
    "read-only disk": read_only,
    **{f"{n} files": lambda arena, n=n: limited(arena, f"--nofile={n}") for n in range(9, 25)},
    **{f"{n} threads": lambda arena, n=n: in_group(arena, "pids", "max", n) for n in range(1, 13)},
    "20 MiB of data": lambda arena: limited(arena, f"--data={20 * MEBIBYTE}"),
    # The dynamic linker cannot load every library. With less than the program's 21 MiB, the kernel ends it with
    # SIGSEGV.
    "24 MiB of addresses": lambda arena: limited(arena, f"--as={24 * MEBIBYTE}", allowed=(127, 1)),
    "20 MiB of memory": lambda arena: in_group(arena, "memory", "max", 20 * MEBIBYTE, (0, 1, -9)),
    **{f"clock jump of {jump} s": lambda arena, jump=jump: clock_jump(arena, jump) for jump in JUMPS},
    "two agents": two_agents,
    "three control planes": three_control_planes,
    "power loss": power_loss,
}
