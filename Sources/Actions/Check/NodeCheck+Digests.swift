import Base
import Planning

/// Digests that nobody has written yet.
extension NodeCheck {
    /// Warns of digests of zeros, with which a task file can be written before its author has looked them up.
    func placeholderDigests() -> [Problem] {
        run.plan.steps.lazy.map(\.task).compactMap { task in
            guard case .url(let url, let digest)? = (task.verb.declaration as? FileDeclaration)?.source,
                isPlaceholderDigest(digest)
            else { return nil }
            return placeholderDigest("'\(url)'", at: task.location)
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
