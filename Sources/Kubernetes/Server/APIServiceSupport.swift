import Base
import YAML

/// Whether a server can apply objects of kind `APIService`.
///
/// The server of version 1.20 panics: `FieldManager must be installed to run apply`.
final class APIServiceSupport: Sendable {
    /// The group of the kind.
    static let group = "apiregistration.k8s.io"

    /// The last version that is known to lack the support.
    private static let lastWithout = KubernetesVersion(minor: 20)

    private let answer = Locked<Bool?>(nil)

    /// Returns whether the server's version lacks the support.
    func cannotBeApplied(on client: APIClient, until deadline: ContinuousClock.Instant) async -> Bool {
        if let known = answer.withLock({ $0 }) { return known }
        guard let version = try? await client.object("GET", "/version", until: deadline).node["gitVersion"]?.string
        else { return false }
        let cannot = KubernetesVersion(version).map { $0 <= Self.lastWithout } ?? false
        answer.withLock { $0 = cannot }
        return cannot
    }
}
