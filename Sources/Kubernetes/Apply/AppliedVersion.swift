public import Base

/// The version of a task, which is recorded at every object that the task applies.
///
/// A file with an older version changes none of these objects.
public struct AppliedVersion: Sendable {
    static let annotation = "nest-bootstrap/version"

    /// The version of the task in the file.
    public var version: OrderedVersion

    /// Whether the task replaces newer versions too.
    public var allowsOlder: Bool

    /// Creates the version of a task.
    public init(_ version: OrderedVersion, allowsOlder: Bool) {
        (self.version, self.allowsOlder) = (version, allowsOlder)
    }

    /// Why a file may not replace what is on the server.
    public struct Refusal: Sendable, Hashable {
        public var message: String
        public var hint: String
    }

    /// Compares the version with the recorded one.
    ///
    /// - Parameter text: The version at an object, `nil` if there is none.
    /// - Returns: Why this version may not replace the other, `nil` if it may.
    func refusal(over text: String?) -> Refusal? {
        guard !allowsOlder, let text else { return nil }
        let order = OrderedVersion(text).flatMap { version.order(comparedWith: $0) }
        guard order == nil || order == .older else { return nil }
        // Anyone who may change the object can write a long text.
        let found = "applied at \(text.shortened(to: 40)); this file has \(version)"
        if order == .older {
            return Refusal(message: found, hint: "update this node's files, or write 'allowOlder: true'")
        }
        let hint = "write the version as \(OrderedVersion.forms), as before, or write 'allowOlder: true' once"
        return Refusal(message: "\(found), which cannot be compared", hint: hint)
    }
}
