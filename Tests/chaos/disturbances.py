"""One schedule, one kill, one signal: the run that is disturbed, and the undisturbed ones after it."""
import asyncio
import random
import shutil
import signal
import time

from agent import LONG, Failure, Node
from cluster import Cluster, difference, versions
from proxy import Proxy
from schedule import Fault, schedule

# The exit statuses of a run that got a signal, negative if the signal ended it before the task file was read.
SIGNALS = {signal.SIGTERM: (0, 143, -15), signal.SIGINT: (0, 130, -2), signal.SIGHUP: (0, 143, 129, -1)}


class Arena:
    """A cluster, a proxy in front of it, and the result of undisturbed runs."""

    def __init__(self, program: str, cluster: Cluster) -> None:
        self.program, self.cluster = program, cluster
        self.proxy = Proxy(cluster.port, cluster.pki)
        self.expected: dict[str, dict] = {}
        self.length = 1.0

    def node(self, name: str = "node") -> Node:
        """A new node, which reaches the server directly."""
        node = Node(self.program, self.cluster.directory / name, self.cluster.pki)
        node.server = f"https://127.0.0.1:{self.cluster.port}"
        return node

    async def learn(self) -> None:
        """Runs the graph undisturbed."""
        node = self.node()
        result = await node.run(LONG)
        check(result.fault())
        self.length = result.seconds
        self.expected = await asyncio.to_thread(self.cluster.objects)
        await self.settle(node)

    async def settle(self, node: Node) -> None:
        """Checks that the cluster is that of an undisturbed run, and that a further run changes nothing."""
        objects = await asyncio.to_thread(self.cluster.objects)
        if self.expected:
            check(difference(objects, self.expected))
        result = await node.run(LONG)
        check(result.fault())
        if not result.output.rstrip().endswith("tasks: 15 unchanged"):
            raise Failure(f"a run after a success changes something:\n{result.output}")
        if versions(await asyncio.to_thread(self.cluster.objects)) != versions(objects):
            raise Failure("a run after a success moves the version of an object")
        if left := node.leftovers():
            raise Failure(f"temporary files are left: {left}")

    async def complete(self, node: Node, what: str) -> None:
        """Runs the graph undisturbed, which must complete it."""
        if fault := (await node.run(LONG)).fault():
            if is_of_address(fault):
                return
            raise Failure(f"the run after {what}: {fault}")
        await self.settle(node)

    # Schedules

    async def run_schedule(self, seed: int) -> tuple[str, str]:
        """Runs the schedule of a seed, and returns it with how the run ended."""
        plan = schedule(seed, self.length)
        await self.cluster.reset()
        self.proxy.certificates_changed()
        node = self.node()
        node.server = f"https://127.0.0.1:{self.proxy.ports[plan.mode]}"
        servers = [asyncio.ensure_future(self.fail(fault)) for fault in plan.server]
        if any(fault.kind == "new CA" for fault in plan.server):
            await asyncio.sleep(0.5)
        self.proxy.begin(seed, plan.network)
        try:
            result = await (await node.start()).result()
        finally:
            self.proxy.end()
            await asyncio.gather(*servers)
        check(f"{plan}: {fault}" if (fault := result.fault((0, 1))) else "")
        # Tasks that succeeded before etcd was emptied are not repeated, so the next run completes them.
        is_emptied = any(fault.kind == "empty etcd" for fault in plan.server)
        try:
            if result.status == 0 and not is_emptied:
                await self.settle(node)
            else:
                await self.complete(node, "the schedule")
        except Failure as failure:
            raise Failure(f"{plan}: {failure}\nthe disturbed run:\n{result.text()}") from failure
        return str(plan), ("completed" if result.status == 0 else "reason given") + f", {result.seconds:.1f} s"

    async def fail(self, fault: Fault) -> None:
        """Lets the real server fail, and starts what has ended again."""
        cluster = self.cluster
        verb, _, what = fault.kind.partition(" ")
        both = ["kube-apiserver", "etcd"]
        names = {"kill both": both, "empty etcd": both, "new CA": both[:1]}.get(fault.kind, [what])
        await asyncio.sleep(fault.start)
        if verb == "stop":
            cluster.signal(what, signal.SIGSTOP)
        elif verb == "end":
            await cluster.script("stop", *names)
        else:
            await cluster.script("stop", "--now", *names)
        if verb == "empty":
            shutil.rmtree(cluster.directory / "etcd")
        if verb == "new":
            # By then, the agent has read the old CA and waits.
            await asyncio.sleep(1.5)
            await cluster.use_other_authority()
            self.proxy.certificates_changed()
        await asyncio.sleep(fault.seconds)
        if verb == "stop":
            cluster.signal(what, signal.SIGCONT)
        await cluster.start()

    # Kills and signals

    async def interrupt(self, seed: int, count: int, kinds: list[int]) -> dict[str, int]:
        """Sends runs a signal at random moments, and completes the graph after every fifth; returns what came of them."""
        chance = random.Random(seed)
        # An earlier schedule may have left another CA.
        await self.cluster.reset()
        node = self.node()
        variants = self.variants()
        wholes = []
        for node.credentials, node.binary in variants:
            check((await node.run(LONG)).fault())
            wholes.append(node.products())
        await self.cluster.reset()
        outcomes: dict[str, int] = {}
        length = self.length
        for number in range(count):
            node.credentials, node.binary = variants[number // 5 % 2]
            run = await node.start(LONG)
            await asyncio.sleep(chance.uniform(0, length))
            kind = chance.choice(kinds)
            run.signal(kind)
            result = await run.result()
            allowed = (0, -9) if kind == signal.SIGKILL else SIGNALS[signal.Signals(kind)]
            if (fault := result.fault(allowed)) and not is_of_address(fault):
                raise Failure(f"{signal.Signals(kind).name}: {fault}")
            outcomes[str(result.status)] = outcomes.get(str(result.status), 0) + 1
            now = node.products()
            for path, bytes_now in now.items():
                if bytes_now not in [whole[path] for whole in wholes]:
                    raise Failure(f"{signal.Signals(kind).name}: '{path}' is neither the old nor the new file")
            if number % 5 == 4:
                start = time.monotonic()
                await self.complete(node, signal.Signals(kind).name)
                # About half of the signals come within the time of a first run, the others within that of a later run.
                length = chance.choice([self.length, (time.monotonic() - start) / 3])
        return outcomes

    def variants(self) -> list[tuple]:
        """Two sets of credentials and targets of links, between which a node changes."""
        other = self.cluster.kept / "credentials"
        if not other.exists():
            shutil.copytree(self.cluster.kept / "pki", other)
            for name in ("kube-proxy.crt", "kube-proxy.key"):
                shutil.copy(self.cluster.kept / "other/pki" / name, other)
            with (other / "k8s-ca.crt").open("a") as file:
                file.write((self.cluster.kept / "other/pki/k8s-ca.crt").read_text())
        return [(self.cluster.pki, "/run/current-system/sw/bin/calico"), (other, "/run/other/calico")]


def is_of_address(fault: str) -> bool:
    """Whether a Service whose creation was cut off lacks its address, which the server frees after minutes.

    docs/faults.md describes it.
    """
    return "provided IP is already allocated" in fault


def check(fault: str) -> None:
    """Fails unless the text is empty."""
    if fault:
        raise Failure(fault)
