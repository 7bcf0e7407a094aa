import Base
public import Host
import TLS

/// The entries of an archive that are to be unpacked.
public struct ArchiveSelection: Sendable, Hashable {
    /// The number of directories at the beginning of each name that are left out.
    public var strippedCount: Int

    /// The names of the wanted files and directories after ``strippedCount``, empty for all.
    ///
    /// `*`, `?` and `[…]` match characters of one part of a name. A directory means everything in it.
    public var wanted: [String]

    /// Creates a selection, by default of all entries.
    public init(strippedCount: Int = 0, wanted: [String] = []) {
        (self.strippedCount, self.wanted) = (strippedCount, wanted)
    }

    /// Returns whether an entry is wanted.
    ///
    /// - Parameter path: The path of the entry after ``strippedCount``.
    /// - Returns: Whether it is; `true` if all entries are wanted.
    public func wants(_ path: String) -> Bool { wanted.isEmpty || wanted.contains { EntryPattern($0).matches(path) } }

    /// Returns whether an archive has a file or link at a path.
    ///
    /// The contents of its entries are not checked.
    ///
    /// - Parameters:
    ///   - path: The path after ``strippedCount``.
    ///   - archive: The archive's file.
    /// - Returns: Whether it has one among as many entries as an archive may have.
    /// - Throws: ``ArchiveError`` if the archive cannot be read.
    public func finds(_ path: String, in archive: String) throws(ArchiveError) -> Bool {
        var reader = try ArchiveReader(archive)
        var count = 0
        while count <= ArchiveContents.entryLimit, let entry = try reader.next() {
            count += 1
            guard entry.kind != .directory, let name = entry.name else { continue }
            let parts = name.pathParts.filter { $0 != "." }.dropFirst(strippedCount)
            if parts.joined(separator: "/").hasSameBytes(as: path) { return true }
        }
        return false
    }
}

/// The contents of an archive that a selection wants, checked so that unpacking writes nothing outside its directory.
///
/// An archive is refused as a whole if a name is absolute, leads upwards, is below a file or link, or occurs twice; if
/// there are more entries or bytes than ``entryLimit`` and ``byteLimit``; and if what is wanted contains a device, a FIFO
/// or a socket, a link that leads out of the directory, or a file with the set-user-ID or set-group-ID bit.
public struct ArchiveContents: Sendable, Hashable {
    /// A regular file.
    public struct File: Sendable, Hashable {
        /// The path below the directory in which the archive is unpacked.
        public var path: String
        /// The number of the entry with its content, from 0; files that are hard links of each other have the same.
        public var index: Int
        /// Whether the archive lets its owner execute it.
        public var isExecutable: Bool
        /// The number of its bytes.
        public var size: Int
        /// The SHA-256 digest of its content in lower-case hexadecimal digits.
        public var sha256: String

        public init(path: String, index: Int, isExecutable: Bool, size: Int, sha256: String) {
            (self.path, self.index, self.isExecutable) = (path, index, isExecutable)
            (self.size, self.sha256) = (size, sha256)
        }
    }

    /// A symbolic link.
    public struct Link: Sendable, Hashable {
        /// The path below the directory in which the archive is unpacked.
        public var path: String
        /// The target, which is relative and inside the directory.
        public var target: String

        public init(path: String, target: String) {
            (self.path, self.target) = (path, target)
        }
    }

    /// The files, in the order of the archive.
    public private(set) var files: [File] = []

    /// The symbolic links, in the order of the archive.
    public private(set) var links: [Link] = []

    /// The directories that the archive names, in its order.
    public private(set) var directories: [String] = []

    /// The maximum number of entries.
    public static let entryLimit = 100_000

    /// The maximum number of bytes of all files.
    public static let byteLimit = 8 << 30

    /// Creates contents that were read before.
    public init(files: [File], links: [Link], directories: [String]) {
        (self.files, self.links, self.directories) = (files, links, directories)
    }

    /// Reads an archive as a whole, and checks all of its entries.
    ///
    /// - Parameters:
    ///   - path: The archive's file.
    ///   - selection: The wanted entries.
    ///   - byteLimit: The number of bytes of all files, also of those that are not wanted, above which the archive is
    ///     refused.
    /// - Throws: ``ArchiveError`` if the archive cannot be read or is refused, or lacks a wanted entry.
    public init(
        of path: String,
        _ selection: ArchiveSelection,
        byteLimit: Int = Self.byteLimit
    ) throws(ArchiveError) {
        var reader = try ArchiveReader(path)
        var archive = ArchiveIndex(path, byteLimit: byteLimit)
        while let entry = try reader.next() {
            let position = try archive.add(entry)
            guard let position, entry.kind == .file else { continue }
            // The content is read even if nobody wants it, because only then it is known to be complete.
            var digest = SHA256()
            while let bytes = try reader.read() {
                try archive.addSize(bytes.count, at: position)
                digest.update(bytes)
            }
            archive.setDigest(digest.finish().description, at: position)
        }
        for entry in try archive.selected(by: selection) {
            switch entry.kind {
            case .directory: directories.append(entry.path)
            case .link(let target): links.append(Link(path: entry.path, target: target ?? ""))
            case .file, .hardLink, .other:
                files.append(
                    File(
                        path: entry.path,
                        index: entry.index,
                        isExecutable: entry.mode & 0o100 != 0,
                        size: entry.size,
                        sha256: entry.sha256
                    )
                )
            }
        }
    }
}
