"""What fails when, computed from a seed."""
import dataclasses
import random

# What happens to a piece of a connection below TLS.
BYTES = ["dropped", "delayed", "cut", "reset", "half-closed", "silent", "changed"]
# What comes instead of a reply.
REPLIES = [
    "500", "502", "503", "504", "429", "401 once", "HTML", "other object", "empty object", "truncated", "too long",
    "closed",
]
# What happens to the real server.
SERVER = [
    "kill kube-apiserver", "kill etcd", "kill both", "end kube-apiserver", "stop kube-apiserver", "stop etcd",
    "empty etcd", "new CA",
]
LAYERS = ["tcp", "http1", "http2", "server", "server and tcp"]


@dataclasses.dataclass
class Fault:
    """Something that fails for a while."""
    kind: str
    # The beginning in seconds since the start of the run, and the duration in seconds.
    start: float
    seconds: float
    # The share of pieces or replies that are hit, from 0 to 1.
    share: float = 1
    # Seconds of a delay.
    amount: float = 0

    def __str__(self) -> str:
        share = f", {self.share:.0%}" if self.share < 1 else ""
        return f"{self.kind} at {self.start:.2f} s for {self.seconds:.1f} s{share}"


@dataclasses.dataclass
class Schedule:
    """The faults of a run, and through which port of the proxy it reaches the server."""
    seed: int
    layer: str
    mode: str
    network: list[Fault]
    server: list[Fault]

    def __str__(self) -> str:
        return f"seed {self.seed}, {self.layer}: " + "; ".join(map(str, self.network + self.server))


def schedule(seed: int, length: float) -> Schedule:
    """The schedule of a seed, for runs that take `length` seconds when nothing fails."""
    # Consecutive seeds rotate through the layers, and through the kinds of fault of each layer.
    layer = LAYERS[seed % len(LAYERS)]
    turn = seed // len(LAYERS)
    chance = random.Random(seed)
    network, server = [], []
    mode = layer if layer in ("tcp", "http1", "http2") else "tcp"
    if layer != "server":
        kinds = REPLIES if mode != "tcp" else BYTES
        chosen = [kinds[turn % len(kinds)], *chance.sample(kinds, chance.randrange(3))]
        network = [network_fault(kind, chance, length) for kind in chosen]
    if layer.startswith("server"):
        server = [server_fault(SERVER[turn % len(SERVER)], chance, length)]
    return Schedule(seed, layer, mode, network, server)


def network_fault(kind: str, chance: random.Random, length: float) -> Fault:
    # Now and then a fault stays for longer than a task may take.
    seconds = chance.choice([0.2, 1, 3, 8, 60])
    share = chance.choice([0.05, 0.2, 1])
    return Fault(kind, chance.uniform(0, length), seconds, share, chance.uniform(0.05, 2))


def server_fault(kind: str, chance: random.Random, length: float) -> Fault:
    # A new CA comes while the agent waits for a server.
    start = 0 if kind == "new CA" else chance.uniform(0, length)
    return Fault(kind, start, chance.choice([0.2, 1, 3, 6, 12]))
