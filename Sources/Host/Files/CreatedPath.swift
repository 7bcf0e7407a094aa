public import Base
import Glibc

/// A path on the node that is about to be created or replaced.
public struct CreatedPath: Sendable {
    public enum Form: Sendable {
        /// A directory that does not exist yet.
        case directory
        case file(FileContent)
        case link(target: String)
    }

    public var path: String
    public var form: Form

    public init(_ path: String, _ form: Form) {
        (self.path, self.form) = (path, form)
    }
}

extension FileSystem {
    /// Resolves the links above a path, and finds the missing directories above it, outermost first.
    ///
    /// - Throws: ``Base/SystemError`` if the last part of the path is not a name, if a directory cannot be searched, or
    ///   if `..` follows a missing directory.
    public static func physicalPath(
        of path: String
    ) throws(SystemError) -> (path: String, missingDirectories: [String]) {
        let operation = "cannot follow"
        let parts = try PathParts(path, operation)
        var (directory, missing) = ("", [String]())
        for part in existingRealPath(parts.directory).pathParts where part != "." {
            // The target of `..` depends on the directory before it, which does not exist yet.
            if part == ".." { throw SystemError(operation, path, code: ENOENT) }
            directory += "/\(part)"
            // A dangling link is not a missing directory: it prevents the creation of one.
            if try FileStatus.at(directory, followingLinks: false, operation) == nil { missing.append(directory) }
        }
        return ("\(directory)/\(parts.name)", missing)
    }
}

/// A path split at its last slash.
public struct PathParts: Sendable {
    /// The directory, or `.` if the path has no slash.
    public var directory: String

    public var name: String

    /// Splits a path; the last part must not be empty, `.` or `..`.
    ///
    /// Errors name the operation.
    public init(_ path: String, _ operation: String) throws(SystemError) {
        try SystemError.checkPath(operation, path)
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        name = slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
        directory = slash.map { String(path[..<$0]) } ?? "."
        if directory.isEmpty { directory = "/" }
        if ["", ".", ".."].contains(name) {
            throw SystemError(operation, path, code: EISDIR, detail: "is the path of a directory")
        }
    }

    /// The hidden name of a new version in the same directory, before it is renamed into place.
    ///
    /// Remains of a killed process under this name are removed the next time the entry is written.
    public var temporaryName: String {
        // The name itself may already have the maximum length of 255 bytes.
        ".\(String(decoding: name.utf8.prefix(200), as: UTF8.self)).nest-bootstrap.tmp"
    }
}
