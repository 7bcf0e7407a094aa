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
    var pairs = [
        Node.outputVersion,
        ("tasks", .sequence(statuses.map(\.node))),
        ("certificates", .sequence(certificates.map { $0.node(at: now) })),
        ("warnings", .sequence(warnings.map { .mapping($0.fields) })), ("summary", .mapping(summary)),
    ]
    if let address { pairs.append(("nodeAddress", address.node)) }
    return String(decoding: Node.mapping(pairs).json(), as: UTF8.self)
}

extension TaskStatus {
    /// The status as a JSON object, without unknown values.
    fileprivate var node: Node { .mapping(fields) }

    /// The fields of the JSON object.
    var fields: [(String, Node)] {
        var pairs: [(String, Node)] = [("task", .string(task))]
        if let description { pairs.append(("description", .string(description))) }
        pairs.append(("state", .string("\(state)")))
        if let service { pairs.append(("unit", service.node)) }
        if isPermanent { pairs.append(("permanent", .boolean(true))) }
        if let retriesIn { pairs.append(("retriesInSeconds", .seconds(retriesIn))) }
        if let startedAt { pairs.append(("startedAt", .string(startedAt.description))) }
        if let finishedAt { pairs.append(("finishedAt", .string(finishedAt.description))) }
        if let age { pairs.append(("ageSeconds", .seconds(age))) }
        if let duration { pairs.append(("durationSeconds", .seconds(duration))) }
        if let counts = counts.node { pairs.append(("objects", counts)) }
        if let lease { pairs.append(("lease", .mapping(lease.fields))) }
        if !reasons.isEmpty { pairs.append(("reason", .string(reasons.joined(separator: "\n")))) }
        if let wait { pairs.append(("wait", wait.status)) }
        if let repetition { pairs.append(("repetition", repetition.node)) }
        if let repeatsIn { pairs.append(("repeatsInSeconds", .seconds(repeatsIn))) }
        return pairs
    }
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
    /// The wait as a JSON object.
    fileprivate var status: Node {
        var pairs: [(String, Node)] = [
            ("kind", .string(subject.kind.rawValue)), ("subject", .string(subject.text)),
        ]
        if let reason { pairs.append(("reason", .string(reason))) }
        return .mapping(pairs)
    }
}

extension TaskRepetition {
    /// The repetition as a JSON object, without unknown values.
    fileprivate var node: Node {
        var pairs: [(String, Node)] = [("state", .string("\(state)"))]
        if let startedAt { pairs.append(("startedAt", .string(startedAt.description))) }
        if let finishedAt { pairs.append(("finishedAt", .string(finishedAt.description))) }
        if let age { pairs.append(("ageSeconds", .seconds(age))) }
        if let duration { pairs.append(("durationSeconds", .seconds(duration))) }
        if !reasons.isEmpty { pairs.append(("reason", .string(reasons.joined(separator: "\n")))) }
        return .mapping(pairs)
    }
}
