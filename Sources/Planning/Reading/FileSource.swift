public import Base

/// A path or URL of a file that a task reads.
public enum FileSource: Sendable, Hashable {
    /// A file or, for manifests, a directory.
    case path(LocatedPath)
    /// A URL with the SHA-256 digest of its content in lower-case hexadecimal.
    case url(String, sha256: String, SourceLocation)
}

extension ValueReader where Value == [FileSource] {
    /// Creates a reader of a list of at least one path or pinned URL; `example` is a list for hints.
    static func fileSources(example: String) -> Self {
        Self(type: .array(.either([.path, PinnedURL.reader.type]))) { value in
            guard let items = value.items(of: "paths and URLs") else { return nil }
            guard value.node.sequence?.isEmpty == false else {
                return value.mismatch(
                    "a list of at least one path or URL",
                    hint: value.write(example, asIs: true)
                )
            }
            let sources = items.map { $0.fileSource() }
            return sources.contains(nil) ? nil : sources.compactMap(\.self)
        }
    }
}

/// A URL with the digest of its content.
private struct PinnedURL {
    var url = ""
    var digest = ""

    static let keys: [Key<Self>] = [
        Key("url", \.url, .url, required: "https://HOST/FILE").meaning("a URL to fetch"),
        Key("sha256", \.digest, .digest, required: "DIGEST").meaning("the SHA-256 digest of its content"),
    ]

    static let reader = ValueReader.mapping(keys, into: Self())
}

extension ConfigValue {
    fileprivate func fileSource() -> FileSource? {
        if node.mapping != nil {
            return PinnedURL.reader.read(self).map { .url($0.url, sha256: $0.digest, node.location) }
        }
        guard let text = node.string, (try? WebAddress(text)) != nil else {
            return ValueReader.readPath.read(self).map(FileSource.path)
        }
        report("is a URL without a digest", hint: "write {url: \(typed(text)), sha256: DIGEST}")
        return nil
    }
}
