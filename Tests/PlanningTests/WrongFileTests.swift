import Base
import Planning
import Testing

/// Files of another kind, and keys and names in the wrong place.
@Suite(.timeLimit(.minutes(30))) struct WrongFileTests {
    @Test(arguments: [
        (
            "path: “/etc/xx/a”, content: b", "26: 'file.path' of task 'a' begins with a typographic quotation mark",
            "\"/etc/xx/a\""
        ),
        (
            "path: ‘/etc/xx/a’, content: b", "26: 'file.path' of task 'a' begins with a typographic quotation mark",
            "\"/etc/xx/a\""
        ),
        (
            "path: /a, owner: '\u{A0}root', content: b",
            "37: 'file.owner' of task 'a' begins with a space that does not separate words in YAML (U+A0)", "root"
        ),
        ("path: –/etc, content: b", "26: 'file.path' of task 'a' must be an absolute path, found '–/etc'", "/–/etc"),
    ])
    func `a typographic character at the beginning of a value is reported`(keys: String, line: String, new: String) {
        let found = problems("tasks: {a: {file: {\(keys)}}}")
        #expect(found.hasPrefix("bootstrap.yaml:1:\(line)"), "\(found)")
        #expect(found.contains("write \(new)") || found.contains("write path: \(new)"), "\(found)")
    }

    @Test(arguments: ["content: “quoted”", "content: – a dash"])
    func `a text of a file may begin with any character`(keys: String) {
        #expect(problems("tasks: {a: {file: {path: /a, \(keys)}}}") == "")
    }

    @Test(arguments: [
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
            "a manifest of Kubernetes, not a task file; name it in 'apply: {manifests: [bootstrap.yaml]}' of a task"
        ),
        (
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
            "a kustomization, not a task file; "
                + "write its objects to a file with 'kubectl kustomize .', and name that file"
        ),
        (
            "$ANSIBLE_VAULT;1.1;AES256\n3138\n",
            "encrypted by Ansible Vault, not a task file; decrypt it with 'ansible-vault decrypt bootstrap.yaml'"
        ),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n", "a certificate, not a task file; correct the path"),
        (
            "<!DOCTYPE html>\n<html>\n",
            "an HTML page, not a task file; "
                + "look at what its server answered: a login page, or a proxy's error"
        ),
        (
            "- hosts: all\n  tasks:\n    - name: a\n",
            "an Ansible playbook, not a task file; "
                + "write its steps as tasks, or run it with 'ansible-playbook bootstrap.yaml'"
        ),
        (
            "{% if a %}\ntasks: {}\n{% endif %}\n",
            "a template of Jinja, not a task file; "
                + "write its result to a file, and name that file"
        ),
    ])
    func `a file of another kind is named`(text: String, message: String) {
        #expect(problems(text) == "bootstrap.yaml:1:1: the file is \(message)")
    }

    @Test(arguments: [
        (
            "{exec: {command: ls, timeout: 3s}}",
            "1:33: unknown key 'timeout' in 'exec' of task 'a'; it belongs one level up, beside 'exec:'; move it there"
        ),
        (
            "{exec: {command: ls}, args: [x], creates: /x}",
            "1:45: unknown key 'creates' in task 'a'; it belongs below 'exec:'; indent it there"
        ),
        ("{exec: {cmd: ls}}", "1:20: unknown key 'cmd' in 'exec' of task 'a'; did you mean 'command'?"),
        (
            "{exec: {command: ls}, depends_on: [b]}, b: {exec: {command: ls}}",
            "1:34: unknown key 'depends_on' in task 'a'; did you mean 'after'?"
        ),
        (
            "{exec: {command: ls}, roles: [control_plane]}",
            "1:42: an item of 'roles' of task 'a' must be a role of "
                + "lower-case letters, digits and dashes, found 'control_plane'; write control-plane"
        ),
        (
            "{exec: {command: ls}, restart: [kubelet.servce]}",
            "1:44: an item of 'restart' of task 'a' must be the name "
                + "of a systemd unit, found 'kubelet.servce'; write kubelet.service"
        ),
        (
            "{file: {path: /x, content: z}, when: z}",
            "1:43: unknown key 'when' in task 'a'; select nodes by 'roles:', or test it in the script of 'exec'"
        ),
        (
            "{file: {path: /x, content: z}, user: root}",
            "1:43: unknown key 'user' in task 'a'; remove it: a task has the rights that its verb needs"
        ),
        ("{run: echo hi}", "1:13: unknown key 'run' in task 'a'; write exec: {command: echo, args: [hi]}"),
        (
            "{systemd: {name: kubelet, state: started}}",
            "1:13: unknown key 'systemd' in task 'a'; did you mean 'service'?"
        ),
        ("{remove: {path: /x}}", "1:22: unknown key 'path' in 'remove' of task 'a'; did you mean 'paths: [/x]'?"),
        ("{symlink: {src: /x, path: /y}}", "1:23: unknown key 'src' in 'symlink' of task 'a'; did you mean 'target'?"),
        (
            "{file: {path: /x, content: z, force: true}}",
            "1:42: unknown key 'force' in 'file' of task 'a'; remove it: a file with another content is replaced"
        ),
        (
            "echo hi",
            "1:12: task 'a' must be a mapping with a verb, found 'echo hi'; write exec: {command: echo, args: [hi]} below it"
        ),
        (
            "{exec: {command: ls}, after: [network-online]}",
            "1:42: task 'a' runs after 'network-online', which is not declared; write 'network-online.target' if it is a "
                + "systemd unit"
        ),
    ])
    func `a key in the wrong place, or of another tool, is the only mistake`(task: String, message: String) {
        #expect(problems("tasks: {a: \(task)}\n") == "bootstrap.yaml:\(message)")
    }

    @Test(arguments: [
        (
            "tasks:\n  - name: Install file\n    exec: {command: ls}\n",
            "2:3: 'tasks' must be a mapping, found a list; write 'install-file:' in place of '- name: Install file', and "
                + "indent the keys below it"
        ),
        (
            "tasks:\n  - a:\n      exec: {command: ls}\n",
            "2:3: 'tasks' must be a mapping, found a list; put two spaces in place of the '- ' before 'a:'"
        ),
        ("a:\n  exec: {command: ls}\n", "1:1: unknown key 'a' in a task file; write 'tasks: {a: …}'"),
    ])
    func `tasks in another form are reported with the form to write`(text: String, message: String) {
        #expect(problems(text) == "bootstrap.yaml:\(message)")
    }

    @Test(arguments: [
        ("file: {path: '/etc/{{ apiHost }}', content: x}", "18: 'file.path'", "{{ apiHost }}", "'${apiHost}'"),
        ("file: {path: '/etc/{{api_host}}', content: x}", "18: 'file.path'", "{{api_host}}", "'${apiHost}'"),
        ("wait: {url: 'https://<%= apiHost %>/'}", "17: 'wait.url'", "<%= apiHost %>", "'${apiHost}'"),
        (
            "symlink: {path: /a, target: '{{ .Values.x }}'}", "33: 'symlink.target'", "{{ .Values.x }}",
            "the value, or a variable of 'variables:' such as '${NAME}'"
        ),
    ])
    func `a placeholder of a template is refused where it cannot be meant`(
        task: String,
        place: String,
        placeholder: String,
        hint: String
    ) {
        let text =
            "variables: {apiHost: h}\ntasks:\n  a:\n    \(task)\n  b: {file: {path: /b, content: '${apiHost}'}}\n"
        #expect(
            problems(text)
                == "bootstrap.yaml:4:\(place) of task 'a' contains '\(placeholder)', which nothing replaces here; "
                + "write \(hint)"
        )
    }

    @Test(arguments: [
        "file: {path: /a, content: '{{ range }} {% if %} <%= x %>'}",
        "exec: {command: crictl, args: [ps, --template, '{{ .id }}'], environment: {A: '{{ x }}'}}",
        "file: {path: '/a/{{', content: x}", "file: {path: /a, content: x, mode: 0420}",
        "file: {path: /a, content: x, mode: 511}", "file: {path: /a, content: x, mode: 640}",
    ])
    func `a text that may contain a placeholder is taken as it is`(task: String) {
        #expect(problems("tasks: {a: {\(task)}}\n") == "")
    }

    @Test(arguments: [(420, "0644"), (256, "0400")])
    func `permissions as a decimal number are reported with the octal ones`(number: Int, octal: String) {
        #expect(
            problems("tasks: {a: {file: {path: /a, content: x, mode: \(number)}}}\n")
                == "bootstrap.yaml:1:48: 'file.mode' of task 'a' must be permissions in octal, found the number \(number); "
                + "write mode: \(octal)"
        )
    }

    @Test func `a declared name that only differs from one that is used is the mistake`() {
        let text = """
            variables: {serviceAddres: 10.0.0.1, nodeAddress: x}
            tasks:
              calico-crd:
                exec: {command: echo, args: ["${serviceAddress}", "${nodeAddress}"]}
              b: {after: [calico-crds], exec: {command: ls}}
              c: {after: [calico-crds], exec: {command: ls}}
            """
        #expect(
            problems(text) == """
                bootstrap.yaml:1:13: variable 'serviceAddres' is not used in the task files, and 'serviceAddress' once without being \
                declared; write 'serviceAddress:'
                bootstrap.yaml:3:3: task 'calico-crd' is not used in the task files, and 'calico-crds' 2 times without being \
                declared; write 'calico-crds:'
                """
        )
    }

    @Test func `a key is reported once if it is missing elsewhere`() {
        let text = """
            tasks:
              a:
                file: {path: /x, source: /y, target: /z}
              b:
                symlink: {path: /w}
            """
        #expect(
            problems(text) == "bootstrap.yaml:3:34: unknown key 'target' in 'file' of task 'a'; "
                + "move it to bootstrap.yaml:5:5, where it is missing"
        )
    }
}
