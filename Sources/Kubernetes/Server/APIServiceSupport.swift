import Base
import YAML

/// Whether a server can apply objects of kind `APIService`; see ``VersionFact/crashingApply``.
final class APIServiceSupport: Sendable {
    /// The group of the kind.
    static let group = "apiregistration.k8s.io"

    private let answer = Locked<Bool?>(nil)

    /// Returns whether the server's version cannot apply objects of kind `APIService`.
    func cannotBeApplied(on client: APIClient, until deadline: ContinuousClock.Instant) async -> Bool {
        if let known = answer.withLock({ $0 }) { return known }
        guard let version = try? await client.object("GET", "/version", until: deadline).node["gitVersion"]?.string
        else { return false }
        let cannot = VersionFact.crashingApply.holds(onServer: version) ?? false
        answer.withLock { $0 = cannot }
        return cannot
    }
}
