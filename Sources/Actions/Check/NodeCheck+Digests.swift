import Base
import Planning

/// Digests that nobody has written yet.
extension NodeCheck {
    /// Warns of digests of zeros, with which a task file can be written before its author has looked them up.
    func placeholderDigests() -> [Problem] {
        run.plan.steps.lazy.map(\.task).flatMap { task in
            pinnedURLs(of: task).filter { isPlaceholderDigest($0.digest) }
                .map { placeholderDigest("'\($0.url)'", at: $0.location) }
        }
    }

    /// Returns the URLs that a task fetches, with their digests.
    private func pinnedURLs(of task: PlannedTask) -> [(url: String, digest: String, location: SourceLocation)] {
        let sources: [FileSource]
        switch task.verb.declaration {
        case let file as FileDeclaration:
            guard case .url(let url, let digest) = file.source else { return [] }
            return [(url, digest, task.location)]
        case let images as ImagesDeclaration: sources = images.archives
        case let apply as ApplyDeclaration: sources = apply.manifests.sources
        default: return []
        }
        return sources.compactMap { source in
            guard case .url(let url, let digest, let location) = source else { return nil }
            return (url, digest, location)
        }
    }
}

/// Returns whether a SHA-256 digest is a placeholder: no known content has a digest of zeros.
func isPlaceholderDigest(_ digest: String) -> Bool {
    digest.utf8.allSatisfy { $0 == UInt8(ascii: "0") }
}

/// Returns the problem of a digest of zeros.
func placeholderDigest(_ subject: String, at location: SourceLocation? = nil) -> Problem {
    Problem(
        .unresolvedVariable,
        "the SHA-256 digest of \(subject) is a placeholder of zeros",
        at: location,
        hint: "write the digest that its publisher announces in its place"
    )
}
