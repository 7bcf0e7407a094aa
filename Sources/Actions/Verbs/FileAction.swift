import Base
import Execution
import Host
import Kubernetes
import Planning

/// Verb `file`: writes a file with its content, permissions and owner.
struct FileAction: Action {
    let context: ActionContext
    let declaration: FileDeclaration

    init(_ context: ActionContext, _ declaration: FileDeclaration) {
        self.context = context
        self.declaration = declaration
    }

    /// Writes the file unless it is up to date, and returns whether it did.
    func run() async throws(Problem) -> Bool {
        if let unpacking = declaration.unpacking { return try await runUnpacked(unpacking) }
        if case .url(let url, let digest) = declaration.source { return try await runFetched(url, sha256: digest) }
        let path = declaration.path.path
        if case .path(let source) = declaration.source, context.run.files.isOfUnknownContent(source.path) {
            return try writeUnknown(source)
        }
        guard let bytes = try content() else { return try writeGenerated() }
        let mode = try mode()
        let (owner, group) = try await context.account(
            owner: declaration.owner,
            group: declaration.group,
            writing: path
        )
        return try context.write(bytes, to: path, mode: mode, owner: owner, group: group)
    }

    private func writeUnknown(_ source: LocatedPath) throws(Problem) -> Bool {
        let path = declaration.path.path
        let mode = try mode()
        do {
            return try context.emitUnknown(path, mode: mode, from: [source.path])
        } catch {
            throw Problem("cannot write file '\(path)'", cause: error)
        }
    }

    /// Reports that a run would generate the content of the file.
    private func writeGenerated() throws(Problem) -> Bool {
        let path = declaration.path.path
        let mode = try mode()
        do {
            try context.run.files.remember(.unknown(mode: mode), at: path)
        } catch {
            throw Problem("cannot write file '\(path)'", cause: error)
        }
        context.emit(.planned("would write '\(path)', with a new token"))
        return true
    }

    /// Returns the content, or `nil` if a dry run would have to generate it.
    private func content() throws(Problem) -> [UInt8]? {
        switch declaration.source {
        case .content(let text): return Array(text.utf8)
        case .url: preconditionFailure("a fetched file is never in memory")
        case .generated(.token):
            return try keptContent() ?? (context.run.files.isDryRun ? nil : Self.token())
        case .path(let reference):
            do {
                return try context.run.files.read(reference.path, limit: SizeLimit.content)
            } catch {
                throw Problem(
                    "cannot write file '\(declaration.path.path)'",
                    at: reference.location,
                    hint: error.adviceAboutSource("source"),
                    cause: error,
                )
            }
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
            throw Problem("cannot write file '\(declaration.path.path)'", cause: error)
        }
    }
}

extension ActionContext {
    /// Looks up the numeric IDs of the owner and group of a file or directory.
    func account(
        owner: String?,
        group: String?,
        writing path: String,
        operation: String = "cannot write file",
    ) async throws(Problem) -> (owner: UInt32?, group: UInt32?) {
        func problem(_ error: SystemError, _ kind: Footprint.Account.Kind) -> Problem {
            var problem = Problem(
                "\(operation) '\(path)'",
                at: task.footprint.accounts.first { $0.kind == kind }?.location,
                hint: error.advice ?? "create the account first",
                cause: error,
            )
            problem.mayPass = true
            return problem
        }
        var numbers: (owner: UInt32?, group: UInt32?)
        do {
            if let owner { numbers.owner = try await FileSystem.lookupUser(owner, until: deadline) }
        } catch {
            throw problem(error, .user)
        }
        do {
            if let group { numbers.group = try await FileSystem.lookupGroup(group, until: deadline) }
        } catch {
            throw problem(error, .group)
        }
        return numbers
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
    /// The content of a file that is not readable by everyone is shown only if `isShown` is set.
    ///
    /// - Parameters:
    ///   - old: The current state, or `nil` if there is no file.
    ///   - isShown: Whether the content may be shown even if not everyone may read the file.
    /// - Returns: Changes of permissions and owner, then the lines of a unified diff.
    func difference(from old: FileState?, isShown: Bool) -> [String] {
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
        guard isShown || isPublic && old?.isPublic != false else {
            return lines + ["(content not shown: not everyone may read the file)"]
        }
        return lines + TextDiff.lines(from: old?.bytes, to: bytes)
    }
}

/// Returns permissions as four octal digits.
func octal(_ mode: UInt32) -> String {
    let digits = String(mode, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}
