public import YAML

/// An error that another one led to.
///
/// Its description does not repeat the cause: ``chain(_:)`` puts the two together.
public protocol Caused: Error {
    /// What led to this error, if anything did.
    var cause: (any Error)? { get }
}

/// An error that knows what to do about it.
public protocol Hinted: Error {
    /// What is wrong.
    var message: String { get }

    /// What to type or do, if that is known.
    var hint: String? { get }
}

/// An error that others have written about.
public protocol Documented: Error {
    /// The address of what to read, if there is something.
    var documentation: String? { get }
}

/// An error that is several problems, each with its place.
public protocol Explained: Error {
    /// The problems in the order in which they are told; none if events have told them all.
    var problems: [Diagnostic] { get }
}

/// A diagnostic is one problem.
extension Diagnostic: Explained {
    /// The diagnostic itself.
    public var problems: [Diagnostic] { [self] }
}

/// Diagnostics are as many problems.
extension Diagnostics: Explained {
    /// The diagnostics.
    public var problems: [Diagnostic] { all }
}
