public import Base
import YAML

/// The reason why a report to the cluster failed or was incomplete.
public struct ReportProblem: Sendable, Hashable {
    /// The cause of a problem; a change of the text alone does not cause another warning.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The kubeconfig, or a file that it refers to, cannot be used.
        case kubeconfig
        /// The API server cannot be reached, or is not ready.
        case server
        /// The API server does not accept the user.
        case credentials
        /// The API server denies reading the Node, or writing its condition.
        case refusal
        /// The condition was written, but an Event was not.
        case events
    }

    /// The kind of the last attempt's problem.
    public var kind: Kind

    /// The text of the last attempt's problem, which every user may read.
    public var text: String

    /// The time of the first failed attempt since the last successful one.
    public var since: Timestamp

    /// The kind for which a warning was last printed, `nil` if none was printed.
    public var printed: Kind?

    /// Creates a problem for which no warning was printed.
    ///
    /// - Parameters:
    ///   - kind: The kind of the problem.
    ///   - text: The text of the problem.
    ///   - since: The time of the first failed attempt.
    public init(_ kind: Kind, _ text: String, since: Timestamp) {
        (self.kind, self.text, self.since) = (kind, text, since)
    }

    /// Returns the problem after one more failed attempt.
    ///
    /// - Parameters:
    ///   - known: The problem of the previous attempt, `nil` if that attempt succeeded.
    ///   - gracePeriod: The time for which reports may fail without a warning, because a boot includes seconds without
    ///     a server.
    ///   - now: The current time.
    /// - Returns: The problem, and whether a warning is due because its kind differs from the last printed one.
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
