import Base
import Execution
import Host
import Planning

/// Files and archives that are streamed, because they may be too large for memory.
extension FileAction {
    /// Fetches the file unless it is in place, and writes it.
    ///
    /// - Parameters:
    ///   - url: The URL.
    ///   - digest: The SHA-256 digest of its content.
    /// - Returns: Whether the file was written, or would be in a dry run.
    /// - Throws: ``Base/Problem`` if the file cannot be fetched or written.
    func runFetched(_ url: String, sha256 digest: String) async throws(Problem) -> Bool {
        let path = declaration.path.path
        let placement = try await PinnedPlacement(context, declaration)
        let file = placement.file(path, sha256: digest)
        if try await onThread({ () throws(Problem) in try placement.isInPlace(file) }) {
            context.emit(.path(path, .unchanged))
            return false
        }
        let present = await onThread { presentLocation(of: file) }
        let fetched = present == nil ? try await fetched(url, digest, "write '\(path)'") : nil
        guard let location = present ?? fetched else {
            // A real run would meet what is in the way.
            _ = try placement.compare(file)
            return true
        }
        let result = try await onThread { () throws(Problem) in try copy(location, to: file, placement) }
        if !context.run.files.isDryRun { context.cache.discardOthers(than: [digest]) }
        context.emit(.path(path, result))
        return true
    }

    /// Returns the location of the file if only its permissions or owner differ, so that nothing has to be fetched.
    private func presentLocation(of file: PinnedFile) -> String? {
        guard let location = try? context.run.files.location(ofWritten: file.path),
            let found = try? FileSystem.status(location), found.kind == .regular,
            (try? sha256(ofFile: location)) == file.sha256
        else { return nil }
        return location
    }

    private func copy(
        _ location: String,
        to file: PinnedFile,
        _ placement: PinnedPlacement
    ) throws(Problem) -> Event.PathResult {
        var file = file
        let result = try placement.compare(file)
        guard !context.run.files.isDryRun else { return result }
        do throws(SystemError) {
            file.size = try FileSystem.status(location)?.size
        } catch {
            throw placement.problem(error, file.path)
        }
        try placement.requireSpace(for: [file])
        do throws(SystemError) {
            try context.run.files.log(creating: [file], by: context.task.name)
            let new = try PinnedWriter(file, context.run.files)
            try FileSystem.readParts(location) { part throws(SystemError) in try new.append(part) }
            try new.complete()
        } catch {
            throw placement.problem(error, file.path)
        }
        return result
    }

    /// Fetches a pinned URL; a dry run only uses what is in the cache.
    ///
    /// - Parameters:
    ///   - url: The URL.
    ///   - digest: The SHA-256 digest of its content.
    ///   - purpose: The use of the file, for the message of a dry run.
    /// - Returns: The location of the file, or `nil` if a dry run would have to fetch it, which has been reported.
    /// - Throws: ``Base/Problem`` if the file cannot be fetched.
    private func fetched(_ url: String, _ digest: String, _ purpose: String) async throws(Problem) -> String? {
        guard context.run.files.isDryRun else { return try await context.cache.file(of: url, sha256: digest) }
        // A damaged copy would be fetched again.
        if let kept = try? await context.cache.keptFile(sha256: digest) { return kept }
        context.emit(.planned("would fetch '\(url)', and \(purpose)"))
        return nil
    }

    /// Unpacks the archive, and returns whether anything was changed, or would be in a dry run.
    func runUnpacked(_ part: FileDeclaration.Unpacking) async throws(Problem) -> Bool {
        let path = declaration.path.path
        let placement = try await PinnedPlacement(context, declaration)
        let unpacking: Unpacking
        var location: String?
        switch declaration.source {
        case .url(let url, let digest):
            unpacking = Unpacking(placement, part, sha256: digest, of: url)
        case .path(let source):
            guard !context.run.files.isOfUnknownContent(source.path) else {
                context.emit(.planned("would unpack '\(source.path)' in '\(path)'"))
                context.run.files.expect(path, from: context.task.name)
                return true
            }
            let (place, digest) = try await examined(source)
            unpacking = Unpacking(placement, part, sha256: digest, of: source.path, at: source.location)
            location = place
        case .content, .generated: preconditionFailure("the reader refuses 'unpack' without an archive")
        }
        if try await onThread({ () throws(Problem) in try unpacking.isDone() }) {
            context.emit(.path(path, .unchanged))
            return false
        }
        if case .url(let url, let digest) = declaration.source {
            location = try await fetched(url, digest, "unpack it in '\(path)'")
        }
        guard let location else {
            context.run.files.expect(path, from: context.task.name)
            return true
        }
        let isChanged = try await onThread { () throws(Problem) in try unpacking.run(location) }
        if !isChanged { context.emit(.path(path, .unchanged)) }
        if case .url(_, let digest) = declaration.source, !context.run.files.isDryRun {
            context.cache.discardOthers(than: [digest])
        }
        return isChanged
    }

    /// Returns the location of an archive on the node, and the SHA-256 digest of its content.
    private func examined(_ source: LocatedPath) async throws(Problem) -> (location: String, digest: String) {
        let files = context.run.files
        do {
            return try await onThread { () throws(SystemError) in
                (try files.location(ofRead: source.path), try files.digest(ofFile: source.path))
            }
        } catch {
            throw Problem(
                "cannot unpack '\(source.path)'",
                at: source.location,
                hint: error.advice,
                cause: error
            )
        }
    }
}
