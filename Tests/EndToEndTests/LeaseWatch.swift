import Glibc
import TestSupport
import Testing

/// The states of a Lease, as `kubectl get --watch` prints them.
final class LeaseWatch: Sendable {
    /// A state of the Lease.
    struct State: Sendable {
        var holder: String
        var renewedAt: String
    }

    private let tool: Tool

    /// Starts to watch.
    ///
    /// - Throws: ``SupportError`` if kubectl cannot be started.
    init(_ name: String, _ cluster: TestCluster) throws {
        tool = try cluster.startKubectl([
            "get", "lease", name, "--namespace", "kube-system", "--watch", "--output",
            "jsonpath=holder={.spec.holderIdentity} {.spec.renewTime}{\"\\n\"}",
        ])
    }

    deinit {
        tool.signal(SIGKILL)
        let tool = tool
        Task { _ = await tool.result() }
    }

    /// The states so far.
    var states: [State] {
        tool.outputSoFar().split(separator: "\n").map { line in
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            return State(holder: String(words[0].dropFirst("holder=".count)), renewedAt: String(words.last ?? ""))
        }
    }

    /// The holders one after another, an empty text while there is none.
    var holders: [String] {
        states.map(\.holder).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }

    /// The whole seconds from the last renewal of the first holder until the second one took the Lease.
    func secondsUntilTakeover() async throws -> Int {
        let holders = holders
        try #require(holders.count > 2 && holders[1] != "" && holders[2] != "", "\(holders)")
        let renewal = try #require(states.last { $0.holder == holders[1] }).renewedAt
        let take = try #require(states.first { $0.holder == holders[2] }).renewedAt
        let dates = try await Tool.run("date", ["+%s", "--file=-"], input: "\(renewal)\n\(take)\n").outputLines
        let times = dates.compactMap { Int($0) }
        try #require(times.count == 2, "\(dates)")
        return times[1] - times[0]
    }
}
