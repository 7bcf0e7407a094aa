public import Base
import Execution
public import Planning
public import State
import YAML

/// Returns a human-readable summary of the node: the states of its tasks, the next retry and its certificates.
///
/// - Parameters:
///   - statuses: The statuses of the tasks.
///   - certificates: The certificates that the tasks use or create.
///   - now: The time from which ages and remaining times are computed.
///   - columns: The width of the terminal, or `nil` for a line of any length.
/// - Returns: The summary, wrapped to the width of the terminal; empty if there is no task.
public func summaryLines(
    _ statuses: [TaskStatus],
    certificates: [CertificateExpiry] = [],
    at now: Timestamp = .now(),
    columns: Int? = nil,
) -> [String] {
    guard !statuses.isEmpty else { return [] }
    let parts = [taskSummary(statuses, at: now), retrySummary(statuses), certificateSummary(certificates, at: now)]
    return parts.compactMap(\.self).joined(separator: "; ").wrapped(to: columns ?? .max)
}

/// Returns the number of tasks in each state or, if all have succeeded, the time since the last success.
private func taskSummary(_ statuses: [TaskStatus], at now: Timestamp) -> String {
    let count = "\(statuses.count) task\(statuses.count == 1 ? "" : "s")"
    let succeeded = statuses.filter(\.countedState.isSuccess)
    guard succeeded.count < statuses.count else {
        guard let last = succeeded.compactMap(\.finishedAt).max(by: { $0.seconds < $1.seconds }) else {
            return "\(count): all succeeded"
        }
        let age = Duration.seconds(max(0, now.seconds - last.seconds))
        return "\(count): all succeeded, since \(last) (\(age.clockText) ago)"
    }
    let order: [TaskState] = [
        .ended(.failed), .running, .waiting, .ended(.interrupted), .ended(.skipped), .notYet, .unknown,
    ]
    let others = order.compactMap { state -> String? in
        let count = statuses.filter { $0.countedState == state }.count
        return count == 0 ? nil : "\(count) \(state.countedWord)"
    }
    return "\(count): \((others + ["\(succeeded.count) succeeded"]).joined(separator: ", "))"
}

/// Returns the time until the next retry of a failed task, or a statement that no retry alone can succeed.
private func retrySummary(_ statuses: [TaskStatus]) -> String? {
    let failed = statuses.filter { $0.state == .ended(.failed) }
    if !failed.isEmpty, failed.allSatisfy(\.isPermanent) { return "a person has to correct the cause" }
    return failed.compactMap(\.retriesIn).min().map { "next retry in \($0.clockText)" }
}

/// Returns the remaining validity of the certificate that expires first.
private func certificateSummary(_ certificates: [CertificateExpiry], at now: Timestamp) -> String? {
    guard let first = certificates.min(by: { $0.expires.seconds < $1.expires.seconds }) else { return nil }
    let days = first.remainingDays(at: now)
    if first.expires.seconds <= now.seconds { return "a certificate has expired" }
    return days == 0 ? "a certificate expires today" : "certificates valid for \(days) day\(days == 1 ? "" : "s")"
}

/// Returns the address of a node and the reason for its choice as human-readable lines.
///
/// - Parameters:
///   - choice: The address, with the reasons why the other candidates were not chosen.
///   - columns: The width of the terminal, or `nil` for lines of any length.
/// - Returns: The address, followed by the other candidates, grouped by reason.
public func addressLines(_ choice: AddressChoice, columns: Int?) -> [String] {
    let width = columns.map { max(20, $0 - 4) } ?? .max
    let others = choice.reasons.flatMap { "not \(printable($0))".wrapped(to: width) }
    return ["node address: \(printable(choice.chosen?.subject ?? "none"))"] + others.map { "    \($0)" }
}

extension AddressChoice {
    /// The choice as a JSON object, without an address if there is none.
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
