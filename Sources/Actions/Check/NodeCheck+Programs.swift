import Archive
import Base
import Host
import Planning

/// Programs that tasks run.
extension NodeCheck {
    /// Reports a command that does not exist, and a program or script that would not start.
    func programProblems(_ footprint: Footprint) async -> [Problem] {
        guard let command = footprint.command else { return footprint.runsPrograms ? scriptProblems(footprint) : [] }
        let name = command.name.path
        var searchPath = command.searchPath ?? run.processEnvironment["PATH"] ?? ""
        if command.package != nil { searchPath = searchPathOfPackages(searchPath) }
        let directories = searchPath.split(separator: ":")
        let candidates = ExecLine.isPath(name) ? [name] : directories.map { "\($0)/\(name)" }
        guard !candidates.contains(where: { producers.producer(of: $0) != nil }) else { return [] }
        let problems = problems(of: command, candidates, searchPath)
        guard !problems.isEmpty else { return [] }
        for path in candidates where await mayBeUnpacked(path, of: command.package) { return [] }
        return problems
    }

    /// Reports a command that does not exist or would not start.
    private func problems(
        of command: Footprint.Command,
        _ candidates: [String],
        _ searchPath: String,
    ) -> [Problem] {
        let name = command.name.path
        let existing = candidates.filter { (try? run.files.exists($0)) == true }
        // The first one that can be executed is started; see execvp(3).
        let isStarted = { (path: String) in
            (try? FileSystem.isExecutable(path)) == true && !self.run.files.isDirectory(path)
        }
        if let found = existing.first(where: isStarted) ?? existing.first {
            return startProblems(LocatedPath(found, location: command.name.location), searchPath)
        }
        let keys = command.keysOfLine
        let usual = keys.map { "write \($0)" } ?? ProgramFile.advice(onMissing: name, searchPath: searchPath)
        let hint = command.package.map { "install the package '\($0)'" } ?? usual
        return [Problem(.missingProgram, "command '\(name)' not found", at: command.name.location, hint: hint)]
    }

    /// Reports a script that would not start.
    ///
    /// The first line of a script that `shell` runs is a comment.
    private func scriptProblems(_ footprint: Footprint) -> [Problem] {
        guard let script = footprint.reads.first(where: { $0.use == .file })?.path,
            producers.producer(of: script.path) == nil,
            let location = try? run.files.location(ofRead: script.path), !run.files.isDirectory(script.path)
        else { return [] }
        let isRunByShell =
            footprint.reads.contains { $0.use == .program } || (try? FileSystem.isExecutable(location)) != true
        // The task may have a PATH of its own.
        guard isRunByShell else { return startProblems(script, nil) }
        return ProgramFile.lineFault(of: location).map { [problem(script, $0)] } ?? []
    }

    /// Warns about a script that is not executable, so that the shell runs it in place of the interpreter that it names.
    func shellWarnings(_ footprint: Footprint) -> [Problem] {
        guard footprint.runsPrograms, footprint.command == nil,
            !footprint.reads.contains(where: { $0.use == .program }),
            let script = footprint.reads.first(where: { $0.use == .file })?.path,
            producers.producer(of: script.path) == nil,
            let location = try? run.files.location(ofRead: script.path),
            let interpreter = ProgramFile.otherInterpreter(of: location)
        else { return [] }
        let message =
            "'\(script.path)' is not executable, so /bin/sh runs it, and its first line names '\(interpreter)'"
        let hint = "run \(quotedShellLine(["chmod", "+x", script.path]))"
        return [Problem(.missingProgram, message, at: script.location, hint: hint)]
    }

    private func startProblems(_ program: LocatedPath, _ searchPath: String?) -> [Problem] {
        guard let location = try? run.files.location(ofRead: program.path),
            let fault = ProgramFile.fault(of: location, searchPath: searchPath)
        else { return [] }
        // An earlier task may install the interpreter.
        if let missing = fault.missing, producers.producer(of: missing) != nil { return [] }
        return [problem(program, fault)]
    }

    private func problem(_ program: LocatedPath, _ fault: ProgramFile.Fault) -> Problem {
        let message = "'\(program.path)' cannot be started: it \(fault.reason)"
        return Problem(.missingProgram, message, at: program.location, hint: fault.advice)
    }
}
