import Base
import Execution
import Glibc
import Host
import Planning

/// Verb `exec`: runs a program, unless the path that it creates exists.
struct ExecAction: Action {
    private let context: ActionContext
    private let declaration: ExecDeclaration

    init(_ context: ActionContext, _ declaration: ExecDeclaration) {
        self.context = context
        self.declaration = declaration
    }

    /// Runs the program and returns `true`, or returns `false` if there was nothing to do.
    func run() async throws(Problem) -> Bool {
        if let creates = declaration.creates, try isWritten(creates) {
            context.emit(.path(creates.path, .unchanged))
            return false
        }
        guard !context.run.files.isDryRun else {
            // Files that 'preStart' would create do not exist in a dry run.
            if declaration.preStart == nil { _ = try command() }
            for write in context.task.footprint.writes where [.creates, .modifies].contains(write.effect) {
                context.run.files.expect(write.path.path, from: context.task.name)
            }
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
            guard try isWritten(creates) else { throw missing(creates, after: command, output: output) }
            context.emit(.path(creates.path, .created))
        }
        return true
    }

    /// Returns the problem of a program that succeeded and did not create its path.
    private func missing(_ creates: LocatedPath, after command: Command, output: String?) -> Problem {
        let files = context.run.files
        let product = MissingProduct(
            path: creates.path,
            location: (try? files.location(ofWritten: creates.path)) ?? creates.path,
            root: files.root,
            declaration: declaration,
            command: command
        )
        return Problem(
            .programFailed,
            "\(commandLine) succeeded, but \(product.reason)" + (output.map { "; its last output was: \($0)" } ?? ""),
            at: creates.location,
            hint: product.advice,
            publicMessage: "the program succeeded, but '\(creates.path)' does not exist",
        )
    }

    /// Creates the directories that the program needs, as the task's unit does before it starts the program.
    private func makeDirectories() throws(Problem) {
        for path in context.task.footprint.createdDirectories {
            do {
                try context.run.files.makeDirectories(path, by: context.task.name)
            } catch {
                throw Problem(
                    .systemCallFailed,
                    "cannot create directory '\(path)'",
                    hint: context.hint(for: error),
                    cause: error
                )
            }
        }
    }

    /// The command line, quoted for a shell.
    private var commandLine: String {
        let program =
            switch declaration.program {
            case .script(let reference): reference.path
            case .command(let name, _): name
            }
        return quotedShellLine([program] + declaration.arguments)
    }

    /// The agent's environment with `NEST_TASK` and `NEST_ROOT`, and the task's variables, which override the others.
    private var environment: [String: String] {
        context.run.processEnvironment
            .merging(["NEST_TASK": context.task.name, "NEST_ROOT": context.run.files.root]) { $1 }
            .merging(declaration.environment) { $1 }
    }

    /// Returns whether the path that the program creates exists; with a root, only the path below the root counts.
    private func isWritten(_ creates: LocatedPath) throws(Problem) -> Bool {
        do {
            let files = context.run.files
            if try files.isPlanned(creates.path), files.expectedTask(of: creates.path) == nil { return true }
            return try FileSystem.exists(try files.location(ofTarget: creates.path))
        } catch {
            throw Problem(
                .systemCallFailed,
                "'creates' cannot be checked",
                at: creates.location,
                cause: error.examined()
            )
        }
    }

    private func exists(_ script: LocatedPath) throws(Problem) -> Bool {
        do {
            return try context.run.files.exists(script.path)
        } catch {
            throw Problem(.systemCallFailed, "'script' cannot be checked", cause: error.examined())
        }
    }

    private func isExecutable(_ script: String) throws(Problem) -> Bool {
        do {
            return try FileSystem.isExecutable(script)
        } catch {
            throw Problem(.systemCallFailed, "'script' cannot be checked", cause: error.examined())
        }
    }

    /// Returns the command; a script that is not executable is run by the shell.
    private func command() throws(Problem) -> Command {
        switch declaration.program {
        case .command(let name, _):
            if ExecLine.isPath(name) {
                try requireTrusted(name)
            } else if name.hasSlash {
                // The name may be a whole command line with a slash in an argument, which would be taken for a
                // relative path.
                throw startProblem(
                    SystemError("cannot run", name, code: ENOENT, detail: "there is no such program")
                )
            }
            if let script = declaration.shellScript { try requireTrusted(script.path) }
            return Command(name, declaration.arguments, environment: environment)
        case .script(let reference):
            let files = context.run.files
            guard try exists(reference) else {
                let error = SystemError("cannot run", reference.path, code: ENOENT).examined()
                throw Problem(
                    .missingFile,
                    "script '\(reference.path)' does not exist" + (error.detail.map { ": \($0)" } ?? ""),
                    at: reference.location,
                    hint: error.advice ?? "put the file there, or correct 'script'",
                )
            }
            try requireTrusted(reference.path)
            let location = try location(of: reference.path)
            let words = [location] + declaration.arguments
            if !files.isDryRun { try requireLines(of: reference, at: location) }
            if declaration.shell != nil { return try shell(words) }
            // In a dry run, the script may be a file that another task would write.
            if !files.isDryRun, try isExecutable(location) {
                return Command(location, declaration.arguments, environment: environment)
            }
            return try shell(["-e"] + words)
        }
    }

    /// Refuses a script with CR LF that a shell runs, which would take the CR for a part of the words.
    private func requireLines(of script: LocatedPath, at location: String) throws(Problem) {
        guard try !isExecutable(location) || declaration.shell != nil, let fault = ProgramFile.lineFault(of: location)
        else { return }
        throw Problem(
            .missingProgram,
            "script '\(script.path)' is not run: it \(fault.reason)",
            at: script.location,
            hint: fault.advice
        )
    }

    private func location(of path: String) throws(Problem) -> String {
        do {
            return try context.run.files.location(ofRead: path)
        } catch {
            throw Problem(.systemCallFailed, "'\(path)' cannot be used", cause: error)
        }
    }

    /// Refuses a program that a user other than root could change before root runs it.
    private func requireTrusted(_ path: String) throws(Problem) {
        do {
            try context.run.files.requireTrusted(path)
        } catch {
            throw Problem(.changeableByOthers, "'\(path)' is not run", cause: error.examined())
        }
    }

    private func shell(_ arguments: [String]) throws(Problem) -> Command {
        if let shell = declaration.shell { try requireTrusted(shell.path) }
        return Command(declaration.shell?.path ?? "/bin/sh", arguments, environment: environment)
    }

    /// The time that a program has to end after the SIGTERM at the task's deadline.
    private var grace: Duration { min(Command.grace, context.task.timeout / 10) }

    /// Runs a command and emits its output; `name` is already quoted, and errors contain the last line of the output.
    ///
    /// - Returns: The last line of the output.
    private func run(_ command: Command, named name: String) async throws(Problem) -> String? {
        let last = LastLine()
        let sandboxHint = SandboxHint()
        let limits = LimitEvents()
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
        guard !status.isSuccess else { return last.text }
        if let process = context.survivor.process {
            throw Problem(
                .programTimedOut,
                "\(name) cannot be ended: process \(process) still runs after SIGKILL",
                hint: "see what it waits for: ps -o pid,user,stat,wchan,args -p \(process)",
                publicMessage: "its program cannot be ended: process \(process) still runs after SIGKILL"
                    + Self.restriction,
            )
        }
        let said = last.text.map { "; its last output was: \($0)" } ?? ""
        guard status == .timedOut else {
            let isSilent = if case .exited = status { last.text == nil } else { false }
            let advice = await advice(on: status, of: command, named: name, last, limits)
            throw Problem(
                .programFailed,
                "\(name) \(status)\(isSilent ? " and wrote nothing" : said)",
                hint: sandboxHint.text ?? advice,
                publicMessage: "its program \(status)\(Self.restriction)",
            )
        }
        throw Problem(
            .programTimedOut,
            "\(name) did not finish within \(context.task.timeout.text) and was stopped\(said)",
            hint:
                "a program that does not end, such as a server, belongs into a unit, and 'wait' waits for it; otherwise find out "
                + "what it waits for, or increase 'timeout' of task '\(context.task.name)'",
            publicMessage: "its program did not finish within \(context.task.timeout.text) and was stopped"
                + Self.restriction,
        )
    }

    /// Returns what to do about a program that failed, `nil` if the cause is not seen.
    ///
    /// - Parameters:
    ///   - status: The end of the program.
    ///   - command: The program.
    ///   - name: The name of the program in messages.
    ///   - last: Its last lines.
    ///   - limits: The counts of the kernel from before the program was started.
    /// - Returns: The advice.
    private func advice(
        on status: ExitStatus,
        of command: Command,
        named name: String,
        _ last: LastLine,
        _ limits: LimitEvents,
    ) async -> String? {
        let output = last.text
        let words = [command.program] + command.arguments
        var isCommand = false
        if case .command = declaration.program { isCommand = name == commandLine }
        let outputAdvice = OutputAdvice(
            words: words,
            environment: environment,
            kubeconfig: context.usualKubeconfig,
            shell: declaration.shell?.path,
            isCommand: isCommand,
            isService: context.run.isService,
            targets: [context.task.footprint.writes.map(\.path.path), [Machine.workingDirectory()]].flatMap(\.self),
        )
        let path = environment["PATH"] ?? ""
        let hasExited = if case .exited = status { true } else { false }
        let (exited, isSilent) = (hasExited ? output : nil, hasExited && output == nil)
        if let exited {
            if let advice = await ExitAdvice.advice(onLibraryIn: exited, environment: environment) { return advice }
            if let advice = outputAdvice.text(for: exited) { return advice }
        }
        return ExitAdvice.text(status, output: output, searchPath: path, limits: limits)
            ?? ExitAdvice.text(onWords: words, output: output)
            ?? exited.flatMap { _ in PromptAdvice.text(for: last.recent) } ?? exited.flatMap(outputAdvice.pathAdvice)
            ?? (isSilent ? traceAdvice(words, isPreStart: name != commandLine) : nil)
    }

    /// Returns how to see the command at which a silent shell script ended, `nil` for other programs.
    private func traceAdvice(_ words: [String], isPreStart: Bool) -> String? {
        let purpose = "to see the command at which it ended"
        if isPreStart { return "write 'set -x' as its first line \(purpose)" }
        var words = words
        if let script = words.first, let shell = ProgramFile.shell(of: script) {
            words = shell + ["-x"] + words
        } else if words.dropFirst().first == "-e" {
            words[1] = "-ex"
        } else {
            guard declaration.shell != nil || declaration.shellScript != nil else { return nil }
            words.insert("-x", at: 1)
        }
        return "run \(quotedShellLine(words)) \(purpose)"
    }

    /// Returns the problem of a program that cannot be started; a command line given as its name is shown only to root.
    private func startProblem(_ error: SystemError) -> Problem {
        let isMissing = [ENOENT, ENOTDIR, ENAMETOOLONG].contains(error.code)
        let command = context.task.footprint.command
        if isMissing, command?.name.path == error.subject, let keys = command?.keysOfLine {
            return Problem(
                error.isNotFound ? .missingProgram : error.problemCode,
                "\(error)",
                hint: "write \(keys)",
                cause: error,
                publicMessage: "its program cannot be run: \(error.reason)\(Self.restriction)",
            )
        }
        let hint =
            error.advice
            ?? (error.code == E2BIG
                ? "\(sizeOfTexts): put long texts into a file that the program reads"
                : isMissing ? ProgramFile.advice(onMissing: error.subject, searchPath: environment["PATH"] ?? "") : nil)
        return Problem(error.isNotFound ? .missingProgram : error.problemCode, "\(error)", hint: hint, cause: error)
    }

    /// The size of the arguments and the environment, and the limit; see execve(2).
    private var sizeOfTexts: String {
        let texts = declaration.arguments + environment.map { "\($0)=\($1)" }
        // Each text has a NUL at its end, and a pointer.
        let size = texts.reduce(0) { $0 + $1.utf8.count + 9 }
        return
            "its arguments and environment have about \(size) bytes, and the limit is \(sysconf(CInt(_SC_ARG_MAX))), a "
            + "quarter of that of its stack"
    }

    /// The text that replaces the command line and the output.
    private static let restriction = " (only root may see its command line and output)"
}

/// The last non-blank line that a child process printed and that is not about the line before it.
final class LastLine: Sendable {
    private let line = Locked<String?>(nil)
    private let lines = Locked<[String]>([])
    var text: String? { line.withLock { $0 } }

    /// The last six lines that are not blank, in which a question may precede what the program said at the end of its input.
    var recent: [String] { lines.withLock { $0 } }

    func keep(_ text: String) {
        guard text.contains(where: { !$0.isWhitespace }) else { return }
        lines.withLock { $0 = $0.suffix(5) + [text] }
        let isRemark = Self.remarks.contains { text.contains($0) }
        line.withLock { line in
            if line == nil || !isRemark { line = text }
        }
    }

    /// Parts of the lines with which programs end their messages, and which say less than the line before.
    private static let remarks = [
        // mount
        "dmesg(1) may have more information",
        // apt and dpkg, after the lock and the process that has it
        "E: Unable to acquire the dpkg frontend lock", "E: Unable to lock directory", "E: Unable to lock the ",
        "Note: removing the lock file is always wrong", "See <https://wiki.debian.org/Teams/Dpkg/FAQ",
        // dd, after an error
        " records in", " records out", " copied, ",
        // GNU programs, after a wrong argument
        "--help' for more information", "Perhaps iptables or your kernel needs to be upgraded",
    ]
}

/// The process of a task that is still running after it was killed, if there is one.
final class SurvivingProcess: Sendable {
    private let number = Locked<Int32?>(nil)
    /// The process ID, `nil` if no process is still running.
    var process: Int32? { number.withLock { $0 } }

    /// Records the ID of a process that is still running.
    func note(_ process: Int32) { number.withLock { $0 = process } }
}
