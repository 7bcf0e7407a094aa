public import Base

/// Objects that could not be applied or deleted for the same reason.
public struct FailureGroup: Sendable {
    /// The failures, in the order given to ``groups(of:)``.
    public let members: [ObjectFailure]

    /// Groups failures by cause, message and hint, in the order of the first failure of each group.
    public static func groups(of failures: [ObjectFailure]) -> [FailureGroup] {
        let keys = failures.map { failure in
            Key(cause: failure.cause, texts: failure.faults.map { [$0.message, $0.hint ?? ""] })
        }
        let members = Dictionary(grouping: zip(keys, failures), by: \.0)
        return keys.unique().map { FailureGroup(members: members[$0]?.map(\.1) ?? []) }
    }

    private struct Key: Hashable {
        let cause: ObjectFailure.Cause
        let texts: [[String]]
    }

    /// The problems of the only failure, or one problem for each fault that all failures share.
    public var problems: [Problem] {
        guard let first = members.first, members.count > 1 else { return members.first?.problems ?? [] }
        return first.faults.indices.map { index in
            let fault = first.faults[index]
            let subject = "\(subject) (\(places(members.compactMap { $0.faults[index].location })))"
            return Problem(
                "\(subject): \(fault.message)",
                hint: fault.hint,
                publicMessage: "\(subject): \(first.cause.publicWords)"
            )
        }
    }

    /// The number of objects, and their kind if all have the same kind.
    private var subject: String {
        let kinds = Set(members.map(\.object.type.kind))
        guard let kind = kinds.first, kinds.count == 1 else { return "\(members.count) objects" }
        return "\(members.count) objects of kind \(kind)"
    }

    /// Returns the first locations or, if all are equal as in a prune, the first object names and that location.
    private func places(_ locations: [SourceLocation]) -> String {
        guard Set(locations).count == 1, let location = locations.first else { return Self.list(locations) }
        let names = members.map { member in (member.object.namespace.map { "\($0)/" } ?? "") + member.object.name }
        return "\(shortList(names)); \(location)"
    }

    /// Returns the first locations without repeated file names: `m.yaml:1:1, 5:1, 9:1 and 14 more`.
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
