import Testing

@testable import Planning

/// Values of task files that a shell, a template or another notation would have changed, and values of another structure.
@Suite struct TextMistakeTests {
    @Test(arguments: [
        ("$HOME/x", "'$HOME'", "write path: /root/x"), ("~/x", "'~'", "write path: /root/x"),
        ("~root/x", "'~root'", "write path: /root/x"), ("~nico/x", "'~nico'", "write the absolute path"),
        ("/etc/$NODE/x", "'$NODE'", "write the absolute path"),
        ("/a/`hostname`", "'`hostname`'", "write the absolute path"),
    ])
    func `what only a shell replaces is refused in a path`(path: String, part: String, hint: String) {
        #expect(
            problems("tasks: {a: {file: {path: '\(path)', content: x}}}\n")
                == "bootstrap.yaml:1:26: 'file.path' of task 'a' contains \(part), which only a shell replaces, "
                + "found '\(path)'; \(hint)"
        )
    }

    @Test(arguments: ["<NAME>", "@@NAME@@", "%%NAME%%", "$(hostname)", "__NAME__", "CHANGE_ME", "#{name}#"])
    func `a placeholder of any program is refused in a path`(placeholder: String) {
        #expect(
            problems("tasks: {a: {file: {path: '/etc/\(placeholder)/x', content: x}}}\n")
                == "bootstrap.yaml:1:26: 'file.path' of task 'a' contains '\(placeholder)', which nothing replaces here; "
                + "write the value, or a variable of 'variables:' such as '${NAME}'"
        )
    }

    @Test(arguments: [
        "/usr/lib/__pycache__/x", "/a/$${HOME}", "/a@b/c@d", "/a/100%/b", "/a/$x", "/a/b$", "/a/<", "/srv/name=1",
    ])
    func `other paths are taken as they are`(path: String) {
        #expect(problems("tasks: {a: {file: {path: '\(path)', content: x}}}\n") == "")
    }

    @Test(arguments: [
        ("/etc/x // c", "contains '// c', and a comment begins with '#' in YAML; write path: /etc/x # c"),
        ("/etc/x /* c */", "contains '/* c */', and a comment begins with '#' in YAML; write path: /etc/x # c"),
        ("/etc/x,", "ends with ',', which would be a part of it; write path: /etc/x"),
        ("/etc/x;", "ends with ';', which would be a part of it; write path: /etc/x"),
    ])
    func `a comment or separator of another language is no part of a path`(path: String, message: String) {
        #expect(
            problems("tasks:\n  a:\n    file:\n      path: \(path)\n      content: x\n")
                == "bootstrap.yaml:4:13: 'file.path' of task 'a' \(message)"
        )
    }

    @Test(arguments: [
        (
            "tasks: [{name: make file, file: {path: /x, content: x}}]",
            "'tasks' must be a mapping, found a list; write 'make-file:' in place of '- name: make file', and indent the "
                + "keys below it"
        ),
        (
            "variables: [{name: a, value: b}]",
            "'variables' must be a mapping, found a list; write 'a: b' in place of '- name: a' and its 'value:'"
        ),
        (
            "variables:\n  - a: b\n  - c: d",
            "'variables' must be a mapping, found a list; put two spaces in place of each '- ', as before 'a:'"
        ),
        (
            "variables: [a: b, c: d]",
            "'variables' must be a mapping, found a list; write braces in place of the brackets: '{a: …}'"
        ),
        (
            "tasks: {a: {exec: {command: x, environment: [A=b]}}}",
            "'exec.environment' of task 'a' must be a mapping of names to strings, found a list; write 'A: b' in place of "
                + "'- A=b'"
        ),
        (
            "tasks: {a: {apply: {manifests: {path: m.yaml}}}}",
            "'apply.manifests' of task 'a' must be a list of paths and URLs, found a mapping; write manifests: [m.yaml]"
        ),
        (
            "tasks: {a: {after: 'b, c', exec: {command: x}}, b: {exec: {command: x}}, c: {exec: {command: x}}}",
            "'after' of task 'a' must be a list of tasks and systemd units, found 'b, c'; write after: [b, c]"
        ),
        (
            "tasks: {a: {after: {b: true}, exec: {command: x}}, b: {exec: {command: x}}}",
            "'after' of task 'a' must be a list of tasks and systemd units, found a mapping; write after: [b]"
        ),
        (
            "tasks: {a: {file: /etc/x}}",
            "'file' of task 'a' must be a mapping with the keys of 'file', found '/etc/x'; "
                + "write file: {path: /etc/x, source: FILE}"
        ),
        (
            "tasks: {a: {exec: {command: x, args: [no]}}}",
            "an item of 'exec.args' of task 'a' must be a string, found 'no', which is the boolean false in YAML; "
                + "write \"no\""
        ),
        (
            "tasks: {a: {exec: {command: x, args: [~]}}}",
            "an item of 'exec.args' of task 'a' must be a string, found '~', which is nothing in YAML; write \"~\", or "
                + "\"\" for an empty text"
        ),
    ])
    func `a value of another structure is reported with what to write`(text: String, message: String) {
        let found = problems("\(text)\n")
        #expect(found.contains(": \(message)"), "\(found)")
    }

    @Test func `what follows from a mistake of the text is not reported`() {
        let text = "tasks:\n  a:\n    after:\n      - b\n        - c\n    exec: {command: x}\n"
        let tasks = ["b", "c"].map { "  \($0): {exec: {command: x}}\n" }.joined()
        #expect(
            problems(text + tasks)
                == "bootstrap.yaml:5:9: '- c' is indented further than '- b' in line 4, so both are one text; "
                + "indent it by 6 spaces"
        )
    }
}
