public import Base
public import Planning

/// Returns a summary of the states and of the next retry, wrapped to `columns`; empty if there are no tasks.
public func summaryLines(
    _ statuses: [TaskStatus],
    at now: Timestamp = .now(),
    columns: Int? = nil,
) -> [String] {
    guard !statuses.isEmpty else { return [] }
    let failedCount = statuses.count { $0.repetition?.hasFailed == true }
    let repetitions = failedCount > 0 ? "repetitions of \(failedCount) failed" : nil
    let parts = [taskSummary(statuses, at: now), repetitions, retrySummary(statuses)]
    return parts.compactMap(\.self).joined(separator: "; ").wrapped(to: columns ?? .max)
}

/// Returns the number of tasks in each state or, if all have succeeded, the time of the last success if it is known.
private func taskSummary(_ statuses: [TaskStatus], at now: Timestamp) -> String {
    guard statuses.allSatisfy(\.state.isSuccess) else { return stateSummary(statuses.map(\.state)) }
    let count = "\(statuses.count) task\(statuses.count == 1 ? "" : "s")"
    guard let last = statuses.compactMap(\.finishedAt).max() else { return "\(count): all succeeded" }
    let age = Duration.seconds(max(0, now.seconds - last.seconds))
    return "\(count): all succeeded, since \(last) (\(age.clockText) ago)"
}

/// Returns the number of tasks in each state, failures first, such as `3 tasks: 1 failed, 2 succeeded`.
func stateSummary(_ states: [TaskState]) -> String {
    let order: [TaskState] = [
        .ended(.failed), .running, .waiting, .ended(.interrupted), .ended(.skipped), .notYet, .unknown,
    ]
    let counts = order.map { state in (states.count { $0 == state }, state == .notYet ? "not run yet" : "\(state)") }
    let others = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    let all = others + ["\(states.count(where: \.isSuccess)) succeeded"]
    return "\(states.count) task\(states.count == 1 ? "" : "s"): \(all.joined(separator: ", "))"
}

/// Returns the time until the next retry, a statement that no retry can succeed, or `nil` if neither is known.
private func retrySummary(_ statuses: [TaskStatus]) -> String? {
    let failed = statuses.filter { $0.state == .ended(.failed) }
    if !failed.isEmpty, failed.allSatisfy(\.isPermanent) { return "a person has to correct the cause" }
    return failed.compactMap(\.retriesIn).min().map { "next retry in \($0.clockText)" }
}

/// Returns the address of a node, followed by the reasons why the other candidates were not chosen.
public func addressLines(_ choice: AddressChoice, columns: Int?) -> [String] {
    let width = columns.map { max(20, $0 - 4) } ?? .max
    let others = choice.reasons.flatMap { "not \(printable($0))".wrapped(to: width) }
    return ["node address: \(printable(choice.chosen?.subject ?? "none"))"] + others.map { "    \($0)" }
}

extension AddressChoice {
    var node: Node {
        let others = others.map { other in
            Node.known([
                ("address", .text(other.address?.description)), ("interface", .string(other.interface)),
                ("reason", .string(other.reason)),
            ])
        }
        return .known([
            ("address", .text(chosen?.address?.description)), ("interface", .text(chosen?.interface)),
            ("others", .sequence(others)),
        ])
    }
}

/// Returns statuses, certificates, warnings and the node's address as one JSON object, without a line ending.
public func statusJSON(
    _ statuses: [TaskStatus],
    certificates: [CertificateExpiry] = [],
    at now: Timestamp = .now(),
    warnings: [Problem] = [],
    address: AddressChoice? = nil,
) -> String {
    let states = [.notYet, .waiting, .running, .unknown] + Outcome.Kind.allCases.map(TaskState.ended)
    let counts = Dictionary(grouping: statuses, by: \.state).mapValues(\.count)
    let summary = [("tasks", Node.number(statuses.count))] + states.map { ("\($0)", .number(counts[$0] ?? 0)) }
    return Node.output([
        ("tasks", .sequence(statuses.map { .known($0.fields) })),
        ("certificates", .sequence(certificates.map { $0.node(at: now) })),
        ("warnings", .sequence(warnings.map { .known($0.fields) })), ("summary", .mapping(summary)),
        ("nodeAddress", address?.node),
    ])
}

extension TaskStatus {
    var fields: [(String, Node?)] {
        [
            ("task", .string(task)), ("description", .text(description)), ("state", .string("\(state)")),
            ("unit", service?.node), ("permanent", isPermanent ? .boolean(true) : nil),
            ("retriesInSeconds", retriesIn.map(Node.seconds)), ("startedAt", .text(startedAt?.description)),
            ("finishedAt", .text(finishedAt?.description)), ("ageSeconds", age.map(Node.seconds)),
            ("durationSeconds", duration.map(Node.seconds)), ("objects", counts.node),
            ("lease", (lease?.fields).map { .mapping($0) }), ("reason", reasons.text), ("wait", wait?.statusNode),
            ("repetition", repetition.map { .known($0.attemptFields) }),
            ("repeatsInSeconds", repeatsIn.map(Node.seconds)),
        ]
    }
}

extension [String] {
    fileprivate var text: Node? { isEmpty ? nil : .string(joined(separator: "\n")) }
}

extension CertificateExpiry {
    fileprivate func node(at now: Timestamp) -> Node {
        .mapping([
            ("path", .string(path)), ("subject", .string(subject)), ("expires", .string(expires.description)),
            ("remainingDays", .number(Int(remainingDays(at: now)))),
        ])
    }
}

extension TaskWait {
    fileprivate var statusNode: Node {
        .known([
            ("kind", .string(subject.kind.rawValue)), ("subject", .string(subject.text)), ("reason", .text(reason)),
        ])
    }
}

extension TaskStatus {
    fileprivate var attemptFields: [(String, Node?)] {
        [
            ("state", .string("\(state)")), ("startedAt", .text(startedAt?.description)),
            ("finishedAt", .text(finishedAt?.description)), ("ageSeconds", age.map(Node.seconds)),
            ("durationSeconds", duration.map(Node.seconds)), ("reason", reasons.text),
        ]
    }
}
