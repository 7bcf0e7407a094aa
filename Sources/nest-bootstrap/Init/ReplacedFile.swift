import Base
import Host

/// A file that `init --force` replaces.
enum ReplacedFile {
    /// The end of the name of a copy, before the number that later copies have.
    private static let suffix = ".bak"

    /// Copies a file that is different from the one that replaces it, with a name that no file has yet.
    ///
    /// - Parameters:
    ///   - path: The path of the file, which need not exist.
    ///   - content: The content that replaces it.
    /// - Returns: The path of the copy, or `nil` if the file does not exist or is not different.
    /// - Throws: ``Base/SystemError`` if the file cannot be read or copied.
    static func keep(_ path: String, replacedBy content: [UInt8]) throws(SystemError) -> String? {
        guard let status = try FileSystem.status(path), status.kind == .regular || status.kind == .symbolicLink else {
            return nil
        }
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try FileSystem.read(path, limit: SizeLimit.content)
        } catch {
            // A link to nothing has no content.
            if error.isNotFound { return nil }
            throw error
        }
        guard bytes != content else { return nil }
        var (copy, number) = (path + suffix, 1)
        while let found = try FileSystem.status(copy) {
            // The same content need not be kept twice.
            if found.kind == .regular, (try? FileSystem.read(copy, limit: SizeLimit.content)) == bytes { return copy }
            number += 1
            copy = "\(path)\(suffix)\(number)"
        }
        let mode = status.kind == .regular ? status.mode : 0o600
        try FileSystem.write(bytes, to: copy, mode: mode)
        return copy
    }
}
