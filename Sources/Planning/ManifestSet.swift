import Base

/// A set of manifests, and whether variables in the manifests are replaced.
public struct ManifestSet: Sendable, Hashable {
    /// The sources, in the order of the task file.
    public var sources: [FileSource] = []

    /// Whether `${name}` is replaced in the manifests' scalars.
    public var substitutesVariables = false

    /// The digests of the manifests that are fetched from pinned URLs, without duplicates.
    var pinnedDigests: [String] {
        sources.compactMap { if case .url(_, let digest, _) = $0 { digest } else { nil } }.unique()
    }
}
