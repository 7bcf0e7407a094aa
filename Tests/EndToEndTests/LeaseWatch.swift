import Glibc
import TestSupport

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
}
