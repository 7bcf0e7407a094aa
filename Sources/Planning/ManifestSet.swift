/// A set of manifests, and whether variables in the manifests are replaced.
public struct ManifestSet: Sendable, Hashable {
    /// The sources, in the order of the task file.
    public var sources: [FileSource] = []

    /// Whether `${name}` is replaced in the manifests' scalars.
    public var substitutesVariables = false

    /// The digests of the manifests that are fetched from pinned URLs, without duplicates.
    var pinnedDigests: [String] {
        var seen: Set<String> = []
        return sources.compactMap { source in
            guard case .url(_, let digest, _) = source, seen.insert(digest).inserted else { return nil }
            return digest
        }
    }
}
