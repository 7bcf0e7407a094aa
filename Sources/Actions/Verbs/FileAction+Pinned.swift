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
        let files = context.run.files
        let (owner, group) = try await accounts()
        let mode = UInt32(declaration.mode ?? declaration.usualMode)
        let file = PinnedFile(path: path, sha256: digest, size: nil, mode: mode, owner: owner, group: group)
        // If only its permissions or owner differ, nothing has to be fetched.
        let present: (isInPlace: Bool, source: String?)
        do throws(SystemError) {
            present = try await onThread { () throws(SystemError) in
                try files.isInPlace(file) ? (true, nil) : (false, files.location(withContentOf: file))
            }
        } catch {
            throw problem(error)
        }
        guard !present.isInPlace else {
            context.emit(.path(path, .unchanged))
            return false
        }
        let fetched = present.source == nil ? try await fetched(url, digest, "write '\(path)'") : nil
        let source = present.source ?? fetched
        let result: Event.PathResult
        do throws(SystemError) {
            let task = context.task.name
            result = try await onThread { () throws(SystemError) in
                // Without a source, a dry run reports what is in the way.
                guard let source else { return try files.compare(file) }
                return try files.copy(source, to: file, by: task)
            }
        } catch {
            throw problem(error)
        }
        guard source != nil else { return true }
        context.emit(.path(path, result))
        if !files.isDryRun { context.cache.discardOthers(than: [digest]) }
        return true
    }

    private func problem(_ error: SystemError) -> Problem {
        let words = "cannot write file '\(declaration.path.path)'"
        return Problem(words, hint: error.advice, cause: error)
    }

    private func accounts() async throws(Problem) -> (owner: UInt32?, group: UInt32?) {
        try await context.account(owner: declaration.owner, group: declaration.group, writing: declaration.path.path)
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
        guard context.run.files.isDryRun else { return try await context.cache.fetched(url, sha256: digest) }
        if let kept = context.cache.kept(sha256: digest) { return kept }
        context.emit(.planned("would fetch '\(url)', and \(purpose)"))
        return nil
    }

    /// Unpacks the archive, and returns whether anything was changed, or would be in a dry run.
    func runUnpacked(_ part: FileDeclaration.Unpacking) async throws(Problem) -> Bool {
        let path = declaration.path.path
        let files = context.run.files
        let accounts = try await accounts()
        let (name, digest, location): (String, String, SourceLocation?)
        switch declaration.source {
        case .url(let url, let sha256): (name, digest, location) = (url, sha256, nil)
        case .path(let source):
            guard !files.isOfUnknownContent(source.path) else { return planned(source.path) }
            do {
                digest = try await onThread { () throws(SystemError) in try files.digest(ofFile: source.path) }
            } catch {
                let words = "cannot unpack '\(source.path)'"
                throw Problem(words, at: source.location, hint: error.advice, cause: error)
            }
            (name, location) = (source.path, source.location)
        case .content, .generated: preconditionFailure("the reader refuses 'unpack' without an archive")
        }
        let unpacking = Unpacking(self, part, accounts, sha256: digest, of: name, at: location)
        if try await onThread({ () throws(Problem) in try unpacking.isDone() }) {
            context.emit(.path(path, .unchanged))
            return false
        }
        if files.isDryRun { return planned(name) }
        let archive: String
        switch declaration.source {
        case .url(let url, let sha256): archive = try await context.cache.fetched(url, sha256: sha256)
        default: archive = (try? files.location(ofRead: name)) ?? name
        }
        let isChanged = try await unpacking.run(archive)
        if !isChanged { context.emit(.path(path, .unchanged)) }
        context.cache.discardOthers(than: [digest])
        return isChanged
    }

    /// Reports that a run would unpack an archive.
    private func planned(_ archive: String) -> Bool {
        context.emit(.planned("would unpack '\(archive)' in '\(declaration.path.path)'"))
        context.run.files.expect(declaration.path.path, from: context.task.name)
        return true
    }
}
