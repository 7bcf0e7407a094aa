public import Base
import YAML

/// Why not everything could be reported to the cluster.
public struct ReportProblem: Sendable, Hashable {
    /// The cause that a person would look for: a warning is printed for each kind once, whatever its words are each time.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The kubeconfig, or a file that it refers to.
        case kubeconfig
        /// The API server cannot be reached, or is not ready.
        case server
        /// The API server does not accept the user.
        case credentials
        /// The API server refuses to read the Node or to write its condition.
        case refusal
        /// There is no such Node.
        case node
        /// The condition is written, and an Event is not.
        case events
    }

    /// The kind of the last attempt's problem.
    public var kind: Kind

    /// The words of the last attempt's problem, as everybody may read them.
    public var text: String

    /// When the first attempt failed after the last one that succeeded.
    public var since: Timestamp

    /// The kind that was printed last, `nil` if none was.
    public var printed: Kind?

    /// Creates a problem that nothing was printed about.
    ///
    /// - Parameters:
    ///   - kind: What a person would look at.
    ///   - text: The words.
    ///   - since: The time of the first attempt.
    public init(_ kind: Kind, _ text: String, since: Timestamp) {
        (self.kind, self.text, self.since) = (kind, text, since)
    }

    /// The problem after one more attempt has failed.
    ///
    /// - Parameters:
    ///   - known: The problem of the attempt before, `nil` if that has succeeded.
    ///   - gracePeriod: How long reports may fail without a warning: every boot has seconds without a server.
    ///   - now: The time.
    /// - Returns: The problem, and whether a warning is due: the kind is another one than was printed last.
    public func following(
        _ known: Self?,
        gracePeriod: Duration,
        at now: Timestamp = .now()
    ) -> (problem: Self, isWarningDue: Bool) {
        var problem = self
        if let known { (problem.since, problem.printed) = (known.since, known.printed) }
        let isDue = problem.printed != kind && now.seconds - problem.since.seconds >= gracePeriod.components.seconds
        if isDue { problem.printed = kind }
        return (problem, isDue)
    }
}

extension ReportProblem {
    var node: Node {
        var pairs: [(String, Node)] = [
            ("kind", .string(kind.rawValue)), ("text", .string(text)), ("since", .string(since.description)),
        ]
        if let printed { pairs.append(("printed", .string(printed.rawValue))) }
        return .mapping(pairs)
    }

    init?(_ node: Node) {
        guard let kind = node["kind"]?.string.flatMap(Kind.init), let text = node["text"]?.string,
            let since = node["since"]?.string.flatMap({ Timestamp(rfc3339: $0) })
        else { return nil }
        self.init(kind, text, since: since)
        printed = node["printed"]?.string.flatMap(Kind.init)
    }
}
