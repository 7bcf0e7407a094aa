import Archive
import Base
import Execution
import Host
import Planning

/// The unpacking of a part of an archive in a directory.
struct Unpacking: Sendable {
    private let placement: PinnedPlacement
    private let part: FileDeclaration.Unpacking
    private let list: UnpackedContents
    private let directory: String
    private let name: String
    private let location: SourceLocation?

    /// Creates a description.
    ///
    /// - Parameters:
    ///   - placement: The owner and permissions of the files.
    ///   - part: The part of the archive.
    ///   - digest: The SHA-256 digest of the archive.
    ///   - name: The URL or path of the archive, for messages.
    ///   - location: The location of the archive's name in the task file, if it is not that of the task.
    init(
        _ placement: PinnedPlacement,
        _ part: FileDeclaration.Unpacking,
        sha256 digest: String,
        of name: String,
        at location: SourceLocation? = nil
    ) {
        (self.placement, self.part, self.name, self.location) = (placement, part, name, location)
        directory = placement.declaration.path.path.withoutSlashesAtEnd
        list = UnpackedContents(placement.context, sha256: digest, part, in: directory)
    }

    private var context: ActionContext { placement.context }
    private var files: NodeFiles { context.run.files }

    /// A file that differs from what is there.
    private struct Change {
        var file: PinnedFile
        var index: Int
        var result: Event.PathResult
    }

    /// Returns whether everything is in place, according to the list of what was unpacked; without one it is not.
    func isDone() throws(Problem) -> Bool {
        guard let contents = list.load() else { return false }
        try requireDirectories(contents)
        for entry in contents.files where try !placement.isInPlace(file(entry)) { return false }
        for link in contents.links {
            guard try status("\(directory)/\(link.path)")?.target?.hasSameBytes(as: link.target) == true else {
                return false
            }
        }
        return contents.directories.allSatisfy { files.isDirectory("\(directory)/\($0)") }
    }

    /// Writes what differs, each file atomically, after the whole archive was read and checked.
    ///
    /// - Parameter archive: The location of the archive.
    /// - Returns: Whether anything was changed, or would be in a dry run.
    /// - Throws: ``Base/Problem`` if the archive is refused, or the system refuses.
    func run(_ archive: String) throws(Problem) -> Bool {
        let selection = ArchiveSelection(strippedCount: part.strippedCount, wanted: part.wanted)
        let contents: ArchiveContents
        do {
            contents = try ArchiveContents(of: archive, selection)
        } catch {
            throw refusal(error)
        }
        try requireDirectories(contents)
        let former = list.former()
        if !files.isDryRun { removeAbandoned([contents, former].compactMap(\.self)) }
        let changes = try changes(contents)
        try placement.requireSpace(for: changes.map(\.file))
        var isChanged = !changes.isEmpty
        for directory in contents.directories where try make(directory) { isChanged = true }
        if files.isDryRun {
            for change in changes { context.emit(.path(change.file.path, change.result)) }
        } else if !changes.isEmpty {
            list.saveUnfinished(former, and: contents)
            try write(changes, from: archive)
        }
        for link in contents.links where try make(link) { isChanged = true }
        if let former, try FormerContents(context, directory, former).remove(except: contents) { isChanged = true }
        if !files.isDryRun { list.save(contents) }
        return isChanged
    }

    /// Refuses links and files in the place of directories below the directory, before anything is written.
    private func requireDirectories(_ contents: ArchiveContents) throws(Problem) {
        var seen: Set<ExactText> = []
        let names = contents.files.map(\.path) + contents.links.map(\.path)
        for entry in names + contents.directories.map({ "\($0)/" }) {
            var path = entry
            while let slash = path.lastSlash {
                path = String(path[..<slash])
                guard seen.insert(ExactText(path)).inserted else { break }
                if let found = try status("\(directory)/\(path)"), found.kind != .directory {
                    throw inTheWay(path, "a \(found.kind.rawValue)", of: "directory")
                }
            }
        }
        for link in contents.links where try status("\(directory)/\(link.path)")?.kind == .directory {
            throw inTheWay(link.path, "a directory", of: "link")
        }
    }

    /// Removes the temporary files that a killed run has left, directory by directory.
    private func removeAbandoned(_ contents: [ArchiveContents]) {
        let paths = contents.flatMap(\.files).map { "\(directory)/\($0.path)" }
        let directories = Set(paths.compactMap { path in path.lastSlash.map { ExactText(String(path[..<$0])) } })
        for directory in directories {
            guard let location = try? files.location(ofWritten: directory.text) else { continue }
            FileSystem.removeAbandoned(in: location)
        }
    }

    /// Ends the task at its deadline, because the unit would be killed soon after.
    private func requireTime() throws(Problem) {
        guard .now >= context.deadline else { return }
        throw Problem(
            "'\(name)' is not unpacked: the time of the task is over",
            hint: "increase 'timeout' of task '\(context.task.name)'"
        )
    }

    private func inTheWay(_ path: String, _ found: String, of kind: String) -> Problem {
        Problem(
            "cannot unpack in '\(directory)': '\(directory)/\(path)' is \(found), and a \(kind) in the archive",
            hint: "remove it, or write another path"
        )
    }

    private func status(_ path: String) throws(Problem) -> FileStatus? {
        do {
            return try FileSystem.status(try files.location(ofWritten: path))
        } catch {
            throw placement.problem(error.examined(), path)
        }
    }

    private func file(_ entry: ArchiveContents.File) -> PinnedFile {
        placement.file(
            "\(directory)/\(entry.path)",
            sha256: entry.sha256,
            size: entry.size,
            isExecutable: entry.isExecutable
        )
    }

    private func changes(_ contents: ArchiveContents) throws(Problem) -> [Change] {
        var changes: [Change] = []
        for entry in contents.files {
            try requireTime()
            let file = file(entry)
            let result = try placement.compare(file)
            if result != .unchanged { changes.append(Change(file: file, index: entry.index, result: result)) }
        }
        return changes
    }

    private func write(_ changes: [Change], from archive: String) throws(Problem) {
        do throws(SystemError) {
            try files.log(creating: changes.map(\.file), by: context.task.name)
        } catch {
            throw placement.problem(error, directory)
        }
        var pending = Dictionary(grouping: changes, by: \.index)
        var reader: ArchiveReader
        do {
            reader = try ArchiveReader(archive)
        } catch {
            throw refusal(error)
        }
        var index = 0
        while !pending.isEmpty, try hasNext(&reader) {
            try requireTime()
            if let changes = pending.removeValue(forKey: index) { try write(changes, from: &reader) }
            index += 1
        }
        guard pending.isEmpty else {
            throw Problem("'\(name)' has changed while it was unpacked", at: location)
        }
    }

    private func hasNext(_ reader: inout ArchiveReader) throws(Problem) -> Bool {
        do {
            return try reader.next() != nil
        } catch {
            throw refusal(error)
        }
    }

    /// Writes the content of the current entry to files, which are several if the archive has hard links.
    private func write(_ changes: [Change], from reader: inout ArchiveReader) throws(Problem) {
        var refused: ArchiveError?
        var path = changes[0].file.path
        do throws(SystemError) {
            let first = try PinnedWriter(changes[0].file, files)
            while let bytes = Self.next(of: &reader, &refused) { try first.append(bytes) }
            if refused == nil {
                try first.complete()
                let location = try files.location(ofWritten: path)
                for change in changes.dropFirst() {
                    path = change.file.path
                    let copy = try PinnedWriter(change.file, files)
                    try FileSystem.readParts(location) { part throws(SystemError) in try copy.append(part) }
                    try copy.complete()
                }
            }
        } catch {
            throw placement.problem(error, path)
        }
        if let refused { throw refusal(refused) }
        for change in changes { context.emit(.path(change.file.path, change.result)) }
    }

    private static func next(of reader: inout ArchiveReader, _ refused: inout ArchiveError?) -> [UInt8]? {
        do {
            return try reader.read()
        } catch {
            refused = error
            return nil
        }
    }

    private func refusal(_ error: ArchiveError) -> Problem {
        Problem("'\(name)' \(error)", at: location, hint: error.advice)
    }

    /// Creates a directory, and returns whether it did not exist.
    private func make(_ name: String) throws(Problem) -> Bool {
        let path = "\(directory)/\(name)"
        guard !files.isDirectory(path) else { return false }
        do throws(SystemError) {
            let settings = DirectorySettings(path: path, mode: nil, owner: nil, group: nil)
            let result = try files.makeDirectory(settings, by: context.task.name)
            context.emit(.path(path, result))
            return true
        } catch {
            throw placement.problem(error, path)
        }
    }

    /// Creates a link, and returns whether anything changed.
    private func make(_ link: ArchiveContents.Link) throws(Problem) -> Bool {
        let path = "\(directory)/\(link.path)"
        let isDirectory = try status(path)?.kind == .directory
        let result: NodeFiles.Linking
        do {
            result = try files.link(path, to: link.target, by: context.task.name, replacing: !isDirectory)
        } catch {
            throw placement.problem(error, path)
        }
        guard case .done(let result) = result else { throw inTheWay(link.path, "a directory", of: "link") }
        if result != .unchanged { context.emit(.path(path, result)) }
        return result != .unchanged
    }
}
