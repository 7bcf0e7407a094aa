internal import Glibc

/// The file system, as tests use it.
public enum Files {
    /// The metadata of a file, directory or link.
    public struct Status: Sendable, Hashable {
        public enum Kind: Sendable, Hashable {
            case regular, directory, symbolicLink, other
        }

        public var kind: Kind
        /// The permissions, with set-user, set-group and sticky bits.
        public var mode: UInt32
        public var owner: UInt32
        public var size: Int
        /// The target of a symbolic link, as it was written.
        public var target: String?
        /// When the content was changed, in seconds since 1970.
        public var modified: Int
        /// The file's number in its file system: equal for two names of one file.
        public var inode: UInt
    }

    /// Reads the status of a path without following a link at its end, `nil` if nothing exists there.
    public static func status(_ path: String) throws(SupportError) -> Status? {
        var raw = stat()
        do throws(SupportError) {
            try SupportError.check("cannot examine", path) { Int(unsafe lstat(path, &raw)) }
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
        let kind: Status.Kind =
            switch raw.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            default: .other
            }
        return Status(
            kind: kind,
            mode: raw.st_mode & 0o7777,
            owner: raw.st_uid,
            size: Int(raw.st_size),
            target: kind == .symbolicLink ? try target(of: path) : nil,
            modified: raw.st_mtim.tv_sec,
            inode: raw.st_ino,
        )
    }

    private static func target(of path: String) throws(SupportError) -> String {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = try SupportError.check("cannot read link", path) { unsafe readlink(path, &target, target.count) }
        return String(decoding: target[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Returns whether something exists at a path, without following a link at its end.
    public static func exists(_ path: String) throws(SupportError) -> Bool { try status(path) != nil }

    public static func read(_ path: String) throws(SupportError) -> [UInt8] {
        let descriptor = Int32(
            try SupportError.check("cannot read", path) { Int(unsafe open(path, O_RDONLY | O_CLOEXEC)) }
        )
        defer { close(descriptor) }
        var (bytes, piece): ([UInt8], [UInt8]) = ([], Array(repeating: 0, count: 1 << 16))
        while true {
            let count = try SupportError.check("cannot read", path) {
                unsafe Glibc.read(descriptor, &piece, piece.count)
            }
            guard count > 0 else { return bytes }
            bytes += piece[..<count]
        }
    }

    public static func text(_ path: String) throws(SupportError) -> String {
        String(decoding: try read(path), as: UTF8.self)
    }

    /// Writes a whole file, and creates the directories above it.
    ///
    /// The file is renamed to its name when it is complete, because the program under test may read it meanwhile.
    public static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o644) throws(SupportError) {
        if let end = path.lastIndex(of: "/"), end > path.startIndex { try makeDirectories(String(path[..<end])) }
        let new = "\(path).\(String(UInt64.random(in: .min ... .max), radix: 36))"
        let descriptor = Int32(
            try SupportError.check("cannot create", path) {
                Int(unsafe open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600))
            }
        )
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = try SupportError.check("cannot write", path) {
                unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            }
            rest = rest.dropFirst(count)
        }
        try SupportError.check("cannot change the mode of", path) { Int(fchmod(descriptor, mode)) }
        try SupportError.check("cannot write", path) { Int(unsafe rename(new, path)) }
    }

    /// Creates a directory and those above it that do not exist.
    public static func makeDirectories(_ path: String, mode: UInt32 = 0o755) throws(SupportError) {
        var made = path.hasPrefix("/") ? "" : "."
        for name in path.split(separator: "/") {
            made += "/\(name)"
            do throws(SupportError) {
                try SupportError.check("cannot create directory", made) { Int(unsafe mkdir(made, mode)) }
            } catch {
                if error.code != EEXIST { throw error }
            }
        }
    }

    /// Creates a symbolic link, and the directories above it.
    public static func makeSymbolicLink(
        at path: String,
        to target: String,
        replacing: Bool = false,
    ) throws(SupportError) {
        if let end = path.lastIndex(of: "/"), end > path.startIndex { try makeDirectories(String(path[..<end])) }
        let new = replacing ? "\(path).\(String(UInt64.random(in: .min ... .max), radix: 36))" : path
        try SupportError.check("cannot create link", new) { Int(unsafe symlink(target, new)) }
        if replacing { try SupportError.check("cannot replace", path) { Int(unsafe rename(new, path)) } }
    }

    /// Lists the names in a directory, sorted.
    public static func list(_ path: String) throws(SupportError) -> [String] {
        guard let directory = unsafe opendir(path) else { throw SupportError("cannot list", path, code: errno) }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a file, a link or an empty directory.
    @discardableResult
    public static func remove(_ path: String) throws(SupportError) -> Bool {
        do throws(SupportError) {
            try SupportError.check("cannot remove", path) { Int(unsafe Glibc.remove(path)) }
        } catch {
            if error.isNotFound { return false }
            throw error
        }
        return true
    }

    /// Removes a directory with everything in it; nothing is removed if nothing is there.
    public static func removeTree(_ path: String) throws(SupportError) {
        if try status(path)?.kind == .directory {
            // A directory that its owner may not change is emptied as well.
            _ = unsafe chmod(path, 0o700)
            for name in try list(path) { try removeTree("\(path)/\(name)") }
        }
        try remove(path)
    }

    public static func setMode(_ path: String, _ mode: UInt32) throws(SupportError) {
        try SupportError.check("cannot change the mode of", path) { Int(unsafe chmod(path, mode)) }
    }
}
