import Base
import Execution
import Glibc
import Host
import Planning

/// Verb `exec`: runs a program, if what it creates is not there yet.
struct ExecAction: Action {
    private let context: ActionContext
    private let declaration: ExecDeclaration

    init(_ context: ActionContext, _ declaration: ExecDeclaration) {
        self.context = context
        self.declaration = declaration
    }

    /// Runs the program and returns that something changed, unless there was nothing to do.
    func run() async throws(Problem) -> Bool {
        if let creates = declaration.creates, try isWritten(creates) {
            context.emit(.path(creates.path, .unchanged))
            return false
        }
        guard !context.run.files.isDryRun else {
            // Files that preStart would make are not there.
            if declaration.preStart == nil { _ = try command() }
            let first = declaration.preStart == nil ? "" : "'preStart', then "
            context.emit(.planned("would run \(first)\(commandLine)"))
            return true
        }
        try makeDirectories()
        if let preStart = declaration.preStart {
            try await run(try shell(["-e", "-c", preStart]), named: "'preStart'")
        }
        try await run(try command(), named: commandLine)
        if let creates = declaration.creates {
            guard try isWritten(creates) else {
                let files = context.run.files
                let location = (try? files.location(ofWritten: creates.path)) ?? creates.path
                let correction = "correct 'creates' at \(creates.location)"
                throw Problem(
                    "\(commandLine) succeeded, but '\(location)' does not exist",
                    hint: files.root.isEmpty ? correction : "let it write below '$NEST_ROOT', or \(correction)",
                    publicMessage: "the program succeeded, but '\(creates.path)' does not exist",
                )
            }
            context.emit(.path(creates.path, .created))
        }
        return true
    }

    /// Creates the directories that the program needs, as its unit does before it.
    private func makeDirectories() throws(Problem) {
        for path in context.task.footprint.createdDirectories {
            do {
                try context.run.files.makeDirectories(path, by: context.task.name)
            } catch {
                throw Problem("cannot create directory '\(path)'", hint: context.sandboxHint(for: error), cause: error)
            }
        }
    }

    /// The command line as a shell takes it, in single quotes unless it has some itself.
    private var commandLine: String {
        let program =
            switch declaration.program {
            case .script(let reference): reference.path
            case .command(let name, _): name
            }
        return quotedShellLine([program] + declaration.arguments)
    }

    /// The agent's own environment, the task's variables, and the task's name.
    private var environment: [String: String] {
        context.run.processEnvironment
            .merging(["NEST_TASK": context.task.name, "NEST_ROOT": context.run.files.root]) { $1 }
            .merging(declaration.environment) { $1 }
    }

    /// Whether what the program creates exists; with a root only files below it count, not those of this machine.
    private func isWritten(_ creates: LocatedPath) throws(Problem) -> Bool {
        do {
            let files = context.run.files
            if try files.isPlanned(creates.path) { return true }
            return try FileSystem.exists(try files.location(ofTarget: creates.path))
        } catch {
            throw Problem("'creates' cannot be checked", cause: error)
        }
    }

    private func exists(_ script: LocatedPath) throws(Problem) -> Bool {
        do {
            return try context.run.files.exists(script.path)
        } catch {
            throw Problem("'script' cannot be checked", cause: error)
        }
    }

    private func isExecutable(_ script: String) throws(Problem) -> Bool {
        do {
            return try FileSystem.isExecutable(script)
        } catch {
            throw Problem("'script' cannot be checked", cause: error)
        }
    }

    /// The command; a script that is not executable is handed to the shell.
    private func command() throws(Problem) -> Command {
        switch declaration.program {
        case .command(let name, _):
            if ExecLine.isPath(name) {
                try requireTrusted(name)
            } else if name.hasSlash {
                // A line with a slash in an argument: as a program it would be a path in the current directory.
                throw startProblem(
                    SystemError("cannot run", name, code: ENOENT, detail: "there is no such program")
                )
            }
            if let script = declaration.shellScript { try requireTrusted(script.path) }
            return Command(name, declaration.arguments, environment: environment)
        case .script(let reference):
            let files = context.run.files
            guard try exists(reference) else {
                throw Problem(
                    "script '\(reference.path)' does not exist",
                    hint: "correct 'script' at \(reference.location), or install the file",
                )
            }
            try requireTrusted(reference.path)
            let location = try location(of: reference.path)
            let words = [location] + declaration.arguments
            if declaration.shell != nil { return try shell(words) }
            // With a dry run it may be one that another task would write.
            if !files.isDryRun, try isExecutable(location) {
                return Command(location, declaration.arguments, environment: environment)
            }
            return try shell(["-e"] + words)
        }
    }

    private func location(of path: String) throws(Problem) -> String {
        do {
            return try context.run.files.location(ofRead: path)
        } catch {
            throw Problem("'\(path)' cannot be used", cause: error)
        }
    }

    /// Refuses a program that a user other than root could change before root runs it.
    private func requireTrusted(_ path: String) throws(Problem) {
        do {
            try context.run.files.requireTrusted(path)
        } catch {
            throw Problem("'\(path)' is not run", cause: error)
        }
    }

    private func shell(_ arguments: [String]) throws(Problem) -> Command {
        if let shell = declaration.shell { try requireTrusted(shell.path) }
        return Command(declaration.shell?.path ?? "/bin/sh", arguments, environment: environment)
    }

    /// How long a program may take to end after SIGTERM, which it gets when the task's time is up.
    private var grace: Duration { min(Command.grace, context.task.timeout / 10) }

    /// Runs one command, whose name has its quotes; its output becomes events, and its last line part of an error.
    private func run(_ command: Command, named name: String) async throws(Problem) {
        let last = LastLine()
        let sandboxHint = SandboxHint()
        let status: ExitStatus
        do {
            status = try await Host.run(
                command,
                deadline: context.deadline,
                grace: grace,
                onSurvivor: { [context] in context.survivor.note($0) },
                onLine: { [context] line in
                    last.keep(line)
                    if context.run.isService { sandboxHint.look(at: line, declaration, task: context.task.name) }
                    context.emit(.output(line))
                },
            )
        } catch {
            throw startProblem(error)
        }
        guard !status.isSuccess else { return }
        if let process = context.survivor.process {
            throw Problem(
                "\(name) cannot be ended: process \(process) still runs after SIGKILL",
                hint: "see what it waits for: ps -o pid,user,stat,wchan,args -p \(process)",
                publicMessage: "its program cannot be ended: process \(process) still runs after SIGKILL"
                    + Self.restriction,
            )
        }
        let said = last.text.map { "; its last output was: \($0)" } ?? ""
        guard status == .timedOut else {
            throw Problem(
                "\(name) \(status)\(said)",
                hint: sandboxHint.text,
                publicMessage: "its program \(status)\(Self.restriction)",
            )
        }
        throw Problem(
            "\(name) did not finish within \(context.task.timeout.text) and was stopped\(said)",
            hint: "find out why it takes so long, or increase 'timeout' of task '\(context.task.name)'",
            publicMessage: "its program did not finish within \(context.task.timeout.text) and was stopped"
                + Self.restriction,
        )
    }

    /// Returns the problem of a program that cannot be started; a line of a shell in its place is for root only.
    private func startProblem(_ error: SystemError) -> Problem {
        let isMissing = [ENOENT, ENOTDIR, ENAMETOOLONG].contains(error.code)
        if isMissing, let keys = declaration.keys(instead: error.subject) {
            return Problem(
                "\(error)",
                hint: "write \(keys) in the task at \(context.task.location)",
                cause: error,
                publicMessage: "its program cannot be run: \(error.reason)\(Self.restriction)",
            )
        }
        let hint =
            error.code == E2BIG
            ? "put long texts into a file that the program reads"
            : "install the program, or correct the task at \(context.task.location)"
        return Problem("\(error)", hint: hint, cause: error)
    }

    /// The text in place of command line and output.
    private static let restriction = " (only root may see its command line and output)"
}

extension ExecDeclaration {
    /// Returns the keys for a line of a shell that somebody has written as the command.
    ///
    /// - Parameter name: A program that is not there.
    /// - Returns: What to write instead; `nil` if the program is not the command, or its name is one word.
    func keys(instead name: String) -> String? {
        guard case .command(name, _) = program, name.contains(where: \.isWhitespace) else { return nil }
        return ExecLine(name, before: arguments)?.keys
    }
}

/// The last line that is not blank of what a child process printed.
final class LastLine: Sendable {
    private let line = Locked<String?>(nil)
    var text: String? { line.withLock { $0 } }

    func keep(_ text: String) {
        guard text.contains(where: { !$0.isWhitespace }) else { return }
        line.withLock { $0 = text }
    }
}

/// A process of a task that still runs although it was to be ended, if there is one.
final class SurvivingProcess: Sendable {
    private let number = Locked<Int32?>(nil)
    /// Its number.
    var process: Int32? { number.withLock { $0 } }

    /// Keeps the number of a process.
    func note(_ process: Int32) { number.withLock { $0 = process } }
}
