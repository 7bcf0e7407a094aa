public import YAML

/// Why an object is not on the server as its manifest describes it.
public struct ObjectFailure: Error, Sendable {
    /// What kind of thing went wrong, for those who know more about the graph than the server does.
    public enum Cause: Sendable, Hashable {
        /// The server does not have the kind, and no task's window brought it.
        case missingKind(GroupVersionKind)
        /// The namespace does not exist.
        case missingNamespace(String)
        /// The kubeconfig's user may not do it.
        case forbidden
        /// Fields belong to other managers.
        case conflict
        /// The object is not what its kind's schema describes, or the server's validation refuses a value.
        case invalid
        /// An object that this one needs could not be applied.
        case notTried(because: ObjectIdentity)
        /// The agent was told to stop.
        case interrupted
        /// Anything else.
        case other
    }

    /// The object.
    public var object: ObjectIdentity

    /// What went wrong.
    public var cause: Cause

    /// What is to be told, sorted by its place in the manifest; never empty.
    public var problems: [Diagnostic]

    /// Creates a failure.
    public init(object: ObjectIdentity, cause: Cause, problems: [Diagnostic]) {
        self.object = object
        self.cause = cause
        self.problems = Diagnostics(problems).all
    }

    /// Creates a failure with one problem, at the object as a whole.
    init(_ manifest: Manifest, _ cause: Cause, _ message: String, hint: String? = nil) {
        let problem = Diagnostic(manifest.place, "\(manifest.identity): \(message)", hint: hint)
        self.init(object: manifest.identity, cause: cause, problems: [problem])
    }
}
