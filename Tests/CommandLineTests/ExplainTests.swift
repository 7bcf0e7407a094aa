import TestSupport
import Testing

@testable import Planning

/// Keys of the task file by their place.
@Suite(.timeLimit(.minutes(15)))
struct ExplainTests {
    private func paths(_ text: String) -> [String] { ReferencedKey.find(text).map(\.path) }

    @Test func `a whole place is one key, whatever names are in it`() {
        #expect(paths("tasks") == ["tasks"])
        #expect(paths("tasks.NAME.apply.wait") == ["tasks.NAME.apply.wait"])
        #expect(paths("tasks.calico-node.apply.manifests.url") == ["tasks.NAME.apply.manifests.url"])
        #expect(paths("nodes.cp1.role") == ["nodes.HOST.role"])
        #expect(paths("nodes.host.example.com.role") == ["nodes.HOST.role"])
        #expect(paths("certificates.leaves.etcd.usages") == ["certificates.leaves.NAME.usages"])
    }

    @Test func `the end of a place is enough, verbs and those nearest to the root first`() {
        #expect(paths("apply.wait") == ["tasks.NAME.apply.wait"])
        #expect(paths("wait") == ["tasks.NAME.wait", "tasks.NAME.apply.wait"])
        #expect(paths("timeout") == ["tasks.NAME.timeout"])
        #expect(paths("kubeconfig").prefix(2) == ["tasks.NAME.kubeconfig", "cluster.report.kubeconfig"])
    }

    @Test(arguments: [
        ("tasks.timeout", "tasks.NAME.timeout"), ("tasks.seed.script", "tasks.NAME.exec.script"),
        ("certificates.leaves.validity", "certificates.leaves.NAME.validity"),
    ])
    func `words of a place may be missing`(text: String, path: String) {
        #expect(paths(text) == [path])
    }

    @Test(arguments: [
        "", ".tasks", "NAME", "tasks.a.b", "apply.nothing", "nodes.a..role", "foo.validity",
    ])
    func `what is no key is not found`(text: String) {
        #expect(paths(text) == [])
    }

    @Test func `every key can be found`() {
        for key in ReferencedKey.all { #expect(paths(key.path) == [key.path]) }
    }

    @Test func `a key is explained, and one that does not exist is wrong usage`() async throws {
        let explained = await callProgram(["explain", "apply.wait"])
        #expect(explained.status == 0 && explained.errors == "")
        #expect(explained.output.hasPrefix("tasks.NAME.apply.wait\n\n"), "\(explained.output)")
        let several = await callProgram(["explain", "path"])
        #expect(several.status == 0 && several.errors == "")
        #expect(several.output.hasPrefix(paths("path")[0] + "\n\n"), "\(several.output)")
        for path in paths("path").dropFirst() { #expect(several.output.contains("\n  \(path)"), "\(several.output)") }
        let unknown = await callProgram(["explain", "wiat"])
        #expect(unknown.status == 64 && unknown.output == "")
        #expect(unknown.errors.contains("unknown key 'wiat' (did you mean 'wait'?)"), "\(unknown.errors)")
    }

    @Test func `the annotations of manifests are explained with 'apply'`() async throws {
        let explained = await callProgram(["explain", "apply"])
        #expect(explained.output.contains("\n  nest-bootstrap/apply: "), "\(explained.output)")
    }
}
