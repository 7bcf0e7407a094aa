public import Actions
public import Base
import Kubernetes
public import Reporting

// How the errors of modules that do not depend on each other are printed.

extension GroupedFailure: ProblemList {
    /// The problems of the group at its first object, none at the others.
    public var problems: [Problem] { lines }

    /// The problems of this object.
    public var individualProblems: [Problem] { failure.problems }

    /// They do: those of a group list them.
    public var namesObjects: Bool { true }

    /// The documentation of Kubernetes about failures of this kind.
    public var documentation: String? {
        let reference = "https://kubernetes.io/docs/reference"
        return switch failure.cause {
        case .conflict: "\(reference)/using-api/server-side-apply/#conflicts"
        case .forbidden: "\(reference)/access-authn-authz/rbac/"
        case .denied: "\(reference)/access-authn-authz/admission-controllers/"
        default: nil
        }
    }
}

extension ReportedFailures: ProblemList {
    /// None.
    public var problems: [Problem] { [] }
}
