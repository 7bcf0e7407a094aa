import Base
import Planning

/// The content of a file that another program has encrypted, which a `file` task would write as it is.
struct EncryptedContent {
    let task: PlannedTask
    let plan: Plan

    /// The problem or the warning about a content.
    struct Finding {
        var problem: Problem
        /// Whether the content is of no use on a node, so that the task fails.
        var isCertain: Bool
    }

    /// The extensions of files that are encrypted on purpose.
    private static let extensions: Set = ["age", "asc", "enc", "encrypted", "gpg", "pgp", "sops", "vault"]

    /// Examines the content of the file that a task writes.
    ///
    /// Nothing is reported if the name of the file says that it is encrypted, or another task uses the file, which may
    /// decrypt it. Ansible Vault and the values of SOPS are decrypted before a node gets them.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - declaration: The file.
    /// - Returns: The finding at the source of the content, `nil` if there is none.
    func finding(in bytes: [UInt8], of declaration: FileDeclaration) -> Finding? {
        guard let format = ContentFormat.encrypted(bytes) else { return nil }
        let path = declaration.path.path
        let isNamed = path.pathParts.last?.split(separator: ".").contains { Self.extensions.contains($0.lowercased()) }
        guard isNamed != true, !isUsed(path) else { return nil }
        let source: LocatedPath? = if case .path(let source) = declaration.source { source } else { nil }
        let subject = source.map { "'\($0.path)'" } ?? "'content' of task '\(task.name)'"
        let problem = Problem(
            .otherFileKind,
            "\(subject) is \(format.name), and '\(path)' would be too",
            at: source?.location ?? declaration.path.location,
            hint: format.hint(path: source?.path, for: .content)
        )
        return Finding(problem: problem, isCertain: format.kind != .encrypted)
    }

    /// Returns whether another task reads the file, or names it in the arguments of its program.
    private func isUsed(_ path: String) -> Bool {
        plan.steps.contains { step in
            let footprint = step.task.footprint
            return step.task.name != task.name
                && (footprint.reads.contains { $0.path.path == path }
                    || footprint.command?.arguments.contains { $0.contains(path) } == true)
        }
    }
}

extension NodeCheck {
    /// Examines the content that a task writes to a file, unless the content is not known yet.
    func encryptedContent(_ task: PlannedTask) -> EncryptedContent.Finding? {
        guard let file = task.verb.declaration as? FileDeclaration, file.unpacking == nil else { return nil }
        let bytes: [UInt8]
        switch file.source {
        case .content(let text): bytes = Array(text.utf8)
        case .url: return nil
        case .path(let source):
            guard producers.producer(of: source.path) == nil, !isOffline || !isAbsent(source),
                let read = try? run.files.read(source.path, limit: SizeLimit.content)
            else { return nil }
            bytes = read
        case .generated: return nil
        }
        return EncryptedContent(task: task, plan: run.plan).finding(in: bytes, of: file)
    }
}
