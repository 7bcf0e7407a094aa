import Base
import Host

/// The entries of an archive that were read so far.
struct ArchiveIndex {
    /// An entry whose name was checked.
    struct Entry {
        /// The path: the name without `.`, and for a selected entry without the directories that are left out.
        var path: String
        var kind: ArchiveEntry.Kind
        var mode: UInt32
        /// The number of the entry with the content, which for a hard link is the number of the file that it names.
        var index: Int
        /// The number of bytes.
        var size = 0
        /// The SHA-256 digest of the content.
        var sha256 = ""
    }

    /// The maximum number of parts of a name.
    private static let depthLimit = 100

    private let archive: String
    private let byteLimit: Int
    private let refused: String
    private var byteCount = 0
    private var entryCount = 0
    private var entries: [Entry] = []

    private var paths = PathTable()

    /// Creates an empty list.
    ///
    /// - Parameters:
    ///   - archive: The archive's file, for messages.
    ///   - byteLimit: The number of bytes of all files above which the archive is refused.
    ///   - refused: The words in front of the reasons for a refusal.
    init(_ archive: String, byteLimit: Int, refused: String = "is not unpacked") {
        (self.archive, self.byteLimit, self.refused) = (archive, byteLimit, refused)
    }

    private func refusal(_ words: String, advice: String? = nil) -> ArchiveError {
        ArchiveError("\(refused): \(words)", advice: advice)
    }

    /// Adds an entry.
    ///
    /// - Returns: The position of the entry, `nil` for a directory that is known.
    /// - Throws: ``ArchiveError`` if its name is not one of a path inside a directory, or contradicts another name, or
    ///   if there are too many entries or bytes.
    mutating func add(_ entry: ArchiveEntry) throws(ArchiveError) -> Int? {
        let number = entryCount
        entryCount += 1
        guard entryCount <= ArchiveContents.entryLimit else {
            throw refusal("it has more than \(ArchiveContents.entryLimit) entries")
        }
        guard let name = entry.name else { throw refusal("the name of its entry \(entryCount) is not UTF-8") }
        guard let path = try checkedPath(name) else {
            guard entry.kind == .directory else { throw refusal("entry '\(name)' is not a directory") }
            return nil
        }
        var added = Entry(path: path, kind: entry.kind, mode: entry.mode, index: number)
        if case .hardLink(let target) = entry.kind {
            let file = try file(named: target, for: name)
            (added.index, added.size, added.sha256, added.mode) = (file.index, file.size, file.sha256, file.mode)
            try count(file.size)
        }
        let isNew: Bool
        do {
            isNew = try paths.add(path, isDirectory: entry.kind == .directory, entries.count)
        } catch {
            throw refusal(error.words)
        }
        guard isNew else { return nil }
        entries.append(added)
        return entries.count - 1
    }

    /// Returns the path that a name has in the directory, `nil` for the directory itself.
    private func checkedPath(_ name: String) throws(ArchiveError) -> String? {
        let shown = "entry '\(name)'"
        guard !name.hasControlCharacter else {
            throw refusal("the name of its entry \(entryCount) has a control character")
        }
        guard !name.isAbsolutePath else { throw refusal("\(shown) has an absolute name") }
        let parts = name.pathParts.filter { $0 != "." }
        guard !parts.contains("..") else { throw refusal("\(shown) leads out of the directory") }
        guard name.utf8.count < 4096, parts.allSatisfy({ $0.utf8.count < 256 }) else {
            throw refusal("it has an entry whose name is too long for a file system")
        }
        guard parts.count <= Self.depthLimit else {
            throw refusal("it has an entry with more than \(Self.depthLimit) directories in its name")
        }
        return parts.isEmpty ? nil : parts.joined(separator: "/")
    }

    private func file(named target: String?, for name: String) throws(ArchiveError) -> Entry {
        guard let target else { throw refusal("the target of hard link '\(name)' is not UTF-8") }
        let path = try checkedPath(target) ?? ""
        guard let position = paths.position(of: path), entries[position].isFile else {
            throw refusal("entry '\(name)' is a hard link to '\(target)', which is not a file before it")
        }
        return entries[position]
    }

    /// Adds to the size of an entry.
    mutating func addSize(_ size: Int, at position: Int) throws(ArchiveError) {
        try count(size)
        entries[position].size += size
    }

    mutating func setDigest(_ digest: String, at position: Int) { entries[position].sha256 = digest }

    private mutating func count(_ size: Int) throws(ArchiveError) {
        byteCount += size
        guard byteCount <= byteLimit else {
            throw refusal("it has more than \(roundedByteText(byteLimit)) of files")
        }
    }
}

extension ArchiveIndex {
    /// Returns the path of an entry.
    func path(at position: Int) -> String { entries[position].path }

    /// Returns the path of the file to which a path leads, directly or by one link, `nil` if there is none.
    func linkedPath(_ path: String) -> String? {
        let path = path.pathParts.filter { $0 != "." }.joined(separator: "/")
        guard let position = paths.position(of: path) else { return nil }
        guard case .link(let target?) = entries[position].kind else {
            return entries[position].isFile ? path : nil
        }
        var parts = Array(path.pathParts.dropLast())
        for part in target.pathParts where part != "." {
            guard part == ".." else {
                parts.append(part)
                continue
            }
            guard parts.popLast() != nil else { return nil }
        }
        let linked = parts.joined(separator: "/")
        guard !target.isAbsolutePath, let position = paths.position(of: linked), entries[position].isFile else {
            return nil
        }
        return linked
    }

    /// Returns the SHA-256 digest of the file to which a path leads, `nil` if there is none.
    func digest(of path: String) -> String? {
        linkedPath(path).flatMap { paths.position(of: $0) }.map { entries[$0].sha256 }
    }
}

extension ArchiveIndex.Entry {
    fileprivate var isFile: Bool {
        switch kind {
        case .file, .hardLink: true
        case .directory, .link, .other: false
        }
    }
}

extension ArchiveIndex {
    /// Returns the wanted entries, with paths without the directories that are left out.
    ///
    /// - Throws: ``ArchiveError`` if an entry may not be unpacked, or a name has no entry.
    func selected(by selection: ArchiveSelection) throws(ArchiveError) -> [Entry] {
        let stripped = entries.compactMap { entry -> Entry? in
            let parts = entry.path.pathParts.dropFirst(selection.strippedCount)
            guard !parts.isEmpty else { return nil }
            var entry = entry
            entry.path = parts.joined(separator: "/")
            return entry
        }
        guard !stripped.isEmpty else {
            guard !entries.isEmpty else { throw refusal("it is empty") }
            let depth = entries.map(\.path.pathParts.count).max() ?? 0
            throw refusal(
                "no name in it has more than \(selection.strippedCount) parts",
                advice: depth == 1 ? "remove 'strip'" : "write 'strip: \(depth - 1)' or less"
            )
        }
        let patterns = selection.wanted.map(EntryPattern.init)
        if let missing = patterns.first(where: { pattern in !stripped.contains { pattern.matches($0.path) } }) {
            let near = missing.nearest(in: stripped.map(\.path))
            throw refusal(
                "it does not contain '\(missing.text)'",
                advice: near.map { "did you mean '\($0)'?" }
                    ?? "see its names with \(quotedShellLine(["tar", "tf", archive]))"
            )
        }
        let wanted = stripped.filter { entry in
            patterns.isEmpty || patterns.contains { $0.matches(entry.path) }
        }
        var paths = PathTable()
        for (position, entry) in wanted.enumerated() {
            try checkUnpackable(entry)
            do {
                _ = try paths.add(entry.path, isDirectory: entry.kind == .directory, position)
            } catch {
                throw refusal(
                    "without the first \(selection.strippedCount) directories of its names, \(error.words)",
                    advice: "name what you want with 'only', or write a smaller 'strip'"
                )
            }
        }
        return wanted
    }

    /// Refuses an entry that may not be unpacked.
    private func checkUnpackable(_ entry: Entry) throws(ArchiveError) {
        switch entry.kind {
        case .directory: break
        case .other(let kind): throw refusal("entry '\(entry.path)' is a \(kind.rawValue)")
        case .file, .hardLink:
            guard entry.mode & 0o6000 == 0 else {
                let mode = String(entry.mode, radix: 8)
                throw refusal("file '\(entry.path)' has the set-user-ID or set-group-ID bit (mode \(mode))")
            }
        case .link(let target): try checkTarget(target, of: entry)
        }
    }

    /// Refuses the target of a link that is, or may be, outside the directory.
    ///
    /// `..` is allowed at the beginning only: after the name of another link, its meaning would depend on that link.
    private func checkTarget(_ target: String?, of entry: Entry) throws(ArchiveError) {
        guard let target, !target.hasControlCharacter, target.utf8.count < 4096 else {
            throw refusal("the target of link '\(entry.path)' is not UTF-8, too long, or has a control character")
        }
        let parts = target.pathParts.filter { $0 != "." }
        let upwards = parts.prefix { $0 == ".." }.count
        let isInside = !target.isEmpty && !target.isAbsolutePath && upwards < entry.path.pathParts.count
        guard isInside, !parts.dropFirst(upwards).contains("..") else {
            throw refusal("link '\(entry.path)' leads out of the directory: its target is '\(target)'")
        }
    }
}

extension String {
    fileprivate var hasControlCharacter: Bool {
        unicodeScalars.contains { $0.properties.generalCategory == .control }
    }
}
