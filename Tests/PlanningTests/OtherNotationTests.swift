import Testing

/// Values as other programs and word processors write them, each with what to write in its place.
@Suite(.timeLimit(.minutes(30))) struct OtherNotationTests {
    @Test(arguments: [
        (
            "every: 5\nexec: {command: ls}",
            "3:12: 'every' of task 't' must be a duration such as 500ms, 30s, 10m or 1h30m, found the number 5; "
                + "write every: 5m"
        ),
        (
            "timeout: \u{201D}5m\u{201D}\nexec: {command: ls}",
            "3:14: 'timeout' of task 't' begins with a typographic quotation mark, which would be a part of the text; "
                + "write \"5m\""
        ),
        (
            "restart: [kubelet@.service]\nexec: {command: ls}",
            "3:15: an item of 'restart' of task 't' must be the name of a systemd unit, found 'kubelet@.service'; "
                + "write the name of an instance: kubelet@NAME.service"
        ),
        (
            "restart: ['a.service b.service']\nexec: {command: ls}",
            "3:15: an item of 'restart' of task 't' must be the name of a systemd unit, found 'a.service b.service'; "
                + "write each unit as a separate item"
        ),
        (
            "restart: [kubelet_service]\nexec: {command: ls}",
            "3:15: an item of 'restart' of task 't' must be the name of a systemd unit, found 'kubelet_service'; "
                + "write kubelet.service"
        ),
        (
            "restart: [/etc/systemd/system/a.service]\nexec: {command: ls}",
            "3:15: an item of 'restart' of task 't' must be the name of a systemd unit, "
                + "found '/etc/systemd/system/a.service'; write a.service"
        ),
        (
            "apply: {kubeconfig: /k, manifests: [a.yaml]}\nwait: true",
            "4:5: 'wait' of task 't' is 'true' next to 'apply'; move wait: rollout below apply:"
        ),
        (
            "exec: {command: ls, args: [\u{2018}x\u{2019}]}",
            "3:32: an item of 'exec.args' of task 't' begins with a typographic quotation mark, which would be a part of "
                + "the text; write \"x\""
        ),
        (
            "exec: {command:ls}",
            "3:12: unknown key 'command:ls' in 'exec' of task 't'; write 'command: ls': a space is missing after ':'"
        ),
        (
            "exec:\n  command:ls",
            "4:7: 'exec' of task 't' must be a mapping with the keys of 'exec', found 'command:ls'; "
                + "write 'command: ls': a space is missing after ':'"
        ),
        (
            "exec:\n  command: ls\n  args:\n  - Accept: text",
            "6:9: an item of 'exec.args' of task 't' must be a string, found a mapping; "
                + "write it in quotes: 'Accept: text'"
        ),
        (
            "file: {path: /etc/a, content: x, owner: 'root:wheel'}",
            "3:45: 'file.owner' of task 't' must be a name, or a number up to 4294967294, found 'root:wheel'; "
                + "write owner: root and group: wheel"
        ),
        (
            "remove: {paths: [/run/nest-bootstrap]}",
            "3:22: task 't' removes '/run/nest-bootstrap', but '/run/nest-bootstrap' is nest-bootstrap's own directory; "
                + "name another path; 'nest-bootstrap reset' removes that directory"
        ),
        (
            "wait: {port: 6443}",
            "3:12: unknown key 'port' in 'wait' of task 't'; write it with its host: 'tcp: HOST:PORT'"
        ),
        (
            "lineinfile: {path: /x}",
            "3:5: unknown key 'lineinfile' in task 't'; expected one of \(verbList)"
        ),
        (
            "file:\n  path: /etc/a\n  content: |\n    one\n  two b: c",
            "7:7: unknown key 'two b' in 'file' of task 't'; if it belongs to the text of 'content', indent it like that text"
        ),
        (
            "apply: {kubeconfig: /k, manifests: ['https://a.org/b.yaml@sha256:\(digest)']}",
            "3:41: an item of 'apply.manifests' of task 't' is a URL without a digest; "
                + "write {url: https://a.org/b.yaml, sha256: \(digest)}"
        ),
        (
            "apply: {kubeconfig: /k, manifests: ['https://a.org/b.yaml']}",
            "3:41: an item of 'apply.manifests' of task 't' is a URL without a digest; "
                + "write {url: https://a.org/b.yaml, sha256: DIGEST}"
        ),
        (
            "wait: {url: 'https:/a.org'}",
            "3:17: 'wait.url' of task 't' must be a URL, and 'https:/a.org' does not begin with 'https://'; "
                + "write url: https://a.org"
        ),
        (
            "wait: {url: 'htps://a.org/x'}",
            "3:17: 'wait.url' of task 't' must be a URL, and 'htps://a.org/x' does not begin with 'https://'; "
                + "write url: https://a.org/x"
        ),
        (
            "wait: {tcp: 'http://a.org/x'}",
            "3:17: 'wait.tcp' of task 't' must be HOST:PORT, and 'http://a.org/x' has no valid port, which is 1 to 65535; "
                + "write tcp: a.org:80"
        ),
        (
            "file: {path: /x, content: a, mode: rw-r-----}",
            "3:40: 'file.mode' of task 't' must be permissions in octal, up to 07777, found 'rw-r-----'; write mode: 0640"
        ),
    ])
    func `a value in another notation is reported with what to write`(body: String, printed: String) {
        let lines = body.split(separator: "\n").map { "    \($0)\n" }.joined()
        #expect(problems("tasks:\n  t:\n\(lines)") == "bootstrap.yaml:\(printed)")
    }

    @Test func `a key of another tool that holds an anchor is one mistake`() {
        let text = "x-defaults: &d\n  file: {path: /a, content: b}\ntasks:\n  t:\n    <<: *d\n"
        let printed =
            "1:1: unknown key 'x-defaults' in a task file; a task file has no keys of your own; write the anchor ('&NAME') "
            + "where its text is used first"
        #expect(problems(text) == "bootstrap.yaml:\(printed)")
    }

    @Test func `a known variable in the notation of a shell is reported`() {
        let text = "variables: {host: a}\ntasks: {t: {file: {path: /etc/$host, content: \"$host ${host}\"}}}"
        let printed =
            "2:26: 'file.path' of task 't' contains '$host', which nothing replaces here; write '${host}', "
            + "or put the value in quotes if it is meant as it is"
        #expect(problems(text) == "bootstrap.yaml:\(printed)")
    }

    @Test(arguments: [
        "description: \u{201C}Fast\u{201D} and \u{201C}safe\u{201D}\nexec: {command: ls}",
        "exec: {command: ls, args: [\u{201C}a\u{201D} b \u{201C}c\u{201D}]}",
        "file: {path: '/etc/$host', content: x}",
        "exec: {command: ls, args: ['${quoted}', $host]}",
    ])
    func `valid values resemble these`(body: String) {
        let lines = body.split(separator: "\n").map { "    \($0)\n" }.joined()
        let variables = "variables: {host: a, quoted: '\u{201C}x\u{201D}'}\n"
        #expect(problems("\(variables)tasks:\n  t:\n\(lines)") == "")
    }

    @Test func `text in quotes may contain typographic quotation marks`() {
        #expect(problems("tasks: {t: {exec: {command: ls, args: ['\u{201C}x\u{201D}']}}}") == "")
    }
}

private let digest = String(repeating: "0a", count: 32)
