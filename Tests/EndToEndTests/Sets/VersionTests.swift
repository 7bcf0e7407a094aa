import Glibc
import TestSupport
import Testing

/// Tasks with a version: an older file changes nothing that a newer one has applied.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct VersionTests {
    private static let newer: KeyValuePairs = ["common": "3.22", "new": "1"]
    private static let older: KeyValuePairs = ["common": "3.18", "old": "1"]
    private static func options(_ version: String) -> String { "prune: true, version: \(version)" }

    private func nodes(_ namespace: String) async throws -> SetNodes {
        let nodes = try await SetNodes(namespace, "cp-1", "cp-2")
        try nodes.write("cp-1", Self.older, Self.options("3.18"))
        try nodes.write("cp-2", Self.newer, Self.options("3.22"))
        return nodes
    }

    private func expectNewer(_ nodes: SetNodes) async throws {
        let maps = try await nodes.maps()
        #expect(maps["common"] == "3.22" && maps["new"] == "1", "\(maps)")
    }

    @Test(arguments: ["older-first", "newer-first", "at-once"])
    func `two nodes with two versions end at the newer one`(_ order: String) async throws {
        let nodes = try await nodes(order)
        switch order {
        case "older-first":
            for name in ["cp-1", "cp-2"] { #expect(try await nodes.run(name).status == 0) }
        case "newer-first":
            #expect(try await nodes.run("cp-2").status == 0)
        default:
            async let older = nodes.run("cp-1")
            async let newer = nodes.run("cp-2")
            let results = try await (older, newer)
            // A conflict between the two is retried, so the newer one succeeds in any order.
            #expect(results.1.status == 0, "\(results.1.errors)")
        }
        try await expectNewer(nodes)
        let refused = try await nodes.run("cp-1")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("applied at 3.22; this file has 3.18"), "\(refused.errors)")
        let compared = try await nodes.run("cp-1", "diff")
        #expect(compared.status == 2 && compared.errors.contains("applied at 3.22"), "\(compared.errors)")
        try await expectNewer(nodes)
        #expect(try await nodes.run("cp-2").output.hasSuffix("1 task: 1 unchanged\n"))
        try nodes.write("cp-1", Self.older, Self.options("3.18") + ", allowOlder: true")
        #expect(try await nodes.run("cp-1").status == 0)
        #expect(try await nodes.maps()["common"] == "3.18")
        try nodes.write("cp-1", Self.newer, Self.options("3.22"))
        #expect(try await nodes.run("cp-1").status == 0)
        #expect(try await nodes.maps() == ["common": "3.22", "new": "1"])
    }

    /// Runs cp-1 until it is stopped before each of its changes in turn, lets cp-2 run, and then lets cp-1 go on.
    ///
    /// `check` gets the number of changes, or `nil` if cp-1 has ended before it was stopped.
    ///
    /// - Returns: The number of rounds.
    private func stop(
        _ nodes: SetNodes,
        prepare: (_ round: Int, _ kubeconfig: String) async throws -> Void,
        check: (_ changeCount: Int?, ToolResult) async throws -> Void,
    ) async throws -> Int {
        let server = try await KubectlProxy(to: nodes.cluster)
        let kubeconfig = try nodes.node("cp-1").path("proxy.kubeconfig")
        var changeCount = 0
        while true {
            try await prepare(changeCount, kubeconfig)
            let proxy = try LoopbackProxy(to: server.port)
            proxy.holdRequests(afterChanges: changeCount)
            try KubectlProxy.writeKubeconfig(kubeconfig, port: proxy.port)
            let tool = try nodes.node("cp-1").start(["run", "--host-name", "cp-1"])
            try #require(try await becomes { proxy.isHolding || tool.outputSoFar().contains("1 task: ") })
            let isFinished = !proxy.isHolding
            tool.signal(SIGSTOP)
            let newer = try await nodes.run("cp-2")
            #expect(newer.status == 0, "\(newer.errors)")
            tool.signal(SIGCONT)
            proxy.releaseRequests()
            try await check(isFinished ? nil : changeCount, await tool.result())
            try await nodes.cluster.mustRunKubectl("delete", "configmap", "--all", "-n", nodes.namespace)
            let parent = ["configmap", "nest-bootstrap-\(nodes.namespace)", "-n", "kube-system"]
            try await nodes.cluster.mustRunKubectl(["delete"] + parent)
            changeCount += 1
            if isFinished { return changeCount }
        }
    }

    @Test func `a node that was stopped before any of its requests undoes no newer version`() async throws {
        // Without `prune` there is no claim and no record, only the version.
        let nodes = try await SetNodes("stopped", "cp-1", "cp-2")
        let roundCount = try await stop(nodes) { round, kubeconfig in
            try nodes.write("cp-1", Self.older, "prune: false, version: \(round + 1).18", kubeconfig: kubeconfig)
            try nodes.write("cp-2", Self.newer, "prune: false, version: \(round + 1).22")
        } check: { changeCount, result in
            #expect(result.status == 0 || result.errors.contains("applied at"), "\(result.output)\(result.errors)")
            let maps = try await nodes.maps()
            #expect(maps["common"] == "3.22" && maps["new"] == "1", "stopped before \(changeCount ?? -1)")
            if changeCount == 0 { #expect(result.status == 1 && maps["old"] == nil, "\(maps)") }
        }
        #expect(roundCount > 2)
    }

    @Test func `a node that was stopped before it deletes an object leaves it to a newer version`() async throws {
        let nodes = try await SetNodes("stopped-pruning", "cp-1", "cp-2")
        let roundCount = try await stop(nodes) { round, kubeconfig in
            let version = { (minor: Int) in Self.options("\(round + 1).\(minor)") }
            try nodes.write("cp-1", ["common": "1", "gone": "1"], version(17))
            #expect(try await nodes.run("cp-1").status == 0)
            try nodes.write("cp-1", ["common": "1"], version(18), kubeconfig: kubeconfig)
            try nodes.write("cp-2", ["common": "1", "gone": "1"], version(22))
        } check: { changeCount, result in
            let names = try await nodes.maps().keys.sorted()
            #expect(names == ["common", "gone"], "\(changeCount ?? -1): \(result.output)")
        }
        #expect(roundCount > 3)
    }

    @Test func `versions of two forms cannot be compared, and one that somebody has raised counts`() async throws {
        let nodes = try await SetNodes("forms", "n1")
        try nodes.write("n1", ["a": "1"], "version: 2026-11-24")
        #expect(try await nodes.run("n1").status == 0)
        try nodes.write("n1", ["a": "2"], "version: '3.22'")
        let result = try await nodes.run("n1")
        #expect(result.status == 1)
        let words = "applied at 2026-11-24; this file has 3.22, which cannot be compared"
        #expect(result.errors.contains(words), "\(result.errors)")
        try nodes.write("n1", ["a": "3"], "version: 2026-11-25")
        #expect(try await nodes.run("n1").status == 0)
        let options = ["-n", "forms", "--overwrite", "--field-manager=editor", "nest-bootstrap/version=2099-01-01"]
        try await nodes.cluster.mustRunKubectl(["annotate", "configmap", "a"] + options)
        let raised = try await nodes.run("n1")
        #expect(raised.status == 1)
        #expect(raised.errors.contains("ConfigMap/forms/a: applied at 2099-01-01"), "\(raised.errors)")
        try nodes.write("n1", ["a": "3"], "version: 2026-11-25, allowOlder: true, conflicts: force")
        #expect(try await nodes.run("n1").status == 0)
    }
}
