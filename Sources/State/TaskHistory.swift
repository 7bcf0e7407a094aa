public import Base
import YAML

/// What the attempts of a task leave to later ones.
public struct TaskHistory: Sendable, Hashable {
    /// When the task last succeeded on this boot, before the attempt of the record.
    public var lastSuccess: Timestamp?

    /// Whether an alert has reported that the repetitions of the task fail.
    public var isReported: Bool

    /// Creates a history; without arguments that of a task that has not run.
    public init(lastSuccess: Timestamp? = nil, isReported: Bool = false) {
        self.lastSuccess = lastSuccess
        self.isReported = isReported
    }
}

extension TaskHistory {
    /// The entries of a record.
    var entries: [(String, Node)] {
        var entries: [(String, Node)] = []
        if let lastSuccess { entries.append(("lastSuccessAt", .string(lastSuccess.description))) }
        if isReported { entries.append(("reported", .boolean(true))) }
        return entries
    }

    /// Reads the entries of a record.
    init(_ record: Node) {
        self.init(
            lastSuccess: record["lastSuccessAt"]?.string.flatMap { Timestamp(rfc3339: $0) },
            isReported: record["reported"]?.boolean ?? false,
        )
    }
}
