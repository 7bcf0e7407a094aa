import Base
@testable import Kubernetes
import Testing

@Suite(.timeLimit(.minutes(15)))
struct ManifestFileTests {
    @Test(arguments: ["HUNTER2X: bar", "@HUNTER2X", "*HUNTER2X", "&HUNTER2X.! a", "!!int HUNTER2X", "\"HUNTER2X"])
    func `a Secret that cannot be parsed is reported without its words`(value: String) {
        let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  password: \(value)\n"
        let found = ManifestFile(Array(text.utf8), file: "m.yaml").diagnostics
        #expect(!found.isEmpty)
        #expect(found.allSatisfy { !$0.description.contains("HUNTER2X") && $0.location?.position?.line ?? 0 >= 5 })
    }

    @Test(arguments: [
        ("d/kustomization.yaml", "resources: [a.yaml]\n", "a kustomization", "'kubectl kustomize d'"),
        (
            "d/s.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  p: ENC[AES256_GCM,data:x]\nsops:\n  mac: x\n",
            "encrypted by SOPS", "'sops -d d/s.yaml'"
        ),
    ])
    func `a file that is no manifest is named, with what makes one`(
        path: String,
        text: String,
        name: String,
        advice: String
    ) {
        let found = ManifestFile(Array(text.utf8), file: path)
        #expect(found.manifests.isEmpty)
        #expect(found.diagnostics.map(\.message) == ["the file is \(name), not a manifest"])
        #expect(found.diagnostics.first?.hint?.contains(advice) == true, "\(found.diagnostics)")
    }

    @Test(arguments: [
        // Objects may have templates of other programs in their texts.
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {t: \"{{ .Values.x }}{% if %}\"}}",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: tasks}, data: {services: x, tasks: y, sops: z}}",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  values.yaml: |\n    sops: ENC[AES256_GCM,x]\n",
    ])
    func `a manifest that only has such texts in it is read`(text: String) {
        let found = ManifestFile(Array(text.utf8), file: "values.yaml")
        #expect(found.diagnostics == [])
        #expect(found.manifests.count == 1)
    }

    @Test(arguments: [
        ("", []), ("# nothing\n---\n# here\n---\n", []), ("~\n---\nnull", []),
        ("# head\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: b}}", ["ConfigMap/b/a"]),
        ("{apiVersion: v1, kind: List, items: []}", []), ("{apiVersion: v1, kind: List, items: null}", []),
        (
            """
            apiVersion: v1
            kind: List
            items:
            - {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}
            - null
            - {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Secret, metadata: {name: b}}]}
            """,
            ["ConfigMap/a", "Secret/b"]
        ),
        ("{apiVersion: v1, kind: ConfigMapList, items: [{metadata: {name: a}}]}", ["ConfigMap/a"]),
        ("{apiVersion: a.test/v1, kind: AllowList, metadata: {name: a}, items: {b: c}}", ["AllowList/a"]),
        (#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"#, ["ConfigMap/a"]),
        (
            "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: a, namespace: ''}}\n---\nkind: [\n---\n"
                + "{apiVersion: v1, kind: Pod, metadata: {name: b}}",
            ["DaemonSet/a", "Pod/b"]
        ),
    ])
    func `the objects of all documents are read, and those in lists`(text: String, objects: [String]) {
        let file = ManifestFile(Array(text.utf8), file: "m.yaml")
        #expect(file.manifests.map(\.identity.description) == objects)
        #expect(file.diagnostics.isEmpty != text.contains("kind: [\n"))
    }

    @Test(arguments: [
        ("- a", "1:1: document 1 is not an object: expected a mapping, found a list"),
        ("kind: A\nmetadata: {name: a}", "1:1: 'apiVersion' of document 1 is missing"),
        (
            "apiVersion: 1.10\nkind: A\nmetadata: {name: a}",
            #"1:13: 'apiVersion' of document 1 is a number, not a string"#
        ),
        ("apiVersion: v1\nkind: ''\nmetadata: {name: a}", "2:7: 'kind' of document 1 is empty"),
        ("apiVersion: apps/v1\nmetadata: {name: a}", "1:1: 'kind' of document 1 is missing"),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {Name: a}",
            "3:12: 'metadata.name' of document 1 is missing, but there is a key 'Name'"
        ),
        (
            "apiVersion: v1\nkimd: A\nmetadata: {name: a}",
            "2:1: 'kind' of document 1 is missing, but there is a key 'kimd'"
        ),
        ("apiVersion: v1\nkind: A", "1:1: 'metadata.name' of document 1 is missing"),
        ("apiVersion: v1\nkind: A\nmetadata: name", "3:11: 'metadata' of document 1 is a string, not a mapping"),
        (
            "apiVersion: v1\nkind: A\nmetadata: {name: 0123}",
            #"3:18: 'metadata.name' of document 1 is a number, not a string; write it in quotes: '"0123"'"#
        ),
        (
            "apiVersion: v1\nkind: A\nmetadata: {name: a, namespace: 7}",
            "3:32: 'metadata.namespace' of document 1 is a number, not a string"
        ),
        ("apiVersion: v1\nkind: A\nmetadata: {name: ..}", "3:18: 'metadata.name' is '..', which is not a valid name"),
        (
            "apiVersion: v1\nkind: A\nmetadata: {name: a, namespace: a/b}",
            "3:32: 'metadata.namespace' is 'a/b', which is not a valid name"
        ),
        (
            "apiVersion: v1/../../api/v1/namespaces/kube-system/secrets/crown?x=\nkind: A\nmetadata: {name: a}",
            "1:13: 'apiVersion' is 'v1/../../api/v1/namespaces/kube-system/secrets/crown?x=', which is not"
        ),
        ("apiVersion: v1\nkind: a/b\nmetadata: {name: a}", "2:7: 'kind' is 'a/b', which is not a kind"),
        (
            "apiVersion: v1\nkind: A\nmetadata: {generateName: a-}",
            "3:26: 'metadata.generateName' creates a new object at every run"
        ),
        ("apiVersion: v1\nkind: List\nitems: {a: b}", "3:8: 'items' of document 1 is a mapping, not a list"),
        ("a: 1\na: 2\napiVersion: v1\nkind: A\nmetadata: {name: a}", "2:1: key 'a' is set twice"),
    ])
    func `each problem is reported with its location and a hint`(text: String, line: String) {
        let file = ManifestFile(Array(text.utf8), file: "m.yaml")
        #expect(file.manifests.isEmpty)
        #expect(file.diagnostics.count == 1)
        #expect(file.diagnostics.first?.description.hasPrefix("m.yaml:\(line)") == true, "\(file.diagnostics)")
    }

    @Test(arguments: [
        ("kind: ConfigMap\ndata:\n  hunter2: a\n  hunter2: b\n---\nkind: Secret", "key '***' is set twice"),
        ("kind: ConfigMap\nhunter2: a\nhunter2: b", "key 'hunter2' is set twice"),
        ("kind: Secret\nstringData:\n  y: hunter2", "key 'y' is the boolean true in YAML 1.1"),
        ("kind: ConfigMap\n---\nkind: Secret\nstringData:\n  hunter2: a\n  hunter2: b", "key '***' is set twice"),
        ("kind Secret\nstringData:\n  hunter2: a\n  hunter2: b", "mapping values are not allowed"),
        ("{items: [{kind: Secret, data: {hunter2: a, hunter2: b}}]}", "key '***' is set twice"),
    ])
    func `the words of a file are hidden only if it mentions Secrets`(text: String, words: String) {
        let file = ManifestFile(Array(text.utf8), file: "m.yaml")
        let lines = file.diagnostics.map(\.description)
        #expect(lines.contains { $0.contains(words) }, "\(lines)")
        if words.contains("***") || words.contains("mapping") { #expect(!lines.joined().contains("hunter2")) }
    }

    @Test func `lists in lists have a limit`() {
        let deep = String(repeating: "{kind: List, items: [", count: 20) + String(repeating: "]}", count: 20)
        let file = ManifestFile(Array(deep.utf8), file: "m.yaml")
        #expect(file.diagnostics.map(\.message) == ["List objects are nested more than 8 levels deep"])
    }

    @Test func `a document is transformed before it is read`() throws {
        let text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n---\n{kind: b}"
        let file = ManifestFile(Array(text.utf8), file: "m.yaml") { root in
            root["kind"]?.string == "b" ? (root, [Problem("refused", at: root.location)]) : (root, [])
        }
        #expect(file.manifests.count == 1)
        #expect(file.diagnostics.map(\.description) == ["m.yaml:3:1: refused"])
    }

    @Test(arguments: [("x/../../api", "v1"), ("a.test", ".."), ("a.test", "v1?x=")])
    func `a definition's parts never become another path`(group: String, version: String) throws {
        let objects = try manifests(
            """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: a}
            spec: {group: "\(group)", names: {kind: Widget, plural: widgets}, versions: [{name: "\(version)", served: true}]}
            """
        )
        #expect(DefinedKind.servedType(of: objects[0]) == nil)
    }

    @Test(arguments: [
        "kind: Secret", "kind: List\nitems: [{kind: Secret}]", "kind: SecretList",
    ])
    func `the words of a Secret are not in the problems of its variables`(text: String) {
        let file = ManifestFile(Array(text.utf8), file: "m.yaml") { root in
            (
                root,
                [
                    Problem(
                        "'${a'MARKER'b}' is not a variable",
                        at: root.location,
                        hint: "write '$${MARKER'"
                    )
                ]
            )
        }
        #expect(
            file.diagnostics.map(\.description) == [
                "m.yaml:1:1: '***' is not a variable; see the line; it is not shown because it may be secret"
            ]
        )
    }

    @Test func `definitions and namespaces are found as providers`() throws {
        let objects = try manifests(
            """
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: widgets.example.test}
            spec:
              group: example.test
              names: {kind: Widget, plural: widgets}
              versions: [{name: v1alpha1, served: false}, {name: v1, served: true}]
            ---
            {apiVersion: v1, kind: Namespace, metadata: {name: tools}}
            ---
            {apiVersion: example.test/v2, kind: Widget, metadata: {name: w}}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: tools}}
            ---
            {apiVersion: v1, kind: ConfigMap, metadata: {name: c}}
            """
        )
        let type = GroupVersionKind(group: "example.test", version: "v1", kind: "Widget")
        #expect(DefinedKind.servedType(of: objects[0]) == type)
        #expect(DefinedKind.servedType(of: objects[1]) == nil)
        var index = ProviderIndex<String>()
        for object in objects { index.insert(object, as: object.identity.description) }
        let definition = "CustomResourceDefinition/widgets.example.test"
        #expect(index.provider(neededBy: objects[2].identity) == definition)
        #expect(index.provider(neededBy: objects[3].identity) == "Namespace/tools")
        #expect(index.provider(neededBy: objects[4].identity) == nil)
        #expect(index.provider(neededBy: objects[4].identity, defaultNamespace: "tools") == "Namespace/tools")
        let role = GroupVersionKind(group: "rbac.authorization.k8s.io", version: "v1", kind: "ClusterRole")
        let ofCluster = ObjectIdentity(type: role, namespace: nil, name: "r")
        #expect(index.provider(neededBy: ofCluster, defaultNamespace: "tools") == nil)
    }
}
