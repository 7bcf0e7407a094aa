import Base
import Planning
import Testing

/// What a program of a task sees, as the mounts of its sandbox.
@Suite(.timeLimit(.minutes(15))) struct SandboxTests {
    /// The mounts of the program of task `t` that are not of every program, as `ro PATH`, `rw PATH` and `no PATH`.
    private func mounts(_ exec: String, others: String = "", links: [String: [String]] = [:]) throws -> Set<String> {
        let sandbox = try sandbox(exec, others, links)
        let usual = try self.sandbox("command: ls", "", [:])
        return Self.lines(sandbox).subtracting(sandbox.node == nil ? Self.lines(usual) : [])
    }

    private func sandbox(_ exec: String, _ others: String, _ links: [String: [String]]) throws -> Sandbox {
        let plan = try plan("tasks:\n  t: {exec: {\(exec)}}\n\(others)")
        return Sandbox(
            ofProgram: plan.steps[0].task,
            in: plan,
            taskFiles: ["/etc/nest-bootstrap/bootstrap.yaml"],
            linked: { links[$0] ?? [] }
        )
    }

    private static func lines(_ sandbox: Sandbox) -> Set<String> {
        Set(
            sandbox.mounts.map { path, mount in
                switch mount {
                case .readable: "ro \(path)"
                case .writable: "rw \(path)"
                case .covered: "no \(path)"
                }
            }
        )
    }

    private static let secret = "  s: {file: {path: /etc/app/keys/k, content: x, mode: '0600'}}\n"

    @Test func `it sees the base system and what its task names`() throws {
        let exec =
            "command: /srv/bin/do, args: [--in=/srv/in, '/dev/x'], reads: [/var/lib/y], writes: [/var/z/], creates: /srv/o/f"
        #expect(
            try mounts(exec) == [
                "ro /srv/bin/do", "ro /srv/in", "ro /var/lib/y", "rw /var/z", "rw /srv/o",
            ]
        )
        #expect(try sandbox(exec, "", [:]).devices == ["/dev/x"])
        let shared = "command: ls, args: [/dev/shm/a, /dev/x/y], reads: [/dev/shm/b], writes: [/dev/mqueue/c]"
        #expect(try mounts(shared) == ["ro /dev/shm/b", "rw /dev/mqueue/c"])
        #expect(try sandbox(shared, "", [:]).devices == ["/dev/x/y"])
        let usual = Self.lines(try sandbox("command: ls", "", [:]))
        for path in ["/run/nest-bootstrap", "/etc/kubernetes", "/run/dbus", "/root", "/etc/shadow", "/etc/ssl"] {
            #expect(!usual.contains { $0.hasSuffix(path) && !$0.hasPrefix("no ") })
        }
        #expect(usual.contains("no /nix/var/nix/daemon-socket"))
    }

    @Test func `what it may write it may replace, also if it is named elsewhere`() throws {
        #expect(try mounts("command: ls, args: [/srv/a/b], reads: [/srv/a/c], writes: [/srv/a/]") == ["rw /srv/a"])
    }

    @Test func `a secret of another task is covered with its directory, unless the task names it`() throws {
        #expect(
            try mounts("command: ls, args: [/etc/app]", others: Self.secret) == ["ro /etc/app", "no /etc/app/keys"]
        )
        #expect(
            try mounts("command: ls, args: [/etc/app, /etc/app/keys/public]", others: Self.secret)
                == ["ro /etc/app", "no /etc/app/keys", "ro /etc/app/keys/public"]
        )
        #expect(try mounts("command: ls, reads: [/etc/app/keys/k]", others: Self.secret) == ["ro /etc/app/keys/k"])
        #expect(try mounts("command: ls, writes: [/etc/app/keys/]", others: Self.secret) == ["rw /etc/app/keys"])
        // It must exist, so that what the other task writes there is never seen.
        #expect(try sandbox("command: ls, args: [/etc/app]", Self.secret, [:]).closedDirectories == ["/etc/app/keys"])
        #expect(try sandbox("command: ls", Self.secret, [:]).closedDirectories == [])
    }

    @Test func `a directory above a covered path that it may write cannot be renamed`() throws {
        let all = try mounts("command: ls, writes: [/]", others: Self.secret)
        #expect(
            all.isSuperset(of: ["no /etc/app/keys", "rw /etc/app", "rw /etc", "no /etc/shadow", "no /run/docker.sock"])
        )
        #expect(all.isSuperset(of: ["no /root", "no /run/systemd", "ro /run/systemd/journal/socket"]))
        #expect(all.isSuperset(of: ["no /run/nest-bootstrap", "no /var/lib/nest-bootstrap-products"]))
        let named = "command: ls, reads: [/etc/app/keys/k], writes: [/]"
        #expect(try mounts(named, others: Self.secret).isDisjoint(with: ["no /etc/app/keys", "no /etc/app/keys/k"]))
    }

    @Test func `the node's root that it may read is covered like other directories`() throws {
        let all = try mounts("command: ls, reads: [/]")
        #expect(all.isSuperset(of: ["no /etc/shadow", "no /root", "no /run/nest-bootstrap", "no /run/docker.sock"]))
        #expect(try sandbox("command: ls, reads: [/]", "", [:]).node == .readable)
    }

    @Test func `where a link leads is covered too`() throws {
        let links = ["/run/agenix/k": ["/run/agenix.x/1/k"]]
        let other = "  s: {decrypt: {path: /run/out, source: /etc/s.age, identity: /run/agenix/k}}\n"
        #expect(
            try mounts("command: ls, writes: [/run/]", others: other, links: links).isSuperset(
                of: ["no /run/agenix", "no /run/agenix.x/1", "rw /run/agenix.x"]
            )
        )
    }

    @Test func `a directory names no password, key or socket of the node below it`() throws {
        let reading = try mounts("command: ls, reads: [/run, /etc]")
        #expect(reading.isSuperset(of: ["ro /run", "no /run/dbus", "no /etc/shadow", "no /etc/kubernetes/pki"]))
        for exec in ["command: ls, writes: [/run/]", "command: ls, creates: /run/done"] {
            #expect(try mounts(exec).isSuperset(of: ["rw /run", "no /run/dbus", "no /run/docker.sock"]), "\(exec)")
        }
        let named = try mounts("command: ls, reads: [/run/dbus], writes: [/run/, /etc/ssh/]")
        #expect(named.isDisjoint(with: ["no /run/dbus", "no /etc/ssh"]))
        let notified = try mounts("command: ls, writes: [/run/]")
        #expect(notified.isSuperset(of: ["no /run/systemd", "no /run/containerd", "no /run/user"]))
        let below = try mounts("command: ls, reads: [/run/dbus/system_bus_socket], writes: [/run/]")
        #expect(below.isSuperset(of: ["no /run/dbus", "ro /run/dbus/system_bus_socket"]))
    }

    @Test func `below a link, what is below its target is covered`() throws {
        let links = ["/srv/etc": ["/etc"], "/srv/root": ["/"]]
        func all(_ exec: String) throws -> Set<String> { try mounts(exec, others: Self.secret, links: links) }
        let reading = try all("command: ls, args: [/srv/etc]")
        #expect(reading.isSuperset(of: ["ro /srv/etc", "no /srv/etc/shadow", "no /srv/etc/app/keys"]))
        let writing = try all("command: ls, writes: [/srv/etc]")
        #expect(writing.isSuperset(of: ["rw /srv/etc", "rw /srv/etc/app", "no /srv/etc/app/keys"]))
        #expect(try all("command: ls, reads: [/srv/root]").contains("no /srv/root/run/nest-bootstrap"))
        #expect(try all("command: ls, reads: [/srv/etc/app], writes: [/srv/]").contains("rw /srv"))
        #expect(
            try sandbox("command: ls, reads: [/srv/etc]", Self.secret, links).closedDirectories == ["/srv/etc/app/keys"]
        )
    }

    @Test func `a text that mentions a path in a directory of all users does not name it`() throws {
        #expect(try mounts("command: ls, args: [/tmp/a, /var/tmp/b], reads: [/tmp/c]") == ["ro /tmp/c"])
    }

    @Test func `static Pods are read-only below a directory that it writes`() throws {
        let exec = "command: ls, writes: [/etc/]"
        #expect(try mounts(exec).isSuperset(of: ["rw /etc/kubernetes", "ro /etc/kubernetes/manifests"]))
        // It must exist, so that the program does not create it.
        #expect(try sandbox(exec, "", [:]).closedDirectories == ["/etc/kubernetes/manifests"])
        #expect(
            try mounts("command: ls, writes: [/etc/kubernetes/manifests/]").contains("rw /etc/kubernetes/manifests")
        )
    }

    @Test func `it has the network and the capabilities that it declares`() throws {
        let plain = try sandbox("command: ls", "", [:])
        #expect(!plain.hasNetwork)
        #expect(plain.capabilities == ["CAP_DAC_OVERRIDE"])
        let more = try sandbox("command: ls, network: true, capabilities: [CAP_NET_ADMIN]", "", [:])
        #expect(more.hasNetwork)
        #expect(more.capabilities == ["CAP_DAC_OVERRIDE", "CAP_NET_ADMIN"])
    }

    @Test func `the agent sees what it is given, and keeps only what it knows of the task`() {
        let sandbox = Sandbox(ofAgentReading: ["/run/key"], keeping: ["/run/nest-bootstrap/tasks/t"])
        let lines = Self.lines(sandbox)
        #expect(lines.isSuperset(of: ["ro /run/key", "ro /usr", "rw /run/nest-bootstrap/tasks/t"]))
        #expect(lines.contains("no /nix/var/nix/daemon-socket"))
        #expect(lines.filter { $0.contains("/etc/kubernetes") || $0.contains("/run/nest-bootstrap") }.count == 1)
        #expect(sandbox.capabilities == ["CAP_SETUID", "CAP_SETGID"])
    }
}
