import Archive
import Base
import Execution
import Glibc
import Host
import Planning

/// Archives that are unpacked.
extension FileAction {
    /// Unpacks the archive, and returns whether anything was changed, or would be in a dry run.
    ///
    /// The whole archive is read and checked first, and compared with what is there; only what differs is written, each
    /// file atomically.
    func runUnpacked(_ unpacking: FileDeclaration.Unpacking) async throws(Problem) -> Bool {
        let placement = try await Placement(context, declaration)
        let path = declaration.path.path
        var source: String?
        if case .path = declaration.source {
            source = try await archive()
            if source == nil { return true }
        }
        let list = UnpackedContents(context, sha256: try digest(of: source), unpacking)
        if let known = list.load(), try Unpacking(placement, known, in: path).isDone() {
            context.emit(.path(path, .unchanged))
            return false
        }
        let fetched = source == nil ? try await archive() : nil
        guard let location = source ?? fetched else { return true }
        let contents = try contents(of: location, unpacking)
        let isChanged = try Unpacking(placement, contents, in: path).run(location)
        if !isChanged { context.emit(.path(path, .unchanged)) }
        guard !context.run.files.isDryRun else { return isChanged }
        list.save(contents)
        if case .url(_, let digest) = declaration.source { context.cache.discardOthers(than: digest) }
        return isChanged
    }

    private func contents(
        of location: String,
        _ unpacking: FileDeclaration.Unpacking
    ) throws(Problem) -> ArchiveContents {
        do {
            return try ArchiveContents(
                of: location,
                ArchiveSelection(strippedCount: unpacking.strippedCount, wanted: unpacking.wanted)
            )
        } catch {
            throw problem(error)
        }
    }

    /// Returns the digest of the archive: that of the task, or of the file at a location.
    private func digest(of location: String?) throws(Problem) -> String {
        if case .url(_, let digest) = declaration.source { return digest }
        do {
            return try sha256(ofFile: location ?? "")
        } catch {
            throw Problem(.systemCallFailed, "cannot unpack '\(location ?? "")'", hint: error.advice, cause: error)
        }
    }

    /// Returns the location of the archive, or `nil` if a dry run would have to fetch it.
    private func archive() async throws(Problem) -> String? {
        switch declaration.source {
        case .url(let url, let digest):
            return try await context.fetched(url, digest, "unpack it in '\(declaration.path.path)'")
        case .path(let reference):
            guard !context.run.files.isOfUnknownContent(reference.path) else {
                context.emit(.planned("would unpack '\(reference.path)' in '\(declaration.path.path)'"))
                return nil
            }
            do {
                try context.run.files.requireTrusted(reference.path, isData: true)
                return try context.run.files.location(ofRead: reference.path)
            } catch {
                throw Problem(
                    error.problemCode,
                    "cannot unpack '\(reference.path)'",
                    at: reference.location,
                    hint: error.advice,
                    cause: error
                )
            }
        case .content, .generated: preconditionFailure("only files and URLs are unpacked")
        }
    }

    private func problem(_ error: ArchiveError) -> Problem {
        let name: String
        var at: SourceLocation?
        switch declaration.source {
        case .url(let url, _): name = url
        case .path(let reference): (name, at) = (reference.path, reference.location)
        case .content, .generated: name = declaration.path.path
        }
        return Problem(.refusedArchive, "'\(name)' \(error)", at: at, hint: error.advice)
    }
}

/// The unpacking of an archive that has been checked.
private struct Unpacking {
    private let placement: Placement
    private let contents: ArchiveContents
    private let directory: String

    init(_ placement: Placement, _ contents: ArchiveContents, in directory: String) {
        (self.placement, self.contents) = (placement, contents)
        self.directory = directory.withoutSlashesAtEnd
    }

    private var context: ActionContext { placement.context }
    private var files: NodeFiles { context.run.files }

    /// A file that differs from what is there.
    private struct Change {
        var file: PinnedFile
        var index: Int
        var result: Event.PathResult
    }

    /// Returns whether everything is in place.
    func isDone() throws(Problem) -> Bool {
        for entry in contents.files where try !placement.isInPlace(file(entry)) { return false }
        for link in contents.links {
            guard try status("\(directory)/\(link.path)")?.target?.hasSameBytes(as: link.target) == true else {
                return false
            }
        }
        return contents.directories.allSatisfy { files.isDirectory("\(directory)/\($0)") }
    }

    private func file(_ entry: ArchiveContents.File) -> PinnedFile {
        placement.file(
            "\(directory)/\(entry.path)",
            sha256: entry.sha256,
            size: entry.size,
            isExecutable: entry.isExecutable
        )
    }

    /// Writes what differs, and returns whether that is anything.
    func run(_ archive: String) throws(Problem) -> Bool {
        try requireDirectories()
        let changes = try changes()
        try placement.requireSpace(for: changes.map(\.file))
        var isChanged = !changes.isEmpty
        for directory in contents.directories where try make(directory) { isChanged = true }
        if files.isDryRun {
            for change in changes { context.emit(.path(change.file.path, change.result)) }
        } else if !changes.isEmpty {
            try write(changes, from: archive)
        }
        for link in contents.links where try make(link) { isChanged = true }
        return isChanged
    }

    /// Refuses links and files in the place of directories below the directory, before anything is written.
    private func requireDirectories() throws(Problem) {
        var seen: Set<ExactText> = []
        for entry in contents.files.map(\.path) + contents.links.map(\.path) + contents.directories.map({ "\($0)/" }) {
            var path = entry
            while let slash = path.lastSlash {
                path = String(path[..<slash])
                guard seen.insert(ExactText(path)).inserted else { break }
                let found = try status("\(directory)/\(path)")
                if let found, found.kind != .directory {
                    throw Problem(
                        .pathInTheWay,
                        "cannot unpack in '\(directory)': '\(directory)/\(path)' is a \(found.kind.rawValue), and a "
                            + "directory in the archive",
                        hint: "remove it, or write another path"
                    )
                }
            }
        }
    }

    private func status(_ path: String) throws(Problem) -> FileStatus? {
        do {
            return try FileSystem.status(try files.location(ofWritten: path))
        } catch {
            throw placement.problem(error.examined(), path)
        }
    }

    private func changes() throws(Problem) -> [Change] {
        var changes: [Change] = []
        for entry in contents.files {
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
            throw unreadable(error)
        }
        var index = 0
        while !pending.isEmpty, try hasNext(&reader) {
            if let changes = pending.removeValue(forKey: index) { try write(changes, from: &reader) }
            index += 1
        }
    }

    private func hasNext(_ reader: inout ArchiveReader) throws(Problem) -> Bool {
        do {
            return try reader.next() != nil
        } catch {
            throw unreadable(error)
        }
    }

    /// Writes the content of the current entry to files, which are several if the archive has hard links.
    private func write(_ changes: [Change], from reader: inout ArchiveReader) throws(Problem) {
        let path = changes[0].file.path
        do throws(SystemError) {
            let new = try files.create(changes.map(\.file))
            while let bytes = try nextBytes(&reader) { for file in new { try file.append(bytes) } }
            for file in new { try file.complete() }
        } catch {
            throw placement.problem(error, path)
        }
        for change in changes { context.emit(.path(change.file.path, change.result)) }
    }

    private func nextBytes(_ reader: inout ArchiveReader) throws(SystemError) -> [UInt8]? {
        do {
            return try reader.read()
        } catch {
            throw SystemError("cannot read", "the archive", code: EIO, detail: "it \(error)")
        }
    }

    /// Returns the error of an archive that was read before.
    private func unreadable(_ error: ArchiveError) -> Problem {
        Problem(.refusedArchive, "the archive for '\(directory)' \(error)", hint: error.advice)
    }

    /// Creates a directory, and returns whether it did not exist.
    private func make(_ name: String) throws(Problem) -> Bool {
        let path = "\(directory)/\(name)"
        do throws(SystemError) {
            guard !files.isDirectory(path) else { return false }
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
        switch result {
        case .done(let result):
            if result != .unchanged { context.emit(.path(path, result)) }
            return result != .unchanged
        case .replacedDirectory, .inTheWay:
            throw Problem(
                .pathInTheWay,
                "cannot unpack in '\(directory)': '\(path)' is a directory, and a link in the archive",
                hint: "remove it, or write another path"
            )
        }
    }
}
