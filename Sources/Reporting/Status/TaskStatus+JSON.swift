public import Base
import Execution
public import Planning
public import State
import YAML

/// Returns statuses as one JSON object.
///
/// - Parameters:
///   - statuses: The statuses of the tasks.
///   - certificates: The certificates that the tasks use or create.
///   - now: The time from which remaining validity is computed.
///   - warnings: The conditions that need attention although nothing has failed.
///   - address: The node's address, `nil` if there is no rule for it.
/// - Returns: One line without a line ending.
public func statusJSON(
    _ statuses: [TaskStatus],
    certificates: [CertificateExpiry] = [],
    at now: Timestamp = .now(),
    warnings: [Problem] = [],
    address: AddressChoice? = nil,
) -> String {
    let states = [.notYet, .waiting, .running, .unknown] + Outcome.Kind.allCases.map(TaskState.ended)
    let counts = Dictionary(grouping: statuses, by: \.countedState).mapValues(\.count)
    let summary = [("tasks", Node.number(statuses.count))] + states.map { ("\($0)", .number(counts[$0] ?? 0)) }
    return Node.output([
        ("tasks", .sequence(statuses.map { .known($0.fields) })),
        ("certificates", .sequence(certificates.map { $0.node(at: now) })),
        ("warnings", .sequence(warnings.map { .known($0.fields) })), ("summary", .mapping(summary)),
        ("nodeAddress", address?.node),
    ])
}

extension TaskStatus {
    /// The fields of the JSON object.
    var fields: [(String, Node?)] {
        [
            ("task", .string(task)), ("description", .text(description)), ("state", .string("\(state)")),
            ("unit", service?.node), ("permanent", isPermanent ? .boolean(true) : nil),
            ("retriesInSeconds", retriesIn.map(Node.seconds)), ("startedAt", .text(startedAt?.description)),
            ("finishedAt", .text(finishedAt?.description)), ("ageSeconds", age.map(Node.seconds)),
            ("durationSeconds", duration.map(Node.seconds)), ("objects", counts.node),
            ("lease", (lease?.fields).map { .mapping($0) }), ("reason", reasons.text), ("wait", wait?.node),
            ("repetition", repetition?.node), ("repeatsInSeconds", repeatsIn.map(Node.seconds)),
        ]
    }
}

extension [String] {
    /// The reasons as one text, if there are any.
    fileprivate var text: Node? { isEmpty ? nil : .string(joined(separator: "\n")) }
}

extension CertificateExpiry {
    /// Returns the certificate as a JSON object.
    fileprivate func node(at now: Timestamp) -> Node {
        .mapping([
            ("path", .string(path)), ("subject", .string(subject)), ("expires", .string(expires.description)),
            ("remainingDays", .number(Int(remainingDays(at: now)))),
        ])
    }
}

extension TaskWait {
    fileprivate var node: Node {
        .known([
            ("kind", .string(subject.kind.rawValue)), ("subject", .string(subject.text)), ("reason", .text(reason)),
        ])
    }
}

extension TaskRepetition {
    fileprivate var node: Node {
        .known([
            ("state", .string("\(state)")), ("startedAt", .text(startedAt?.description)),
            ("finishedAt", .text(finishedAt?.description)), ("ageSeconds", age.map(Node.seconds)),
            ("durationSeconds", duration.map(Node.seconds)), ("reason", reasons.text),
        ])
    }
}
