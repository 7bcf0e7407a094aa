public import Base

/// The failure to apply or delete an object.
public struct ObjectFailure: Error, Sendable {
    public enum Cause: Sendable, Hashable {
        case missingKind(GroupVersionKind)
        case missingNamespace(String)
        /// The kubeconfig's user lacks a permission or is not accepted.
        case forbidden
        /// Admission control refuses the object: a quota, a limit, a policy or a webhook.
        case denied
        /// Fields belong to other managers.
        case conflict
        /// The manifest has an invalid value, an unknown kind or another error, or another manifest contradicts it.
        case invalid
        /// An object that this object needs was not applied.
        case notTried(because: ObjectIdentity)
        case beingDeleted
        /// The program was asked to stop.
        case interrupted
        case other
    }

    public var object: ObjectIdentity

    public var cause: Cause

    /// The problems, at least one, sorted by location; their messages do not name the object.
    public var faults: [Problem]

    /// Whether every retry fails until somebody changes the manifest or the cluster.
    public var isPermanent: Bool

    /// The faults as problems that name the object, each with a public message that every user may read.
    public var problems: [Problem] {
        faults.map { fault in
            var problem = fault.naming(object)
            (problem.reason, problem.publicMessage) = (fault.message, "\(object): \(cause.publicWords)")
            return problem
        }
    }

    public init(object: ObjectIdentity, cause: Cause, faults: [Problem]) {
        self.object = object
        self.cause = cause
        self.faults = Problems(faults).all
        isPermanent = cause.isPermanent
    }

    /// Creates a failure with one fault, by default at the location of the object.
    init(
        _ manifest: ManifestObject,
        _ cause: Cause,
        _ message: String,
        at location: SourceLocation? = nil,
        hint: String? = nil,
    ) {
        let fault = Problem(message, at: location ?? manifest.location, hint: hint)
        self.init(object: manifest.identity, cause: cause, faults: [fault])
    }
}

extension ObjectFailure: PermanentFailure {}

extension Problem {
    /// Returns the problem with a message that begins with the object's identity.
    func naming(_ object: ObjectIdentity) -> Problem { Problem("\(object): \(message)", at: location, hint: hint) }
}

extension ObjectFailure.Cause {
    /// A description for every user, without the object's values and the server's message, which may quote them.
    var publicWords: String {
        switch self {
        case .missingKind(let type): "the server does not have \(type)"
        case .missingNamespace(let name): "namespace '\(name)' does not exist"
        case .forbidden: "not allowed to the user of the kubeconfig"
        case .denied: "refused by admission control"
        case .conflict: "fields belong to other managers"
        case .invalid: "cannot be applied as written"
        case .notTried(let object): "not tried: \(object), which is needed, failed"
        case .beingDeleted: "being deleted"
        case .interrupted: "interrupted"
        case .other: "failed"
        }
    }

    /// Whether a failure with this cause is permanent by default.
    fileprivate var isPermanent: Bool {
        switch self {
        case .invalid, .conflict, .denied: true
        case .missingKind, .missingNamespace, .forbidden, .notTried, .beingDeleted, .interrupted, .other: false
        }
    }
}
