import Testing

/// A task file with what is printed about it.
struct Faulty: CustomTestStringConvertible {
    let text: String
    let printed: String
    var testDescription: String { text }

    init(_ text: String, _ printed: String...) {
        self.text = text
        self.printed = printed.joined(separator: "\n")
    }

    /// A file of one task, `t`, whose keys begin in line 3.
    static func task(_ keys: String, _ printed: String...) -> Self {
        let lines = keys.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)\n" }
        return Self("tasks:\n  t:\n" + lines.joined(), printed.joined(separator: "\n"))
    }
}

@Suite(.timeLimit(.minutes(15))) struct MessageTests {
    @Test(arguments: [
        Faulty("", "bootstrap.yaml: no task is declared"),
        Faulty("- a", "1:1: a task file must be a mapping, found a list"),
        Faulty("task: {}", "1:1: unknown key 'task' in a task file"),
        Faulty("tasks: {}\n---\nnodes: {}", "3:1: '---' begins another document, and a task file has one"),
        Faulty("tasks: {a: 5}", "1:12: task 'a' must be a mapping with a verb, found the number 5"),
        Faulty("tasks: {Calico_CRDs: {exec: {command: 'true'}}}", "1:9: invalid task name 'Calico_CRDs'"),
        Faulty("tasks: {crds-: {exec: {command: 'true'}}}", "1:9: invalid task name 'crds-'"),
        Faulty("tasks: {health: {exec: {command: 'true'}}}", "1:9: 'health' cannot be the name of a task"),
    ])
    func `a file that is no task file is reported so`(_ file: Faulty) {
        let printed = problems(file.text)
        #expect(isReported(printed, file.printed), "\(printed)")
    }

    @Test(arguments: ["tasks: {}", "tasks:\n  # none yet\n"])
    func `a task file may have no task`(text: String) {
        #expect(problems(text) == "")
    }

    @Test(arguments: [
        Faulty.task("description: x", "2:3: task 't' has no verb"),
        .task("exec: {command: ls}\nsymlink: {path: /a, target: b}", "4:5: task 't' has 2 verbs: 'symlink' and 'exec'"),
        .task("command: x", "3:5: unknown key 'command' in task 't'"),
        .task("scrpt: x", "3:5: unknown key 'scrpt' in task 't'"),
        .task("after: b\nexec: {command: ls}", "3:12: 'after' of task 't' must be a list of tasks and systemd units"),
        .task("enable: maybe\nexec: {command: ls}", "3:13: 'enable' of task 't' must be true or false, found 'maybe'"),
        .task("wantedBy: [multi-user]\nexec: {command: ls}", "3:16: an item of 'wantedBy'… must be the name of a"),
        .task("timeout: 10 minutes\nexec: {command: ls}", "3:14: 'timeout' of task 't' must be a duration"),
        .task("timeout: 25h\nexec: {command: ls}", "3:14: 'timeout'… must be a duration above zero and up to 24h"),
        .task("timeout: 0s\nexec: {command: ls}", "3:14: 'timeout'… must be a duration above zero and up to 24h"),
        .task("restart: [kubelet]\nexec: {command: ls}", "3:15: an item of 'restart'… must be the name of a systemd"),
        .task("every: 5s\nexec: {command: ls}", "3:12: 'every' of task 't' must be a duration of at least 10s"),
        .task("every: 1d\nexec: {command: ls}", "3:12: 'every' of task 't' must be a duration"),
        .task("description: 5\nexec: {command: ls}", "3:18: 'description' of task 't' must be a string"),
        .task("roles: []\nexec: {command: ls}", "3:12: 'roles' of task 't' must be a list of at least one role"),
    ])
    func `a fault in a task is reported`(_ file: Faulty) {
        let printed = problems(file.text)
        #expect(isReported(printed, file.printed), "\(printed)")
    }

    @Test(arguments: [
        Faulty.task("after: [a]\nexec: {command: ls}", "3:13: task 't' runs after 'a', which is not declared"),
        .task("after: [agenix.servce]\nexec: {command: ls}", "3:13: task 't' runs after 'agenix.servce'"),
        .task("after: [k8s-bootstrap-tt.service]\nexec: {command: ls}", "3:13: task 't' runs after 'tt'"),
        .task("after: [\"@a.service\"]\nexec: {command: ls}", "3:13: an item of 'after'… of letters, digits"),
        .task(
            "exec: {command: ls, network: true, writes: [/proc/sys/net/ipv4/ip_forward]}",
            "3:49: an item of 'exec.writes'… is '/proc/sys/net/ipv4/ip_forward', a setting of the node's network",
        ),
        .task("file: {path: /sys/kernel/x, content: z}", "3:18: 'file.path'… must be a path where files can be made"),
        .task(
            "after: [k8s-bootstrap.target]\nexec: {command: ls}",
            "3:13: an item of 'after' of task 't' is 'k8s-bootstrap.target', which waits for every task",
        ),
        .task("after: [\"a\\nb.service\"]\nexec: {command: ls}", "3:13: an item of 'after'… on one line"),
        .task("after: [t]\nexec: {command: ls}", "3:13: a task runs after itself: t -> t"),
    ])
    func `a name in after that means nothing is reported`(_ file: Faulty) {
        let printed = problems(file.text)
        #expect(isReported(printed, file.printed), "\(printed)")
    }

    /// Ten whole messages; all other tests look for the place, the subject and the cause.
    @Test(arguments: [
        Faulty.task("scrpt: x", "3:5: unknown key 'scrpt' in task 't'; did you mean 'script'?"),
        .task("command: x", "3:5: unknown key 'command' in task 't'; it belongs below 'exec:'; indent it there"),
        .task(
            "wantedBy: [kubelet]\nexec: {command: ls}",
            "3:16: an item of 'wantedBy' of task 't' must be the name of a systemd unit, found 'kubelet'; "
                + "write kubelet.service"
        ),
        .task(
            "after: [agenix]\nexec: {command: ls}",
            "3:13: task 't' runs after 'agenix', which is not declared; write 'agenix.service' if it is a systemd unit"
        ),
        .task(
            "exec: {command: ls, capabilities: [net_admin]}",
            "3:40: an item of 'exec.capabilities' of task 't' must be the name of a capability such as CAP_NET_ADMIN, "
                + "found 'net_admin'; did you mean 'CAP_NET_ADMIN'?"
        ),
        .task(
            "symlink: {path: /a/../b, target: c}",
            "3:21: 'symlink.path' of task 't' must be a path without '..', found '/a/../b'; write path: /b"
        ),
        .task(
            "file: {path: /x, content: '', mode: 0999}",
            "3:41: 'file.mode' of task 't' must be permissions in octal, up to 07777, found the number 0999; "
                + "write mode: 0644, or 0600 for a secret"
        ),
        .task("file: {path: /a, url: 'https://h/a'}", "3:5: 'file.sha256' of task 't' is missing; add sha256: DIGEST"),
        Faulty(
            "tasks: {Calico_CRDs: {exec: {command: 'true'}}}",
            "1:9: invalid task name 'Calico_CRDs': expected up to 63 lowercase letters, digits and hyphens; "
                + "write calico-crds:"
        ),
        Faulty(
            "cluster: {servers: https://fd00::1/}\ntasks: {}",
            "1:20: 'cluster.servers' must be the URL of an API server, and 'https://fd00::1/' has an IPv6 address "
                + "without brackets"
        ),
    ])
    func `a message says what to type`(_ file: Faulty) {
        #expect(problems(file.text) == "bootstrap.yaml:\(file.printed)")
    }
}
