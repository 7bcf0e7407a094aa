public import Actions
public import Kubernetes
public import Speaking

// How the errors of all rooms fit into the one printer; the rooms do not know of each other.

extension ActionError: Caused, Hinted {}

extension ObjectFailure: Explained, Documented {
    /// What the project of Kubernetes says about failures of this kind.
    public var documentation: String? {
        let reference = "https://kubernetes.io/docs/reference"
        return switch cause {
        case .conflict: "\(reference)/using-api/server-side-apply/#conflicts"
        case .forbidden: "\(reference)/access-authn-authz/rbac/"
        default: nil
        }
    }
}
