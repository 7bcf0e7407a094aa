"""What can be wrong with the files, programs and servers that a task uses: each fault is made for real."""
import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Fault = Callable[["Place"], str]
"""Makes a fault, and returns the path or the address that a task is given."""


@dataclass
class Place:
    """A directory for the files of one case, and what has to be undone after it."""

    directory: Path
    cluster: Path
    undo: contextlib.ExitStack

    def file(self, name: str, content: str | bytes = "", mode: int = 0o644) -> Path:
        """Writes a file."""
        path = self.directory / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        return path

    def run(self, *words: str | Path, **options: object) -> str:
        """Runs a program, which must succeed, and returns its output."""
        done = subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True, cwd=self.directory, **options)
        return done.stdout

    def mount(self, directory: str, *flags: str) -> Path:
        """Mounts a file system of its own."""
        path = self.directory / directory
        path.mkdir(exist_ok=True)
        self.run("mount", *flags, path)
        self.undo.callback(subprocess.run, ["umount", "--lazy", path], check=True)
        return path

    def serve(self, *words: str | Path, ready: int) -> str:
        """Starts a server, and returns its address when its port accepts connections."""
        server = subprocess.Popen(
            [str(word) for word in words], cwd=self.directory, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        self.undo.callback(server.wait)
        self.undo.callback(server.kill)
        while not isinstance(server.poll(), int):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", ready)):
                return f"127.0.0.1:{ready}"
        raise RuntimeError(f"{words[0]} ended with {server.returncode}")

    def certificate(self, name: str, *flags: str) -> tuple[Path, Path]:
        """Makes a key and a certificate that it signs itself."""
        key, certificate = self.directory / f"{name}.key", self.directory / f"{name}.crt"
        self.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
                 certificate, "-subj", "/CN=lab-ca", *flags)
        return certificate, key


def free_port() -> int:
    """A port of the loopback interface that no server has."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


# --- files that a task reads ------------------------------------------------------------------------------------------


def missing(place: Place) -> str:
    """There is no such file."""
    return str(place.directory / "nothing.conf")


def misspelt(place: Place) -> str:
    """The file has a similar name."""
    place.file("settings.conf", "a")
    return str(place.directory / "setings.conf")


def missing_directory(place: Place) -> str:
    """The directory of the file has a similar name."""
    (place.directory / "conf.d").mkdir()
    (place.directory / "conf.d/a").write_text("a")
    return str(place.directory / "config.d/a")


def directory(place: Place) -> str:
    """A directory is in the place of the file."""
    (place.directory / "d").mkdir()
    return str(place.directory / "d")


def below_file(place: Place) -> str:
    """A file is in the place of its directory."""
    return f"{place.file('f', 'a')}/x"


def dangling(place: Place) -> str:
    """A link leads to nothing."""
    (place.directory / "link").symlink_to("/nowhere/to/be/found")
    return str(place.directory / "link")


def loop(place: Place) -> str:
    """Two links lead to each other."""
    (place.directory / "one").symlink_to("two")
    (place.directory / "two").symlink_to("one")
    return str(place.directory / "one")


def loop_above(place: Place) -> str:
    """The directory is a link to itself."""
    (place.directory / "self").symlink_to("self")
    return str(place.directory / "self/x")


def empty(place: Place) -> str:
    """The file is empty."""
    return str(place.file("empty"))


def huge(place: Place) -> str:
    """The file is larger than any that is read."""
    path = place.file("huge")
    os.truncate(path, 200 << 20)
    return str(path)


def pipe(place: Place) -> str:
    """The file is a named pipe, which nothing writes."""
    os.mkfifo(place.directory / "pipe")
    return str(place.directory / "pipe")


def unix_socket(place: Place) -> str:
    """The file is a socket."""
    listener = place.undo.enter_context(socket.socket(socket.AF_UNIX))
    listener.bind(str(place.directory / "s"))
    return str(place.directory / "s")


def long_name(place: Place) -> str:
    """The name is longer than a file system allows."""
    return str(place.directory / ("n" * 300))


def other_writer(place: Place) -> str:
    """Every user may write the file."""
    return str(place.file("open.conf", "a", 0o666))


def binary(place: Place) -> str:
    """The file is no text."""
    return str(place.file("binary", bytes(range(256)) * 20))


SOURCES = [missing, misspelt, missing_directory, directory, below_file, dangling, loop, loop_above, empty, huge, pipe, unix_socket, long_name,
           other_writer, binary]

# --- files that a task writes -----------------------------------------------------------------------------------------


def full(place: Place) -> str:
    """The file system is full."""
    path = place.mount("full", "-t", "tmpfs", "-o", "size=64k", "tmpfs")
    with contextlib.suppress(OSError), open(path / "rest", "wb", buffering=0) as rest:
        while True:
            rest.write(bytes(4096))
    return str(path / "x")


def no_inodes(place: Place) -> str:
    """The file system can have no further file."""
    path = place.mount("inodes", "-t", "tmpfs", "-o", "nr_inodes=2", "tmpfs")
    (path / "rest").touch()
    return str(path / "x")


def read_only(place: Place) -> str:
    """The file system is mounted read-only."""
    return str(place.mount("ro", "-t", "tmpfs", "-o", "ro", "tmpfs") / "x")


def mount_point(place: Place) -> str:
    """The file is a mount point, as /etc/hosts in a container."""
    path = place.file("hosts", "a")
    place.run("mount", "--bind", path, path)
    place.undo.callback(subprocess.run, ["umount", path], check=True)
    return str(path)


def directory_in_use(place: Place) -> str:
    """A directory with files is in the place of the file."""
    (place.directory / "d").mkdir()
    (place.directory / "d/x").touch()
    return str(place.directory / "d")


def immutable(place: Place) -> str:
    """The file has the attribute `immutable`."""
    path = place.file("fixed", "a")
    place.run("chattr", "+i", path)
    place.undo.callback(subprocess.run, ["chattr", "-i", path], check=True)
    return str(path)


def other_owner(place: Place) -> str:
    """The directory belongs to another user, and everybody may write to it."""
    path = place.directory / "shared"
    path.mkdir()
    os.chown(path, 65534, 65534)
    path.chmod(0o777)
    return str(path / "x")


def proc(place: Place) -> str:
    """The path is in a file system of the kernel."""
    return "/proc/nest/x"


TARGETS = [full, no_inodes, read_only, mount_point, directory_in_use, immutable, below_file, loop_above, dangling, long_name, other_owner,
           proc, unix_socket]

# --- programs that a task runs ----------------------------------------------------------------------------------------


def interpreter(place: Place) -> str:
    """The interpreter does not exist."""
    return str(place.file("i.py", "#!/usr/bin/pythn3\nprint(1)\n", 0o755))


def interpreter_argument(place: Place) -> str:
    """The interpreter is found by env, and does not exist."""
    return str(place.file("i.py", "#!/usr/bin/env pythn3\nprint(1)\n", 0o755))


def carriage_returns(place: Place) -> str:
    """The lines end with CR LF."""
    return str(place.file("crlf.sh", "#!/bin/sh\r\necho hi\r\n", 0o755))


def not_executable(place: Place) -> str:
    """The program is not executable."""
    return str(place.file("plain.sh", "#!/bin/sh\necho hi\n", 0o644))


def no_interpreter(place: Place) -> str:
    """The script has no first line with an interpreter."""
    return str(place.file("bare", "echo hi\n", 0o755))


def byte_order_mark(place: Place) -> str:
    """A byte order mark is before the first line."""
    return str(place.file("bom.sh", b"\xef\xbb\xbf#!/bin/sh\necho hi\n", 0o755))


def other_machine(place: Place) -> str:
    """The program is for another kind of machine."""
    content = bytearray(Path("/bin/true").read_bytes())
    content[18:20] = (183).to_bytes(2, "little") if content[18] != 183 else (62).to_bytes(2, "little")
    return str(place.file("arm", bytes(content), 0o755))


def no_exec_mount(place: Place) -> str:
    """The program is on a file system from which none is started."""
    path = place.mount("noexec", "-t", "tmpfs", "-o", "noexec", "tmpfs") / "p.sh"
    path.write_text("#!/bin/sh\necho hi\n")
    path.chmod(0o755)
    return str(path)


def busy_program(place: Place) -> str:
    """The program is open for writing."""
    path = place.directory / "busy"
    shutil.copy("/bin/true", path)
    place.undo.enter_context(open(path, "ab"))
    return str(path)


def exits(code: int) -> Fault:
    """A script that ends with a code."""
    def fault(place: Place) -> str:
        return str(place.file(f"exit{code}.sh", f"#!/bin/sh\necho failing\nexit {code}\n", 0o755))
    fault.__name__, fault.__doc__ = f"exits_{code}", f"The program exits with code {code}."
    return fault


def kills_itself(signal: str) -> Fault:
    """A script that a signal ends."""
    def fault(place: Place) -> str:
        return str(place.file(f"{signal}.sh", f"#!/bin/sh\nkill -{signal} $$\n", 0o755))
    fault.__name__, fault.__doc__ = f"ended_by_{signal}", f"The signal SIG{signal} ends the program."
    return fault


def too_slow(place: Place) -> str:
    """The program does not end in time."""
    return str(place.file("slow.sh", "#!/bin/sh\necho waiting for the disk\nsleep 100\n", 0o755))


def command_in_script(place: Place) -> str:
    """The script calls a program that does not exist."""
    return str(place.file("calls.sh", "#!/bin/sh -e\nip-tables -L\n", 0o755))


PROGRAMS = [missing, misspelt, directory, loop, interpreter, interpreter_argument, carriage_returns, not_executable, no_interpreter,
            byte_order_mark, other_machine, no_exec_mount, busy_program, exits(1), exits(126), exits(127), kills_itself("KILL"),
            kills_itself("SEGV"), kills_itself("TERM"), too_slow, command_in_script, empty]

# --- servers that a task asks -----------------------------------------------------------------------------------------


def nothing_listens(place: Place) -> str:
    """No server has the port."""
    return f"127.0.0.1:{free_port()}"


def plain_http(place: Place) -> str:
    """The server speaks HTTP without TLS."""
    port = free_port()
    return place.serve("python3", "-m", "http.server", "--bind", "127.0.0.1", str(port), ready=port)


def banner(place: Place) -> str:
    """The server greets as SSH does."""
    port = free_port()
    return place.serve("/usr/sbin/sshd", "-D", "-f", "/dev/null", "-h", ssh_key(place), "-o", f"ListenAddress=127.0.0.1:{port}", ready=port)


def ssh_key(place: Place) -> Path:
    """A host key."""
    path = place.directory / "host"
    place.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path)
    return path


def silent(place: Place) -> str:
    """The server accepts connections and says nothing."""
    listener = place.undo.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))
    return f"127.0.0.1:{listener.getsockname()[1]}"


def tls(place: Place, name: str, *flags: str, extra: tuple[str, ...] = (), http: bool = True) -> str:
    """A server of OpenSSL with a certificate."""
    certificate, key = place.certificate(name, *flags)
    port = free_port()
    words = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certificate, "-key", key, "-quiet", *extra]
    return place.serve(*words, *(["-www"] if http else []), ready=port)


def other_authority(place: Place) -> str:
    """The server's certificate is self-signed."""
    return tls(place, "other", "-addext", "subjectAltName=IP:127.0.0.1")


def expired(place: Place) -> str:
    """The server's certificate is self-signed and has expired."""
    return tls(place, "old", "-addext", "subjectAltName=IP:127.0.0.1", "-not_before", "20200101000000Z", "-not_after", "20210101000000Z")


def old_tls(place: Place) -> str:
    """The server has TLS 1.1 and no later version."""
    return tls(place, "old", "-addext", "subjectAltName=IP:127.0.0.1", extra=("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"))


def wants_certificate(place: Place) -> str:
    """The server asks for a certificate of another CA."""
    other, _ = place.certificate("clients")
    return tls(place, "server", "-addext", "subjectAltName=IP:127.0.0.1", extra=("-Verify", "1", "-verify_return_error", "-CAfile", str(other)))


def etcd(place: Place) -> str:
    """The port is etcd's, which speaks HTTP here."""
    environment = dict(line.split("=", 1) for line in (place.cluster / "env").read_text().splitlines() if "=" in line)
    return environment["NEST_ETCD"].removeprefix("export ").strip("'\"").removeprefix("http://")


SERVERS = [nothing_listens, plain_http, banner, silent, other_authority, expired, old_tls, wants_certificate, etcd]
