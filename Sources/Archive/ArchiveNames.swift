import Base

/// The entries of an archive that were read so far.
struct ArchiveNames {
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

    private let archive: String
    private let byteLimit: Int
    private var byteCount = 0
    private var entryCount = 0
    private var entries: [Entry] = []

    /// The positions of the entries by their paths; directories that only longer names imply have none.
    private var positions: [ExactText: Int?] = [:]

    /// Creates an empty list.
    ///
    /// - Parameters:
    ///   - archive: The archive's file, for messages.
    ///   - byteLimit: The number of bytes of all files above which the archive is refused.
    init(_ archive: String, byteLimit: Int) {
        (self.archive, self.byteLimit) = (archive, byteLimit)
    }

    private func refusal(_ words: String, advice: String? = nil) -> ArchiveError {
        ArchiveError("is not unpacked: \(words)", advice: advice)
    }

    /// Adds an entry.
    ///
    /// - Throws: ``ArchiveError`` if its name is not one of a path inside a directory, or contradicts another name, or
    ///   if there are too many entries or bytes.
    mutating func add(_ entry: ArchiveEntry) throws(ArchiveError) {
        let number = entryCount
        entryCount += 1
        guard entryCount <= ArchiveContents.entryLimit else {
            throw refusal("it has more than \(ArchiveContents.entryLimit) entries")
        }
        guard let name = entry.name else { throw refusal("the name of its entry \(entryCount) is not UTF-8") }
        guard let path = try checkedPath(name) else { return }
        try addDirectories(above: path)
        var added = Entry(path: path, kind: entry.kind, mode: entry.mode, index: number)
        if case .hardLink(let target) = entry.kind {
            let file = try file(named: target, for: name)
            (added.index, added.size, added.sha256, added.mode) = (file.index, file.size, file.sha256, file.mode)
            try count(file.size)
        }
        let isDirectory = entry.kind == .directory
        if let known = positions[ExactText(path)] {
            let wasDirectory = known.map { entries[$0].kind == .directory } ?? true
            guard isDirectory, wasDirectory else { throw refusal("it has two entries '\(path)'") }
            if known != nil { return }
        }
        positions[ExactText(path)] = entries.count
        entries.append(added)
    }

    /// Returns the path that a name has in the directory, `nil` for the directory itself.
    private func checkedPath(_ name: String) throws(ArchiveError) -> String? {
        let shown = "entry '\(name)'"
        guard !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw refusal("the name of its entry \(entryCount) has a control character")
        }
        guard !name.isAbsolutePath else { throw refusal("\(shown) has an absolute name") }
        let parts = name.pathParts.filter { $0 != "." }
        guard !parts.contains("..") else { throw refusal("\(shown) leads out of the directory") }
        guard name.utf8.count < 4096, parts.allSatisfy({ $0.utf8.count < 256 }) else {
            throw refusal("it has an entry whose name is too long for a file system")
        }
        return parts.isEmpty ? nil : parts.joined(separator: "/")
    }

    /// Adds the directories above an entry that have no entry of their own.
    private mutating func addDirectories(above path: String) throws(ArchiveError) {
        var above = path
        while let slash = above.lastSlash {
            above = String(above[..<slash])
            guard let known = positions[ExactText(above)] else {
                positions[ExactText(above)] = .some(nil)
                continue
            }
            guard let known else { return }
            guard entries[known].kind == .directory else {
                throw refusal("entry '\(path)' is below '\(above)', which is not a directory")
            }
            return
        }
    }

    private func file(named target: String, for name: String) throws(ArchiveError) -> Entry {
        let path = try checkedPath(target) ?? ""
        guard case .some(.some(let position)) = positions[ExactText(path)], entries[position].isFile else {
            throw refusal("entry '\(name)' is a hard link to '\(target)', which is not a file before it")
        }
        return entries[position]
    }

    /// Adds to the size of the last entry.
    mutating func addSize(_ size: Int) throws(ArchiveError) {
        try count(size)
        if !entries.isEmpty { entries[entries.count - 1].size += size }
    }

    /// Sets the digest of the last entry.
    mutating func setDigest(_ digest: String) {
        if !entries.isEmpty { entries[entries.count - 1].sha256 = digest }
    }

    private mutating func count(_ size: Int) throws(ArchiveError) {
        byteCount += size
        guard byteCount <= byteLimit else {
            throw refusal("it has more than \(roundedByteText(byteLimit)) of files")
        }
    }
}

extension ArchiveNames.Entry {
    fileprivate var isFile: Bool {
        switch kind {
        case .file, .hardLink: true
        case .directory, .link, .other: false
        }
    }
}

extension ArchiveNames {
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
                "nothing remains of its names without their first \(selection.strippedCount) directories",
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
        var kinds: [ExactText: ArchiveEntry.Kind] = [:]
        for entry in wanted {
            try checkUnpackable(entry)
            let former = kinds.updateValue(entry.kind, forKey: ExactText(entry.path))
            guard former == nil || former == .directory && entry.kind == .directory else {
                throw refusal(
                    "two entries are '\(entry.path)' without their first \(selection.strippedCount) directories",
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
                throw refusal(
                    "file '\(entry.path)' would run with the rights of its owner: it has mode \(String(entry.mode, radix: 8))"
                )
            }
        case .link(let target): try checkTarget(target, of: entry)
        }
    }

    /// Refuses the target of a link that is, or may be, outside the directory.
    ///
    /// `..` is allowed at the beginning only: after the name of another link, its meaning would depend on that link.
    private func checkTarget(_ target: String, of entry: Entry) throws(ArchiveError) {
        let parts = target.pathParts.filter { $0 != "." }
        let upwards = parts.prefix { $0 == ".." }.count
        let isInside = !target.isEmpty && !target.isAbsolutePath && upwards < entry.path.pathParts.count
        guard isInside, !parts.dropFirst(upwards).contains("..") else {
            throw refusal("link '\(entry.path)' leads out of the directory: its target is '\(target)'")
        }
    }
}
