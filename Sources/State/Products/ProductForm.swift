import Base
import Glibc
import Host
import TLS

/// The form of a product at a path.
public enum ProductForm: Sendable, Hashable {
    /// A digest of the content of a file.
    public enum Digest: Sendable, Hashable {
        /// A digest under the key of the list.
        case keyed(String)
        /// A SHA-256 digest of a content that is not secret.
        case plain(String)
    }

    case file(digest: Digest, mode: UInt32, owner: UInt32, group: UInt32?)
    /// A symbolic link.
    case link(target: String)
    /// A directory, which is removed only if it is empty.
    case directory

    /// Creates the form of a path that is about to be created.
    init(_ created: CreatedPath, key: String) {
        switch created {
        case .directory: self = .directory
        case .link(_, let target): self = .link(target: target)
        case .file(let content):
            self = .file(
                digest: .keyed(keyedDigest(of: content.bytes, key: key)),
                mode: content.mode,
                owner: content.owner ?? geteuid(),
                group: content.group
            )
        case .pinnedFile(let file):
            self = .file(
                digest: .plain(file.sha256),
                mode: file.mode,
                owner: file.owner ?? geteuid(),
                group: file.group
            )
        }
    }
}

/// The current content of a path.
enum PresentForm {
    /// The content of a file.
    enum Content {
        case bytes([UInt8])
        /// The SHA-256 digest of more bytes than ``Base/SizeLimit/content``.
        case digest(String)
    }

    case file(Content, FileStatus)
    case link(target: String)
    case other(FileStatus.Kind)

    /// Examines an entry of a directory, without following a link.
    ///
    /// - Returns: The content, or `nil` if the entry does not exist.
    /// - Throws: ``Base/SystemError`` if the entry cannot be examined.
    init?(_ name: String, in directory: borrowing DirectoryHandle) throws(SystemError) {
        guard let status = try directory.status(name) else { return nil }
        switch status.kind {
        case .regular where status.size <= SizeLimit.content:
            self = .file(.bytes(try directory.read(name, limit: SizeLimit.content)), status)
        case .regular:
            var digest = SHA256()
            try directory.readParts(name) { part throws(SystemError) in digest.update(part) }
            self = .file(.digest(digest.finish().description), status)
        case .symbolicLink: self = .link(target: status.target ?? "")
        default: self = .other(status.kind)
        }
    }

    /// Examines a path, refusing symbolic links above it.
    init?(at path: String) throws(SystemError) {
        let parts = try PathParts(path, "cannot look at")
        try self.init(parts.name, in: try DirectoryHandle(withoutLinks: parts.directory))
    }

    /// Returns whether the content matches a product of a task.
    func isSame(as form: ProductForm, key: String) -> Bool { difference(from: form, key: key) == nil }

    /// Returns the difference from a product of a task as a predicate of the path, `nil` if there is none.
    func difference(from form: ProductForm, key: String) -> String? {
        switch (form, self) {
        case (.file(let digest, let mode, let owner, let group), .file(let content, let status)):
            guard content.has(digest, key: key) else { return "has been changed since" }
            let isSame = status.mode == mode && status.owner == owner && (group ?? status.group) == status.group
            return isSame ? nil : "has another owner or other permissions now"
        case (.link(let target), .link(let other)):
            return target.hasSameBytes(as: other) ? nil : "is a link to '\(other)' now"
        case (.directory, .other(.directory)): return nil
        case (_, .link(let target)): return "is a link to '\(target)' now"
        case (_, .file): return "is a regular file now"
        case (_, .other(let kind)): return "is a \(kind.rawValue) now"
        }
    }
}

extension PresentForm.Content {
    /// Returns whether the content has a digest.
    func has(_ digest: ProductForm.Digest, key: String) -> Bool {
        switch (digest, self) {
        case (.keyed(let text), .bytes(let bytes)): keyedDigest(of: bytes, key: key) == text
        case (.plain(let text), .bytes(let bytes)): sha256(bytes) == text
        case (.plain(let text), .digest(let other)): text == other
        // Only small files have keyed digests.
        case (.keyed, .digest): false
        }
    }
}

/// Returns the keyed digest of a content.
///
/// An unkeyed digest would allow any reader to verify guesses of a short secret.
func keyedDigest(of bytes: [UInt8], key: String) -> String { hmacSHA256(of: bytes, key: Array(key.utf8)) }
