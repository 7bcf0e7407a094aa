/// An error for the user: what is wrong, where, why, and what to do.
///
/// A problem with a location is an error in a file, unless ``mayPass`` is set or it has a ``cause``.
public struct Problem: Error, Sendable, CustomStringConvertible {
    /// The problem, without a full stop.
    public var message: String

    /// The location of the error, or of the task file key that the failure concerns.
    public var location: SourceLocation?

    /// Whether the problem, despite its location, is a failure of the machine or a server.
    public var mayPass = false

    /// Advice, such as a command to type.
    public var hint: String?

    /// The underlying error, which the message does not repeat.
    public var cause: (any Error)?

    /// The part of the message that states the cause, or `nil` if no part does.
    public var reason: String?

    /// The message without details that only root may read: command lines, program output and object values.
    ///
    /// If `nil`, the message itself contains no such details.
    public var publicMessage: String?

    public init(
        _ message: String,
        at location: SourceLocation? = nil,
        hint: String? = nil,
        cause: (any Error)? = nil,
        publicMessage: String? = nil,
    ) {
        self.publicMessage = publicMessage
        self.message = message
        // Values that were not read from a file have a location with an empty file name.
        self.location = location?.file == "" ? nil : location
        self.hint = hint
        self.cause = cause
    }

    /// The form `file:line:column: message; hint`, without the cause; a missing location or hint is omitted.
    public var description: String {
        let text = hint.map { "\(message); \($0)" } ?? message
        return location.map { "\($0): \(text)" } ?? text
    }
}

extension Problem: Hashable {
    /// Returns whether two problems have the same message, location and hint.
    public static func == (left: Self, right: Self) -> Bool {
        left.message == right.message && left.location == right.location && left.hint == right.hint
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(message)
        hasher.combine(location)
        hasher.combine(hint)
    }
}

/// Several problems that are reported together.
public struct Problems: Error, Sendable, Hashable, CustomStringConvertible {
    /// The problems without duplicates, sorted by location; problems without a location come first.
    public private(set) var all: [Problem]

    /// The error of a task whose events have reported the problems.
    public static let alreadyReported = Problems([])

    public init(_ all: [Problem]) {
        self.all = all.unique().sorted { left, right in
            guard let rightLocation = right.location else { return false }
            guard let leftLocation = left.location else { return true }
            return leftLocation < rightLocation
        }
    }

    /// The problems, one per line.
    public var description: String {
        all.map(\.description).joined(separator: "\n")
    }
}

/// An error that can report whether a retry is pointless.
public protocol PermanentFailure: Error {
    /// Whether no retry can succeed until the user changes something.
    var isPermanent: Bool { get }
}

/// Returns whether a retry after an error is pointless.
///
/// An error of an unknown type counts as temporary: a pointless retry costs less than a missing one.
public func isPermanent(_ error: any Error) -> Bool {
    (error as? any PermanentFailure)?.isPermanent ?? false
}

extension Problem: PermanentFailure {
    /// Whether the cause is permanent; without a cause, whether the problem is an error in a file.
    public var isPermanent: Bool {
        if let cause { Base.isPermanent(cause) } else { location != nil && !mayPass }
    }
}
