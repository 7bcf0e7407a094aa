public import Base

/// A set of manifests, and whether variables in the manifests are replaced.
public struct ManifestSet: Sendable, Hashable {
    /// The source of a manifest.
    public enum Source: Sendable, Hashable {
        /// A file, or a directory of files.
        case path(LocatedPath)
        /// A URL with the SHA-256 digest of its content in lower-case hexadecimal.
        case url(String, sha256: String, SourceLocation)
    }

    /// The sources, in the order of the task file.
    public var sources: [Source]

    /// Whether `${name}` is replaced in the manifests' scalars.
    public var substitutesVariables: Bool

    /// The digests of the manifests that are fetched from pinned URLs, without duplicates.
    var pinnedDigests: [String] {
        var seen: Set<String> = []
        return sources.compactMap { source in
            guard case .url(_, let digest, _) = source, seen.insert(digest).inserted else { return nil }
            return digest
        }
    }
}
