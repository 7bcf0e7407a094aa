import Base
import Glibc
import Host
import Planning

/// Verb `exec`: runs a program, unless the path that it creates exists.
struct ExecAction: Action {
    let context: ActionContext
    let declaration: ExecDeclaration

    func run() async throws(Problem) -> Bool {
        if let creates = declaration.creates, try isWritten(creates) {
            context.emit(.path(creates.path, .unchanged))
            return false
        }
        guard !context.run.files.isDryRun else {
            // A program that 'preStart' may create cannot be checked in a dry run.
            if declaration.preStart == nil { _ = try command() }
            context.expectProducts()
            let first = declaration.preStart == nil ? "" : "'preStart', then "
            context.emit(.planned("would run \(first)\(commandLine)"))
            return true
        }
        try makeDirectories()
        if let preStart = declaration.preStart {
            _ = try await run(try shell(["-e", "-c", preStart]), named: "'preStart'")
        }
        let command = try command()
        let output = try await run(command, named: commandLine)
        if let creates = declaration.creates {
            guard try isWritten(creates) else {
                let missing = "succeeded, but '\(creates.path)' does not exist"
                throw Problem(
                    "\(commandLine) \(missing)" + (output.map { "; its last output was: \($0)" } ?? ""),
                    at: creates.location,
                    publicMessage: "the program \(missing)",
                )
            }
            context.emit(.path(creates.path, .created))
        }
        return true
    }

    /// Creates the missing directories in which the program is declared to write.
    private func makeDirectories() throws(Problem) {
        for path in context.task.footprint.createdDirectories {
            try attempt("cannot create directory '\(path)'") {
                try context.run.files.makeDirectories(path, by: context.task.name)
            }
        }
    }

    /// The command line as shown in messages, quoted for a shell.
    private var commandLine: String {
        let program =
            switch declaration.program {
            case .script(let reference): reference.path
            case .command(let name, _): name
            }
        return quotedShellLine([program] + declaration.arguments)
    }

    /// The base environment of child processes with `NEST_TASK` and `NEST_ROOT`, overridden by the task's variables.
    private var environment: [String: String] {
        context.run.processEnvironment
            .merging(["NEST_TASK": context.task.name, "NEST_ROOT": context.run.files.root]) { $1 }
            .merging(declaration.environment) { $1 }
    }

    /// Returns whether the path that the program creates exists below the root directory or, in a dry run, would exist.
    private func isWritten(_ creates: LocatedPath) throws(Problem) -> Bool {
        try attempt("'creates' cannot be checked", at: creates.location) {
            let files = context.run.files
            if try files.isPlanned(creates.path), files.expectedTask(of: creates.path) == nil { return true }
            return try FileSystem.exists(try files.location(ofTarget: creates.path))
        }
    }

    /// Returns the command; `/bin/sh -e` runs a script that is not executable and has no declared shell.
    private func command() throws(Problem) -> Command {
        switch declaration.program {
        case .command(let name, _):
            if name.hasSlash { try requireTrusted(name) }
            if let script = declaration.shellScript { try requireTrusted(script.path) }
            return Command(name, declaration.arguments, environment: environment)
        case .script(let reference):
            let files = context.run.files
            let failure = "'script' cannot be checked"
            guard try attempt(failure, { try files.exists(reference.path) }) else {
                let error = SystemError("cannot run script", reference.path, code: ENOENT).examined()
                throw Problem("\(error)", at: reference.location, hint: error.adviceAboutSource("script"))
            }
            try requireTrusted(reference.path)
            let location = try attempt(failure) { try files.location(ofRead: reference.path) }
            let words = [location] + declaration.arguments
            if declaration.shell != nil { return try shell(words) }
            let program = Command(location, declaration.arguments, environment: environment)
            // In a dry run, the script may be a file that another task would write.
            let isExecutable = !files.isDryRun && (try? program.locate()) != nil
            return isExecutable ? program : try shell(["-e"] + words)
        }
    }

    /// Refuses an untrusted program; see ``NodeFiles/requireTrusted(_:isData:)``.
    private func requireTrusted(_ path: String) throws(Problem) {
        try attempt("'\(path)' is not run") { try context.run.files.requireTrusted(path) }
    }

    private func shell(_ arguments: [String]) throws(Problem) -> Command {
        if let shell = declaration.shell { try requireTrusted(shell.path) }
        return Command(declaration.shell?.path ?? "/bin/sh", arguments, environment: environment)
    }

    /// Runs a command, emits its output, and returns the last lines of the output; `name` names the command in errors.
    private func run(_ command: Command, named name: String) async throws(Problem) -> String? {
        let last = LastLines()
        let status: ExitStatus
        do {
            status = try await Host.run(
                try confined(command),
                deadline: context.deadline,
                grace: min(Command.grace, context.task.timeout / 10),
                onSurvivor: { [context] in context.survivors.insert($0) },
                onLine: { [context] line in
                    last.keep(line)
                    context.emit(.output(line))
                },
            )
        } catch {
            let text = "its program cannot be run" + Self.restriction
            throw Problem("\(error)", hint: error.advice, cause: error, publicMessage: text)
        }
        guard !status.isSuccess else { return last.text }
        func failure(_ words: String, _ detail: String = "", hint: String?) -> Problem {
            let text = "its program \(words)\(Self.restriction)"
            return Problem("\(name) \(words)\(detail)", hint: hint, publicMessage: text)
        }
        if let process = context.survivors.all.first {
            throw failure(
                "cannot be ended: process \(process) still runs after SIGKILL",
                hint: "see what it waits for: ps -o pid,user,stat,wchan,args -p \(process)"
            )
        }
        let said = last.text.map { "; its last output was: \($0)" } ?? ""
        guard status == .timedOut else {
            let isSilent = if case .exited = status { last.text == nil } else { false }
            throw failure("\(status)", isSilent ? " and wrote nothing" : said, hint: sandboxHint)
        }
        throw failure(
            "did not finish within \(context.task.timeout.text) and was stopped",
            said,
            hint:
                "a program that does not end, such as a server, belongs into a unit, and 'wait' waits for it; otherwise find out "
                + "what it waits for, or increase 'timeout' of task '\(context.task.name)'"
        )
    }

    /// Returns the command that runs a program in the task's sandbox, or the same command if there is no sandbox.
    private func confined(_ command: Command) throws(SystemError) -> Command {
        guard let taskFiles = context.run.confinedTaskFiles, declaration.hasSandbox else { return command }
        var command = command
        command.program = try command.locate()
        let sandbox = Sandbox(
            ofProgram: context.task,
            in: context.run.plan,
            taskFiles: taskFiles,
            linked: FileSystem.linkedNames
        )
        // These directories must exist, so that they stay covered or read-only when other tasks fill them later.
        for path in sandbox.closedDirectories { try context.run.files.makeDirectories(path, by: context.task.name) }
        return try sandbox.command(running: command)
    }

    /// The hint for a program that failed in its sandbox, if it has one.
    private var sandboxHint: String? {
        guard context.run.confinedTaskFiles != nil, declaration.hasSandbox else { return nil }
        return "its sandbox allows only what the task names: see 'reads', 'writes', 'network' and 'capabilities' of "
            + "'exec', or write sandbox: false"
    }

    /// The note in public messages, which contain neither the command line nor the output.
    private static let restriction = " (only root may see its command line and output)"
}

/// The last three lines of a child process's output that are not blank.
final class LastLines: Sendable {
    private let lines = Locked<[String]>([])

    /// The lines, separated by ` | `, or `nil` if there is none.
    var text: String? {
        let lines = lines.withLock { $0 }
        return lines.isEmpty ? nil : lines.joined(separator: " | ")
    }

    func keep(_ line: String) {
        guard line.contains(where: { !$0.isWhitespace }) else { return }
        lines.withLock { $0 = $0.suffix(2) + [line] }
    }
}
