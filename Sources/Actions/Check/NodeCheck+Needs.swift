import Base
import Host
import Planning

/// Needs of programs that the sandbox of their unit does not grant.
extension NodeCheck {
    /// The size in bytes above which a script is not read.
    private static let scriptLimit = 1 << 20

    /// Warns about the programs of a task that work in a shell and that the sandbox of the unit stops.
    func needWarnings(_ task: PlannedTask) -> [Problem] {
        guard let declaration = task.verb.declaration as? ExecDeclaration else { return [] }
        let found = declaration.undeclaredNeeds(script: scriptText(declaration))
        guard !found.isEmpty else { return [] }
        let (verb, object) = found.count == 1 ? ("works", "it") : ("work", "them")
        return [
            Problem(
                .programInSandbox,
                "\(quotedList(found.map(\.program))) \(verb) in a shell, and the sandbox of the unit of task '\(task.name)' "
                    + "stops \(object)",
                at: task.subjectLocation,
                hint: declaration.advice(for: found.map(\.need))
            )
        ]
    }

    /// Returns the text of the script that a task runs, `nil` if there is none or another program than a shell runs it.
    func scriptText(_ declaration: ExecDeclaration) -> String? {
        let script: LocatedPath? =
            if case .script(let path) = declaration.program { path } else { declaration.shellScript }
        guard !isOffline, let script, let bytes = try? run.files.read(script.path, limit: Self.scriptLimit) else {
            return nil
        }
        let first = bytes.prefix { $0 != UInt8(ascii: "\n") }
        let interpreter = String(decoding: first, as: UTF8.self)
        // The program after `#!` or `env`, such as bash.
        let names = interpreter.dropFirst(2).split(separator: " ").prefix(2).compactMap { String($0).pathParts.last }
        guard !interpreter.hasPrefix("#!") || names.contains(where: { $0.hasSuffix("sh") }) else { return nil }
        return bytes.contains(0) ? nil : String(decoding: bytes, as: UTF8.self)
    }
}
