import Base
import YAML

/// Kinds that the server does not have.
extension Explanation {
    /// A missing kind, with the versions or kinds that the server does have.
    func missingKind() async -> ObjectFailure {
        let type = manifest.identity.type
        let message = "the server has no kind '\(type.kind)' in '\(type.apiVersion)'"
        let version = manifest.root["apiVersion"]?.location
        if (try? await client.hasKind(type, until: deadline)) == true {
            let words = client.contradiction(about: type).words
            return ObjectFailure(manifest, .other, words)
        }
        if let near = client.catalog.nearKind(to: type) {
            let location = manifest.root["kind"]?.location
            return ObjectFailure(manifest, .invalid, message, at: location, hint: "did you mean 'kind: \(near)'?")
        }
        if let other = await replacement()?.apiVersion, other != type.apiVersion {
            let hint = "write 'apiVersion: \(other)'"
            return ObjectFailure(manifest, .invalid, "\(message); it is served as '\(other)'", at: version, hint: hint)
        }
        if let removed = RemovedAPI.api(of: type) {
            let words = "\(message), which was removed in Kubernetes \(removed.removedIn)"
            let hint = removed.advice(for: type, version: nil)
            return ObjectFailure(manifest, .invalid, words, at: version, hint: hint)
        }
        if let api = IntroducedAPI.api(of: type) {
            let words = "\(message), which exists since Kubernetes \(api.introducedIn)"
            let hint = "use Kubernetes \(api.introducedIn) or later"
            return ObjectFailure(manifest, .invalid, words, at: version, hint: hint)
        }
        guard type.isBuiltIn else {
            let hint = "apply the CustomResourceDefinition that defines it first"
            return ObjectFailure(manifest, .missingKind(type), message, at: version, hint: hint)
        }
        if let near = await nearTypes().first {
            let hint = "did you mean 'apiVersion: \(near.apiVersion)' with 'kind: \(near.kind)'?"
            return ObjectFailure(manifest, .invalid, message, at: version, hint: hint)
        }
        let hint = "correct 'apiVersion' and 'kind', or use a version of Kubernetes that has it"
        return ObjectFailure(manifest, .invalid, message, at: version, hint: hint)
    }

    /// The type of the same kind that the server has.
    private func replacement() async -> GroupVersionKind? {
        let type = manifest.identity.type
        return type.replacement(among: await client.schemas.types(ofKind: type.kind, on: client, until: deadline))
    }

    /// The server's own kinds whose names are near, for an object whose group has no such kind either.
    private func nearTypes() async -> [GroupVersionKind] {
        let type = manifest.identity.type
        let all = await client.schemas.types(on: client, until: deadline).filter(\.isBuiltIn)
        guard let near = nearestName(to: type.kind, in: Set(all.map(\.kind)).sorted()) else { return [] }
        return all.filter { $0.kind == near }
    }
}
