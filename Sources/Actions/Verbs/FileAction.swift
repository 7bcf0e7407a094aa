import Base
import HTTP
import Host
import Kubernetes
import Planning

/// Verb `file`: writes a file with its content, permissions and owner, or unpacks an archive.
struct FileAction: Action {
    let context: ActionContext
    let declaration: FileDeclaration

    private var failure: String { "cannot write file '\(declaration.path.path)'" }

    /// Writes the file or files unless they are up to date, and returns whether anything was written.
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
        return try context.write(FileContent(bytes, path: path, mode: mode, owner: owner, group: group))
    }

    /// Returns the content, or `nil` in a dry run if a real run would generate a token.
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

    /// Returns the existing content of the file, if there is any; a generated token never replaces it.
    private func keptContent() throws(Problem) -> [UInt8]? {
        let path = declaration.path.path
        let bytes = try attempt("cannot keep file '\(path)'") {
            try context.run.files.readProduct(path, limit: SizeLimit.content)
        }
        guard let bytes, bytes.allSatisfy({ $0 == UInt8(ascii: "\n") }) else { return bytes }
        throw Problem(
            "cannot keep file '\(path)': it is empty",
            hint: "write its content, or remove it, so that a token is generated"
        )
    }

    private static func token() -> [UInt8] {
        // SystemRandomNumberGenerator is cryptographically secure on Linux: it uses getrandom(2).
        var generator = SystemRandomNumberGenerator()
        let digits = Array("0123456789abcdef".utf8)
        return (0..<64).map { _ in digits[Int(generator.next() & 0xf)] } + [UInt8(ascii: "\n")]
    }

    /// Returns the declared permissions or, by default, the usual mode without permissions that the source lacks.
    ///
    /// By default, the owner may write the file even if the source is read-only.
    private func mode() throws(Problem) -> UInt32 {
        if let mode = declaration.mode { return UInt32(mode) }
        let usual = UInt32(declaration.usualMode)
        guard case .path(let reference) = declaration.source else { return usual }
        let allowed = try attempt(failure) { try context.run.files.mode(of: reference.path) } ?? usual
        return usual & (allowed | 0o200)
    }
}

extension ActionContext {
    /// Looks up the numeric IDs of the owner and group that the task names; `failure` is the message if this fails.
    func accounts(_ failure: String) async throws(Problem) -> (owner: UInt32?, group: UInt32?) {
        var numbers: (owner: UInt32?, group: UInt32?)
        for account in task.footprint.accounts {
            do throws(SystemError) {
                let isGroup = account.kind == .group
                let number = try await FileSystem.lookupAccount(account.name, isGroup: isGroup, until: deadline)
                if isGroup { numbers.group = number } else { numbers.owner = number }
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

extension FileStatus {
    /// Returns a line for each difference in permissions, owner and group; a value that is `nil` is not compared.
    func differences(mode newMode: UInt32?, owner newOwner: UInt32?, group newGroup: UInt32?) -> [String] {
        var lines: [String] = []
        if let newMode, newMode != mode { lines.append("mode \(octal(mode)) -> \(octal(newMode))") }
        if let newOwner, newOwner != owner { lines.append("owner \(owner) -> \(newOwner)") }
        if let newGroup, newGroup != group { lines.append("group \(group) -> \(newGroup)") }
        return lines
    }
}

extension FileContent {
    /// Returns the differences from the existing file: permissions and owner, then the lines of a unified diff.
    ///
    /// The content is shown only if everyone may read the compared files. If it is not in memory, the result is empty.
    func difference(
        from found: FileStatus?,
        at location: String,
        owner: UInt32
    ) throws(SystemError) -> [String] {
        guard let bytes else { return [] }
        var lines: [String] = []
        var old: [UInt8] = []
        var isPublic = mode & 0o004 != 0
        if let found, let target = found.target {
            lines = ["link to '\(target)' -> regular file"] + found.differences(mode: nil, owner: owner, group: group)
        } else if let found {
            lines = found.differences(mode: mode, owner: owner, group: group)
            old = try readFile(location, limit: SizeLimit.content)
            if old == bytes { return lines }
            isPublic = isPublic && found.mode & 0o004 != 0
        }
        guard isPublic else { return lines + ["(content not shown: not everyone may read the file)"] }
        return lines + unifiedDiff(from: old, to: bytes)
    }
}

/// Returns permissions as four octal digits.
func octal(_ mode: UInt32) -> String {
    let digits = String(mode, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}

/// Files and archives that may be too large for memory.
extension FileAction {
    /// Fetches and writes the file unless it is up to date, and returns whether it was written.
    private func runFetched(_ url: String, sha256 digest: String) async throws(Problem) -> Bool {
        let path = declaration.path.path
        let files = context.run.files
        let (owner, group) = try await context.accounts(failure)
        let mode = UInt32(declaration.mode ?? declaration.usualMode)
        let file = FileContent(sha256: digest, path: path, mode: mode, owner: owner, group: group)
        let result = try await onThread(failure) { try files.compare(file) }
        if result == .unchanged {
            context.emit(.path(path, result))
            return false
        }
        if files.isDryRun {
            let isKept = context.kept(sha256: digest) != nil
            let fetching = "would fetch '\(urlWithoutQuery(url))', and write '\(path)'"
            context.emit(isKept ? .path(path, result) : .planned(fetching))
            files.expect(path, from: context.task.name, isReplaced: true)
            return true
        }
        // A file that differs only in its permissions or owner is not fetched again.
        let present = try await onThread(failure) { () throws(SystemError) -> String? in
            let location = try files.location(ofWritten: path)
            guard try FileSystem.status(location)?.kind == .regular else { return nil }
            return try sha256(ofFile: location) == digest ? location : nil
        }
        let source: String
        if let present { source = present } else { source = try await context.fetched(url, sha256: digest) }
        let task = context.task.name
        try await onThread(failure) { try files.write(file, from: source, by: task) }
        context.discardOthers(than: [digest])
        context.emit(.path(path, result))
        return true
    }

    /// Unpacks the archive unless its files are in place, and returns whether anything was changed.
    private func runUnpacked(_ part: FileDeclaration.Unpacking) async throws(Problem) -> Bool {
        guard let source = declaration.fileSource else {
            preconditionFailure("the reader refuses 'unpack' without an archive")
        }
        let path = declaration.path.path
        let accounts = try await context.accounts(failure)
        let archive = try await Archive(source, "cannot unpack", context)
        let unpacking = Unpacking(
            context: context,
            declaration: declaration,
            part: part,
            accounts: accounts,
            archive: archive
        )
        if try await onThread({ () throws(Problem) in try unpacking.isDone() }) {
            context.emit(.path(path, .unchanged))
            return false
        }
        if context.run.files.isDryRun {
            context.emit(.planned("would unpack '\(archive.name)' in '\(path)'"))
            context.expectProducts()
            return true
        }
        let isChanged = try await unpacking.run()
        if !isChanged { context.emit(.path(path, .unchanged)) }
        context.discardOthers(than: [archive.sha256])
        return isChanged
    }
}

/// Returns the hunks of a unified diff, or a line in parentheses if one of the contents is too large or not text.
private func unifiedDiff(from old: [UInt8], to new: [UInt8]) -> [String] {
    guard old != new else { return [] }
    guard max(old.count, new.count) <= 4 << 20 else { return ["(content too large to compare)"] }
    let texts = [old, new].compactMap { $0.contains(0) ? nil : String(validating: $0, as: UTF8.self) }
    guard texts.count == 2 else { return ["(binary content)"] }
    return UnifiedDiff(from: texts[0], to: texts[1]).lines
}
