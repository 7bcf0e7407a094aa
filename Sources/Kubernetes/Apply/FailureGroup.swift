public import Base

/// Objects that could not be applied or deleted for the same reason.
public struct FailureGroup: Sendable {
    /// The failures, in the order of the manifests.
    public let members: [ObjectFailure]

    /// Groups failures by cause, problem and advice.
    ///
    /// - Parameter failures: The failures, in the order of the manifests.
    /// - Returns: The groups, in the order of their first objects.
    public static func groups(of failures: [ObjectFailure]) -> [FailureGroup] {
        var order: [Key] = []
        var members: [Key: [ObjectFailure]] = [:]
        for failure in failures {
            let key = Key(failure)
            if members[key] == nil { order.append(key) }
            members[key, default: []].append(failure)
        }
        return order.map { FailureGroup(members: members[$0] ?? []) }
    }

    /// The properties that the failures of a group have in common.
    private struct Key: Hashable {
        let cause: ObjectFailure.Cause
        let faults: [ObjectFailure.Common]

        init(_ failure: ObjectFailure) {
            cause = failure.cause
            faults = failure.faults.map(\.shared)
        }
    }

    /// The problems of the only failure in the group, or one problem for each fault that all failures share.
    public var problems: [Problem] {
        guard let first = members.first, members.count > 1 else { return members.first?.problems ?? [] }
        return first.faults.indices.map { index in
            let faults = members.map { $0.faults[index] }
            let isSame = faults.allSatisfy { $0.message == first.faults[index].message }
            let common = isSame ? first.faults[index].own : first.faults[index].shared
            let values = isSame ? nil : Self.values(of: faults)
            let message = common.message + (values.map { ": \($0)" } ?? "")
            let subject = "\(subject) (\(places(faults.map(\.location))))"
            return Problem(
                "\(subject): \(message)",
                hint: common.hint,
                publicMessage: "\(subject): \(first.cause.publicWords)"
            )
        }
    }

    /// Returns the faults' common values, or the first fault's values as an example.
    private static func values(of faults: [ObjectFailure.Fault]) -> String? {
        guard let first = faults.first?.values else { return nil }
        return faults.allSatisfy { $0.values == first } ? first : "for example \(first)"
    }

    /// The number of objects, with their kind if all have the same kind.
    private var subject: String {
        let kinds = Set(members.map(\.object.type.kind))
        guard let kind = kinds.first, kinds.count == 1 else { return "\(members.count) objects" }
        return "\(members.count) \(Self.plural(of: kind))"
    }

    private static func plural(of kind: String) -> String {
        if kind.hasSuffix("y"), let before = kind.dropLast().last, !"aeiou".contains(before) {
            return kind.dropLast() + "ies"
        }
        if ["ss", "x", "ch", "sh"].contains(where: kind.hasSuffix) { return kind + "es" }
        return kind.hasSuffix("s") ? kind : kind + "s"
    }

    /// The locations of the objects, with the first names if all share one location, as in a prune.
    private func places(_ locations: [SourceLocation]) -> String {
        guard Set(locations).count == 1, let location = locations.first else { return Self.list(locations) }
        let names = members.map { member in (member.object.namespace.map { "\($0)/" } ?? "") + member.object.name }
        return "\(shortList(names)); \(location)"
    }

    /// Returns the first locations, with the name of each file only once: `m.yaml:1:1, 5:1, 9:1 and 14 more`.
    private static func list(_ locations: [SourceLocation]) -> String {
        var file: String?
        let listed = locations.map { location in
            defer { file = location.file }
            guard location.file == file, let position = location.position else { return location.description }
            return "\(position.line):\(position.column)"
        }
        return shortList(listed)
    }
}

extension ObjectFailure.Fault {
    /// The fault's own message and hint.
    fileprivate var own: ObjectFailure.Common { ObjectFailure.Common(message: message, hint: hint) }

    /// The message and hint that apply to every object with the same cause.
    fileprivate var shared: ObjectFailure.Common { common ?? own }
}
