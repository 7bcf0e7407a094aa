import Base
import Host
import Planning

/// Programs that tasks run.
extension NodeCheck {
    /// Reports a command that does not exist, and a program or script that would not start.
    func programProblems(_ footprint: Footprint) -> [Problem] {
        guard footprint.runsPrograms || footprint.command != nil else { return [] }
        guard let command = footprint.command else {
            return footprint.reads.first { $0.use == .file }.map { scriptProblems($0.path) } ?? []
        }
        let name = command.name.path
        let searchPath = command.searchPath ?? run.processEnvironment["PATH"] ?? ""
        let candidates = ExecLine.isPath(name) ? [name] : searchPath.split(separator: ":").map { "\($0)/\(name)" }
        guard !candidates.contains(where: { producers.producer(of: $0) != nil }) else { return [] }
        guard let found = candidates.first(where: { (try? run.files.exists($0)) == true }) else {
            let keys = command.keysOfLine
            let usual = keys.map { "write \($0)" } ?? ProgramFile.advice(onMissing: name, searchPath: searchPath)
            let hint = command.package.map { "install the package '\($0)'" } ?? usual
            return [Problem(.missingProgram, "command '\(name)' not found", at: command.name.location, hint: hint)]
        }
        return startProblems(LocatedPath(found, location: command.name.location), searchPath)
    }

    /// Reports a script that would not start, or whose lines a shell reads otherwise than they look.
    private func scriptProblems(_ script: LocatedPath) -> [Problem] {
        guard producers.producer(of: script.path) == nil, let location = try? run.files.location(ofRead: script.path)
        else {
            return []
        }
        guard (try? FileSystem.isExecutable(location)) == true else {
            guard let fault = ProgramFile.faultOfLines(in: location) else { return [] }
            let message = "script '\(script.path)' \(fault.reason)"
            return [Problem(.missingProgram, message, at: script.location, hint: fault.advice)]
        }
        return startProblems(script, run.processEnvironment["PATH"] ?? "")
    }

    private func startProblems(_ program: LocatedPath, _ searchPath: String) -> [Problem] {
        guard let location = try? run.files.location(ofRead: program.path),
            let fault = ProgramFile.fault(of: location, searchPath: searchPath)
        else { return [] }
        let message = "'\(program.path)' cannot be started: it \(fault.reason)"
        return [Problem(.missingProgram, message, at: program.location, hint: fault.advice)]
    }
}
