import Testing

@testable import Kubernetes

/// Placeholders of templates, images, permissions and words that YAML does not read as texts.
@Suite struct PlaceholdersTests {
    /// A Deployment with fields of its pods, and of its container.
    private static func deployment(image: String = "a", container: String = "", pod: String = "") -> String {
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: d}
        spec:
          selector: {matchLabels: {app: a}}
          template:
            metadata: {labels: {app: a}}
            spec:
              containers: [{name: c, image: \(image)\(container.isEmpty ? "" : ", \(container)")}]
        \(pod.isEmpty ? "" : "      \(pod)")
        """
    }

    @Test(arguments: [
        ("'x:{{ tag }}'", "{{ tag }}"), ("'x:${TAG}'", "${TAG}"), ("'x:$(TAG)'", "$(TAG)"), ("'<IMAGE>'", "<IMAGE>"),
        ("'x:@@TAG@@'", "@@TAG@@"), ("'x:%%TAG%%'", "%%TAG%%"), ("x:__TAG__", "__TAG__"), ("x:CHANGE_ME", "CHANGE_ME"),
        ("x:$TAG", "$TAG"), ("'#{image}#'", "#{image}#"), ("'<%= image %>'", "<%= image %>"),
    ])
    func `a placeholder in an image is an error`(image: String, placeholder: String) {
        let found = findings(in: Self.deployment(image: image))
        #expect(found.problems.count == 1)
        let message =
            "m.yaml:9:37: Deployment/d: field 'spec.template.spec.containers[0].image' contains '\(placeholder)', "
            + "which nothing has replaced; write the value in its place"
        #expect(found.problems.first?.hasPrefix(message) == true, "\(found.problems)")
    }

    @Test(arguments: ["a/b:1.2@sha256:0a", "r.example:5000/a_b/c__d:V1_x-2", "a:1.2.3_4"])
    func `other images are none`(image: String) {
        #expect(findings(in: Self.deployment(image: image)).problems == [])
    }

    @Test(arguments: [
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {a: MY__PROD__APP, b__C__D: x}}\n",
        """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: a}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
        subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: user@corp@idp}]
        """,
    ])
    func `words with such characters inside are names`(manifest: String) {
        #expect(findings(in: manifest).problems == [])
    }

    @Test(arguments: ["'@ns@'", "'#{ns}'", "__NS__"])
    func `a whole name in such characters is an error`(namespace: String) {
        let found = findings(in: "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {a: \(namespace)}}}")
        #expect(found.problems.count == 1)
        #expect(found.problems.first?.contains("which nothing has replaced") == true, "\(found.problems)")
    }

    @Test func `a placeholder elsewhere is a warning, and an error if the value is refused`() {
        let path = findings(in: Self.deployment(container: "workingDir: '/{{ dir }}'"))
        #expect(path.problems == [])
        #expect(path.warnings.count == 1)
        let count = findings(in: Self.deployment(container: "ports: [{containerPort: '${PORT}'}]"))
        #expect(count.problems.count == 1)
        #expect(count.problems.first?.contains("containerPort' contains '${PORT}', which nothing has replaced") == true)
    }

    @Test func `what may contain such characters is not looked at`() {
        let free = "args: ['{{ a }}', '$(A)'], command: ['<x>'], env: [{name: A, value: '${B} $(C)'}]"
        let found = findings(in: Self.deployment(container: free))
        #expect(found.problems + found.warnings == [])
        let map = """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: c, annotations: {a: '{{ x }}'}}
            data: {a: '{{ x }} ${Y} <Z> @@A@@ $(B)'}
            """
        let other = findings(in: map)
        #expect(other.problems + other.warnings == [])
    }

    @Test func `a selector with a placeholder has no second problem`() {
        let text = Self.deployment().replacing("matchLabels: {app: a}", with: "matchLabels: {app: '{{ app }}'}")
        #expect(findings(in: text).problems.count == 1)
    }

    @Test(arguments: [
        ("'nginx:1 // new'", "cannot contain a space, found \"nginx:1 // new\"; write 'nginx:1'"),
        ("nginx:1;", "cannot contain ';', found \"nginx:1;\"; write 'nginx:1'"),
    ])
    func `an image with other characters is an error`(image: String, message: String) {
        let found = findings(in: Self.deployment(image: image)).problems
        let field = "field 'spec.template.spec.containers[0].image'"
        #expect(found == ["m.yaml:9:37: Deployment/d: \(field): the name of an image \(message)"])
    }

    @Test func `an image without a value is an error`() {
        let found = findings(in: Self.deployment(image: "~")).problems
        #expect(
            found == [
                "m.yaml:9:37: Deployment/d: field 'spec.template.spec.containers[0].image' has no value; "
                    + "write the name of the image"
            ]
        )
    }

    @Test(arguments: [("644", "01204", "0644", true), ("600", "01130", "0600", true), ("400", "0620", "0400", false)])
    func `permissions without a zero in front are reported`(mode: String, octal: String, meant: String, isError: Bool) {
        let pod = "volumes: [{name: v, configMap: {name: c, defaultMode: \(mode)}}]"
        let found = findings(in: Self.deployment(pod: pod))
        let message =
            "m.yaml:10:61: Deployment/d: field 'spec.template.spec.volumes[0].configMap.defaultMode': permissions are octal up "
            + "to 0777, and \(mode) is \(octal) in octal; write '\(meant)', with a zero in front"
        #expect(found.problems == (isError ? [message] : []))
        #expect(found.warnings == (isError ? [] : [message]))
    }

    @Test(arguments: ["0644", "420", "256", "511", "0o400"])
    func `other permissions are not`(mode: String) {
        let pod = "volumes: [{name: v, configMap: {name: c, defaultMode: \(mode)}}]"
        let found = findings(in: Self.deployment(pod: pod))
        #expect(found.problems + found.warnings == [])
    }

    @Test func `a word that is nothing in YAML is a warning where a text is needed`() {
        let found = findings(in: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: ~, b: , c: ''}\n")
        #expect(
            found.warnings == [
                "m.yaml:4:11: ConfigMap/c: field 'data.a': '~' is nothing in YAML, so the text would be empty; "
                    + "write '\"~\"', or '\"\"' for an empty text"
            ]
        )
    }

    @Test(arguments: [
        ("env: {A: b}", "write each as an item, such as '- {name: A, value: \"b\"}'"),
        ("env: [{A: b}]", "write '{name: A, value: \"b\"}'"),
        ("env: [A=b]", "write {name: A, value: \"b\"}"),
        ("args: --x --y", "write [\"--x\", \"--y\"]"),
        ("ports: [80]", "write {containerPort: 80}"),
        ("ports: 80", "write [{containerPort: 80}]"),
        ("ports: {containerPort: 80}", "put it in brackets: '[{containerPort: …}]'"),
        ("resources: {limits: [cpu: 1]}", "write braces in place of the brackets: '{cpu: …}'"),
        ("args: [no]", "write it in quotes: '\"no\"'"),
    ])
    func `a value of another structure is reported with what to write`(field: String, hint: String) {
        let found = findings(in: Self.deployment(container: field)).problems
        #expect(found.count == 1)
        #expect(found.first?.hasSuffix("; \(hint)") == true, "\(found)")
    }
}
