import Planning
import Testing

/// Verbs `remove`, `images` and `service` in the task file, and the units of their tasks.
@Suite(.timeLimit(.minutes(15))) struct VerbTests {
    private func printed(_ keys: String) -> String { problems("tasks: {t: {remove: {\(keys)}}}") }

    @Test(
        arguments: [
            ("paths: [/]", "must be a path that may be removed, found '/'"),
            ("paths: [/usr/..]", "must be a path without '..', found '/usr/..'"),
            ("paths: [/etc/]", "must be a path that may be removed, found '/etc/'"),
            ("paths: [/var/lib]", "must be a path that may be removed, found '/var/lib'"),
            ("paths: [/proc/x]", "must be a path that may be removed, found '/proc/x'"),
            ("paths: [x]", "must be an absolute path, found 'x'"),
        ]
    )
    func `a path that may not be removed is an error`(keys: String, words: String) {
        #expect(isReported(printed(keys), "1:30: an item of 'remove.paths' of task 't' \(words)"))
    }

    @Test(
        arguments: [
            ("", "1:13: 'remove' of task 't' removes nothing"),
            ("paths: []", "1:13: 'remove' of task 't' removes nothing"),
            ("paths: [/x], kubeconfig: /k", "1:35: 'remove.kubeconfig' of task 't' goes with 'objects' or 'set' only"),
            (
                "kubeconfig: /k, objects: [{apiVersion: v1/../x?, kind: Node, name: one}]",
                "1:61: 'remove.objects.apiVersion'… must be an API version such as apps/v1, found 'v1/../x?'",
            ),
            (
                "paths: [/x], kubeconfig: /k, objects: [{apiVersion: v1, kind: Node, name: one}]",
                "1:13: 'remove' of task 't' has paths of the node, and objects of a cluster",
            ),
            ("objects: [{apiVersion: v1, kind: Node, name: one}]", "1:9: task 't' has no kubeconfig"),
            ("kubeconfig: /k, objects: [{kind: Node, name: one}]", "1:48: 'remove.objects.apiVersion'… is missing"),
        ]
    )
    func `a mistake in a task that removes is reported`(keys: String, line: String) {
        #expect(isReported(printed(keys), line))
    }

    @Test func `two tasks of a node cannot write and remove one path`() {
        let text = """
            tasks:
              a: {symlink: {path: /opt/x, target: /z}}
              b: {remove: {paths: [/opt/x/]}}
            """
        let line = "3:24: task 'b' writes '/opt/x', which task 'a' writes as well at bootstrap.yaml:2:23"
        #expect(isReported(problems(text), line))
    }

    @Test func `a task cannot write below what another task of the node removes`() {
        let text = """
            tasks:
              a: {file: {path: /opt/x/y/z, content: x}}
              b: {remove: {paths: [/opt/x], recursive: true}}
              c: {remove: {paths: [/opt/x/old, /opt/xy], recursive: true}}
              d: {exec: {command: ls, writes: [/opt/x/d/]}}
            """
        let expected = """
            2:20: task 'a' writes '/opt/x/y/z', and task 'b' removes '/opt/x'… bootstrap.yaml:3:24
            5:36: task 'd' writes '/opt/x/d/', and task 'b' removes '/opt/x'… bootstrap.yaml:3:24
            """
        #expect(isReported(problems(text), expected))
        let roles =
            "tasks:\n  a: {roles: [worker], file: {path: /opt/x/y, content: x}}\n"
            + "  b: {roles: [control-plane], remove: {paths: [/opt/x]}}"
        #expect(problems(roles) == "")
    }

    @Test func `a task with images uses the socket of containerd`() throws {
        let plan = try plan("tasks: {t: {images: {archives: [/var/lib/a.tar]}}}\n")
        let footprint = try #require(plan.steps.first?.task.footprint)
        #expect(footprint.imageSocket?.path == "/run/containerd/containerd.sock")
    }

    @Test(arguments: [
        ("{}", "'images.archives' of task 't' is missing; add archives: [FILE.tar]"),
        (
            "{archives: []}",
            "must be a list of at least one path or URL, found a list; write archives: [FILE.tar]"
        ),
        ("a.tar", "found 'a.tar'; write its keys below it: archives or socket"),
        ("{archives: ['https://h/a.tar']}", "is a URL without a digest; write {url: https://h/a.tar, sha256: DIGEST}"),
        ("{archives: [{url: 'https://h/a.tar'}]}", "sha256' of task 't' is missing"),
        ("{archives: [a.tar], socket: unix:///run/c.sock}", "'images.socket' of task 't' must be an absolute path"),
    ])
    func `a mistake in a task with images is reported`(value: String, expected: String) {
        let text = problems("tasks: {t: {images: \(value)}}\n")
        #expect(text.contains(expected), "\(text)")
    }

    @Test func `a name without a suffix is a service`() throws {
        let plan = try plan("tasks: {t: {service: {name: kubelet, enable: true, state: restarted}}}\n")
        let footprint = try #require(plan.steps.first?.task.footprint)
        #expect(footprint.service?.unit == "kubelet.service")
        #expect(footprint.service?.isEnabled != nil && footprint.service?.state != nil)
    }

    @Test(arguments: [
        ("{name: kubelet}", "must have 'enable' or 'state'; add enable: true, or state: started"),
        ("{name: kubelet, state: running}", "must be 'started', 'stopped', 'restarted' or 'reloaded', found 'running'"),
        ("{name: k8s-bootstrap-x, enable: true}", "'k8s-bootstrap-x.service' is a unit of nest-bootstrap"),
        ("kubelet", "found 'kubelet'; write its keys below it: name, enable or state"),
        ("{enable: true}", "'service.name' of task 't' is missing; add name: kubelet"),
    ])
    func `a mistake in a task of a service is reported`(value: String, expected: String) {
        let text = problems("tasks: {t: {service: \(value)}}\n")
        #expect(text.contains(expected), "\(text)")
    }
}
