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

@Suite(.timeLimit(.minutes(5))) struct MessageTests {
    @Test(arguments: [
        Faulty("", "bootstrap.yaml: no task is declared; write tasks: and a task below it"),
        Faulty("# nothing\n", "bootstrap.yaml: no task is declared; write tasks: and a task below it"),
        Faulty(
            "- a",
            "bootstrap.yaml:1:1: a task file must be a mapping, found a list; write tasks: and a task below it",
        ),
        Faulty(
            "task: {}",
            "bootstrap.yaml:1:1: unknown key 'task' in a task file; did you mean 'tasks'?",
        ),
        Faulty(
            "tasks: {}\n---\nnodes: {}",
            "bootstrap.yaml:3:1: '---' begins another document, and a task file has one; write what follows to a "
                + "drop-in, such as bootstrap.d/NAME.yaml",
        ),
        Faulty(
            "tasks: {a: 5}",
            "bootstrap.yaml:1:12: task 'a' must be a mapping with a verb, found the number 5; "
                + "write one of \(verbList) below it",
        ),
        Faulty(
            "tasks: {Calico_CRDs: {exec: {command: 'true'}}}",
            "bootstrap.yaml:1:9: invalid task name 'Calico_CRDs': expected lowercase letters, digits and hyphens; "
                + "write calico-crds:",
        ),
        Faulty(
            "tasks: {crds-: {exec: {command: 'true'}}}",
            "bootstrap.yaml:1:9: invalid task name 'crds-': expected lowercase letters, digits and hyphens; "
                + "write crds:",
        ),
        Faulty(
            "tasks: {health: {exec: {command: 'true'}}}",
            "bootstrap.yaml:1:9: 'health' cannot be the name of a task, "
                + "because 'k8s-bootstrap-health.service' is a unit of its own; use another name",
        ),
    ])
    func `a file that is no task file is reported so`(_ file: Faulty) {
        #expect(problems(file.text) == file.printed)
    }

    @Test(arguments: ["tasks: {}", "tasks:\n  # none yet\n"])
    func `a task file may have no task`(text: String) {
        #expect(problems(text) == "")
    }

    @Test(arguments: [
        Faulty.task(
            "description: x",
            "bootstrap.yaml:2:3: task 't' has no verb; "
                + "write one of \(verbList) below it",
        ),
        .task(
            "exec: {command: ls}\nsymlink: {path: /a, target: b}",
            "bootstrap.yaml:4:5: task 't' has 2 verbs: 'symlink' and 'exec'; keep one, and move the others to tasks of their own",
        ),
        .task(
            "command: x",
            "bootstrap.yaml:3:5: unknown key 'command' in task 't'; it belongs below 'exec:'; indent it there"
        ),
        .task("scrpt: x", "bootstrap.yaml:3:5: unknown key 'scrpt' in task 't'; did you mean 'script'?"),
        .task(
            "after: b\nexec: {command: ls}",
            "bootstrap.yaml:3:12: 'after' of task 't' must be a list of tasks and systemd units, found 'b'; "
                + "write each item on a line of its own, after '- '",
        ),
        .task(
            "enable: maybe\nexec: {command: ls}",
            "bootstrap.yaml:3:13: 'enable' of task 't' must be true or false, found 'maybe'",
        ),
        .task(
            "wantedBy: [multi-user]\nexec: {command: ls}",
            "bootstrap.yaml:3:16: an item of 'wantedBy' of task 't' must be the name of a systemd unit, "
                + "found 'multi-user'; write multi-user.target",
        ),
        .task(
            "timeout: 10 minutes\nexec: {command: ls}",
            "bootstrap.yaml:3:14: 'timeout' of task 't' must be a duration such as 500ms, 30s, 10m or 1h30m, "
                + "found '10 minutes'",
        ),
        .task(
            "timeout: 25h\nexec: {command: ls}",
            "bootstrap.yaml:3:14: 'timeout' of task 't' must be a duration above zero and up to 24h, found '25h'",
        ),
        .task(
            "timeout: 0s\nexec: {command: ls}",
            "bootstrap.yaml:3:14: 'timeout' of task 't' must be a duration above zero and up to 24h, found '0s'",
        ),
        .task(
            "restart: [kubelet]\nexec: {command: ls}",
            "bootstrap.yaml:3:15: an item of 'restart' of task 't' must be the name of a systemd unit, found 'kubelet'; "
                + "write kubelet.service",
        ),
        .task(
            "every: 5s\nexec: {command: ls}",
            "bootstrap.yaml:3:12: 'every' of task 't' must be a duration of at least 10s, found '5s'",
        ),
        .task(
            "every: 1d\nexec: {command: ls}",
            "bootstrap.yaml:3:12: 'every' of task 't' must be a duration such as 500ms, 30s, 10m or 1h30m, found "
                + "'1d'",
        ),
        .task(
            "description: 5\nexec: {command: ls}",
            "bootstrap.yaml:3:18: 'description' of task 't' must be a string, found the number 5; write description: \"5\"",
        ),
        .task(
            "roles: []\nexec: {command: ls}",
            "bootstrap.yaml:3:12: 'roles' of task 't' must be a list of at least one role, found a list; "
                + "remove it, or write roles: [worker]",
        ),
    ])
    func `a fault in a task is reported with what to type`(_ file: Faulty) {
        #expect(problems(file.text) == file.printed)
    }

    @Test(arguments: [
        Faulty.task(
            "after: [a]\nexec: {command: ls}",
            "bootstrap.yaml:3:13: task 't' runs after 'a', which is not declared; write 'a.service' if it is a systemd unit",
        ),
        .task(
            "after: [agenix.servce]\nexec: {command: ls}",
            "bootstrap.yaml:3:13: task 't' runs after 'agenix.servce', which is not declared; "
                + "did you mean 'agenix.service'?",
        ),
        .task(
            "after: [k8s-bootstrap-tt.service]\nexec: {command: ls}",
            "bootstrap.yaml:3:13: task 't' runs after 'tt', which is not declared; "
                + "write 'tt.service' if it is a systemd unit",
        ),
        .task(
            "after: [\"@a.service\"]\nexec: {command: ls}",
            "bootstrap.yaml:3:13: an item of 'after' of task 't' must be the name of a systemd unit, of letters, digits "
                + "and ':-_.\\@', found '@a.service'",
        ),
        .task(
            "wantedBy: [kubelet]\nexec: {command: ls}",
            "bootstrap.yaml:3:16: an item of 'wantedBy' of task 't' must be the name of a systemd unit, "
                + "found 'kubelet'; write kubelet.service",
        ),
        .task(
            "exec: {command: ls, network: true, writes: [/proc/sys/net/ipv4/ip_forward]}",
            "bootstrap.yaml:3:49: an item of 'exec.writes' of task 't' is '/proc/sys/net/ipv4/ip_forward', a setting of "
                + "the node's network, which its unit does not reach; "
                + "write network: true and capabilities: [CAP_NET_ADMIN] below exec: too",
        ),
        .task(
            "file: {path: /sys/kernel/x, content: z}",
            "bootstrap.yaml:3:18: 'file.path' of task 't' must be a path where files can be made, "
                + "found '/sys/kernel/x'; write kernel settings with an exec task",
        ),
        .task(
            "after: [k8s-bootstrap.target]\nexec: {command: ls}",
            "bootstrap.yaml:3:13: an item of 'after' of task 't' is 'k8s-bootstrap.target', which waits for every task; "
                + "write the name of a task",
        ),
        .task(
            "after: [\"a\\nb.service\"]\nexec: {command: ls}",
            "bootstrap.yaml:3:13: an item of 'after' of task 't' must be the name of a task or of a systemd unit "
                + "on one line, found 'a\\nb.service'",
        ),
        .task(
            "after: [t]\nexec: {command: ls}",
            "bootstrap.yaml:3:13: a task runs after itself: t -> t; remove 't' at bootstrap.yaml:3:13",
        ),
    ])
    func `a name in after that means nothing is reported with what to type`(_ file: Faulty) {
        #expect(problems(file.text) == file.printed)
    }
}
