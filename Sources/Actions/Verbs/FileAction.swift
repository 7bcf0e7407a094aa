import Base
import Execution
import HTTP
import Host
import Kubernetes
import Planning

/// Verb `file`: writes a file with its content, permissions and owner.
struct FileAction: Action {
    let context: ActionContext
    let declaration: FileDeclaration

    private var failure: String { "cannot write file '\(declaration.path.path)'" }

    /// Writes the file unless it is up to date, and returns whether it did.
    func run() async throws(Problem) -> Bool {
        if let unpacking = declaration.unpacking { return try await runUnpacked(unpacking) }
        if case .url(let url, let digest) = declaration.source { return try await runFetched(url, sha256: digest) }
        let path = declaration.path.path
        guard let bytes = try content() else {
            context.emit(.planned("would write '\(path)', with a new token"))
            context.expectProducts()
            return true
        }
        let mode = try mode()
        let (owner, group) = try await context.accounts(failure)
        return try context.write(bytes, to: path, mode: mode, owner: owner, group: group)
    }

    /// Returns the content, or `nil` if a dry run would have to generate it.
    private func content() throws(Problem) -> [UInt8]? {
        switch declaration.source {
        case .content(let text): return Array(text.utf8)
        case .url: preconditionFailure("a fetched file is never in memory")
        case .generated(.token):
            return try keptContent() ?? (context.run.files.isDryRun ? nil : Self.token())
        case .path(let reference):
            return try context.source(reference, key: "source", failure, limit: SizeLimit.content).bytes
        }
    }

    /// Returns the existing content of the file, because content is never generated a second time.
    private func keptContent() throws(Problem) -> [UInt8]? {
        let path = declaration.path.path
        do {
            let bytes = try context.run.files.readProduct(path, limit: SizeLimit.content)
            guard bytes.allSatisfy({ $0 == UInt8(ascii: "\n") }) else { return bytes }
        } catch {
            if error.isNotFound { return nil }
            throw Problem("cannot keep file '\(path)'", hint: error.advice, cause: error)
        }
        throw Problem(
            "cannot keep file '\(path)': it is empty",
            hint: "write its content, or remove it, so that a token is generated"
        )
    }

    private static func token() -> [UInt8] {
        // The system's random number generator uses getrandom(2).
        var generator = SystemRandomNumberGenerator()
        let digits = Array("0123456789abcdef".utf8)
        return (0..<64).map { _ in digits[Int(generator.next() & 0xf)] } + [UInt8(ascii: "\n")]
    }

    /// Returns the permissions from the task, or the source's permissions, limited to the default.
    ///
    /// The owner may always write, so that a copy of a read-only source is not read-only.
    private func mode() throws(Problem) -> UInt32 {
        if let mode = declaration.mode { return UInt32(mode) }
        let usual = UInt32(declaration.usualMode)
        guard case .path(let reference) = declaration.source else { return usual }
        do {
            let allowed = try context.run.files.mode(of: reference.path) ?? usual
            return usual & (allowed | 0o200)
        } catch {
            throw Problem(failure, cause: error)
        }
    }
}

extension ActionContext {
    /// Looks up the numeric IDs of the owner and group that the task names.
    ///
    /// - Parameter failure: What the task cannot do without them.
    /// - Returns: The IDs, `nil` for those that it does not name.
    /// - Throws: ``Base/Problem`` if there is no such account, or the database does not answer.
    func accounts(_ failure: String) async throws(Problem) -> (owner: UInt32?, group: UInt32?) {
        var numbers: (owner: UInt32?, group: UInt32?)
        for account in task.footprint.accounts {
            do throws(SystemError) {
                let number = try await account.number(until: deadline)
                if account.kind == .user { numbers.owner = number } else { numbers.group = number }
            } catch {
                let hint = error.advice ?? "create the account first"
                var problem = Problem(failure, at: account.location, hint: hint, cause: error)
                problem.mayPass = true
                throw problem
            }
        }
        return numbers
    }
}

extension Footprint.Account {
    /// Looks up the numeric ID.
    func number(until deadline: ContinuousClock.Instant) async throws(SystemError) -> UInt32 {
        switch kind {
        case .user: try await FileSystem.lookupUser(name, until: deadline)
        case .group: try await FileSystem.lookupGroup(name, until: deadline)
        }
    }
}

/// The properties of a file that `write` sets; a dry run shows how they would change.
struct FileState {
    private let bytes: [UInt8]?
    private let target: String?
    private let mode: UInt32?
    private let owner: UInt32
    private let group: UInt32?

    /// Creates the state that a task describes.
    init(bytes: [UInt8], mode: UInt32, owner: UInt32, group: UInt32?) {
        (self.bytes, self.mode, self.owner, self.group) = (bytes, mode, owner, group)
        target = nil
    }

    /// Reads the state of an existing file or link.
    ///
    /// - Throws: ``Base/SystemError`` if the file cannot be read.
    init(_ status: FileStatus, at location: String) throws(SystemError) {
        let isLink = status.kind == .symbolicLink
        bytes = isLink ? nil : try FileSystem.read(location, limit: SizeLimit.content)
        (target, mode) = (status.target, isLink ? nil : status.mode)
        (owner, group) = (status.owner, status.group)
    }

    /// Whether everyone may read the file.
    private var isPublic: Bool { mode.map { $0 & 0o004 != 0 } ?? true }

    /// Returns a description of how the file would change.
    ///
    /// The content of a file that is not readable by everyone is not shown.
    ///
    /// - Parameter old: The current state, or `nil` if there is no file.
    /// - Returns: Changes of permissions and owner, then the lines of a unified diff.
    func difference(from old: FileState?) -> [String] {
        var lines: [String] = []
        if let old {
            if let target = old.target { lines.append("link to '\(target)' -> regular file") }
            if let before = old.mode, let mode, before != mode {
                lines.append("mode \(octal(before)) -> \(octal(mode))")
            }
            if old.owner != owner { lines.append("owner \(old.owner) -> \(owner)") }
            if let before = old.group, let group, before != group { lines.append("group \(before) -> \(group)") }
        }
        guard let bytes, bytes != old?.bytes else { return lines }
        guard isPublic, old?.isPublic != false else {
            return lines + ["(content not shown: not everyone may read the file)"]
        }
        return lines + unifiedDiff(from: old?.bytes ?? [], to: bytes)
    }
}

/// Returns permissions as four octal digits.
func octal(_ mode: UInt32) -> String {
    let digits = String(mode, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}

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
        let (owner, group) = try await context.accounts(failure)
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
                guard let source else { return try files.compare(file, by: task) }
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

    private func problem(_ error: SystemError) -> Problem { Problem(failure, hint: error.advice, cause: error) }

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
        context.emit(.planned("would fetch '\(urlWithoutQuery(url))', and \(purpose)"))
        return nil
    }

    /// Unpacks the archive, and returns whether anything was changed, or would be in a dry run.
    func runUnpacked(_ part: FileDeclaration.Unpacking) async throws(Problem) -> Bool {
        let path = declaration.path.path
        let files = context.run.files
        let accounts = try await context.accounts(failure)
        let (name, digest, location): (String, String, SourceLocation?)
        switch declaration.source {
        case .url(let url, let sha256): (name, digest, location) = (urlWithoutQuery(url), sha256, nil)
        case .path(let source):
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
        if files.isDryRun {
            context.emit(.planned("would unpack '\(name)' in '\(path)'"))
            context.expectProducts()
            return true
        }
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
}

/// Compares the content of a file before and after a change.
///
/// - Returns: The hunks of a unified diff, or a line in parentheses if the content is too large or not text.
private func unifiedDiff(from old: [UInt8], to new: [UInt8]) -> [String] {
    guard old != new else { return [] }
    guard max(old.count, new.count) <= 4 << 20 else { return ["(content too large to compare)"] }
    let texts = [old, new].compactMap { $0.contains(0) ? nil : String(validating: $0, as: UTF8.self) }
    guard texts.count == 2 else { return ["(binary content)"] }
    return UnifiedDiff(from: texts[0], to: texts[1]).lines
}
