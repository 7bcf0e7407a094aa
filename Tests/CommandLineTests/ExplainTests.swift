import Testing
@testable import Planning

/// Keys of the task file by their place.
@Suite(.timeLimit(.minutes(1)))
struct ExplainTests {
    private func paths(_ text: String) -> [String] { ReferencedKey.find(text).map(\.path) }

    @Test func `a whole place is one key, whatever names are in it`() {
        #expect(paths("tasks") == ["tasks"])
        #expect(paths("tasks.NAME.apply.wait") == ["tasks.NAME.apply.wait"])
        #expect(paths("tasks.calico-node.apply.manifests.url") == ["tasks.NAME.apply.manifests.url"])
        #expect(paths("nodes.cp1.role") == ["nodes.HOST.role"])
        #expect(paths("certificates.leaves.etcd.usages") == ["certificates.leaves.NAME.usages"])
    }

    @Test func `the end of a place is enough, verbs and those nearest to the root first`() {
        #expect(paths("apply.wait") == ["tasks.NAME.apply.wait"])
        #expect(paths("wait") == ["tasks.NAME.wait", "tasks.NAME.apply.wait"])
        #expect(paths("timeout") == ["tasks.NAME.timeout"])
        #expect(paths("kubeconfig").prefix(2) == ["tasks.NAME.kubeconfig", "cluster.report.kubeconfig"])
    }

    @Test(arguments: ["", ".", "tasks.", ".tasks", "NAME", "tasks.NAME", "tasks.a.b", "apply.nothing", "wait.wait"])
    func `what is no key is not found`(text: String) {
        #expect(paths(text) == [])
    }

    @Test func `every key that a verb has can be found`() {
        for section in taskFileReference() {
            for key in section.keys { #expect(paths("\(section.path).\(key.name)") == ["\(section.path).\(key.name)"]) }
        }
    }
}
