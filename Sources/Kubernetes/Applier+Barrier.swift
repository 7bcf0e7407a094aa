import YAML

/// The barrier after CustomResourceDefinitions.
///
/// A CRD counts as served when its condition `Established` is true and a LIST of its objects answers 200: with several
/// API servers the one comes before the other.
extension Applier {
    /// Waits until the server serves what a definition brings.
    func awaitService(of manifest: Manifest) async throws(ObjectFailure) {
        guard let kind = DefinedKind(manifest) else { return }
        let subject = "\(manifest.identity)"
        do {
            try await patience.persist(subject) { () async throws(APIError) in
                try await checkEstablished(manifest.identity)
            }
            for version in kind.servedVersions.prefix(1) {
                let path = "/apis/\(kind.group)/\(version)/\(kind.plural)"
                try await patience.persist(subject) { () async throws(APIError) in
                    try await checkListing(path)
                }
            }
        } catch .pending(let words, _, _) {
            throw ObjectFailure(
                manifest,
                .other,
                "the definition is on the server, but its objects are not served: \(words)",
                hint: "see 'kubectl get crd \(manifest.identity.name) -o jsonpath={.status.conditions}'",
            )
        } catch {
            throw await explanation(of: manifest, live: nil).failure(for: error)
        }
    }

    private func checkEstablished(_ identity: ObjectIdentity) async throws(APIError) {
        let path = "\(identity.type.path)/customresourcedefinitions/\(APIClient.percentEncoded(identity.name))"
        guard let live = try await client.find(path, until: patience.deadline) else {
            throw .pending("it is gone again", .window)
        }
        switch Readiness(of: live) {
        case .ready: return
        case .waiting(let reason): throw .pending("not established yet: \(reason)", .retry)
        case .failed(let reason): throw .pending("it cannot be established: \(reason)", .permanent)
        }
    }

    private func checkListing(_ path: String) async throws(APIError) {
        do {
            _ = try await client.object("GET", path, query: [("limit", "1")], until: patience.deadline)
        } catch .refused(let refusal) where refusal.code == 404 {
            throw .pending("a list of them answers 404", .retry)
        } catch .refused(let refusal) where refusal.code == 403 {
            // Whoever may not list the objects cannot check; the window after a 404 covers what is left.
            return
        }
    }
}
