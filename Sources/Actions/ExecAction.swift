import Execution
import Host
import Planning

/// Verb `exec`: runs a program, if what it creates is not there yet.
struct ExecAction {
    private let context: ActionContext
    private let declaration: ExecDeclaration

    init(_ context: ActionContext, _ declaration: ExecDeclaration) {
        self.context = context
        self.declaration = declaration
    }

    /// Runs the program and tells that something changed, unless there was nothing to do.
    func run() async throws(ActionError) -> Bool {
        if let creates = declaration.creates, try exists(creates, "creates") {
            context.emit(.path(creates.path, .unchanged))
            return false
        }
        guard !context.run.files.isDryRun else {
            // What preStart would make is not there.
            if declaration.preStart == nil { _ = try command() }
            context.emit(.output("would run \(commandLine)"))
            return true
        }
        try makeDirectories()
        if let preStart = declaration.preStart {
            try await run(Self.shell(["-c", preStart], environment), named: "preStart")
        }
        try await run(try command(), named: commandLine)
        if let creates = declaration.creates {
            guard try exists(creates, "creates") else {
                throw ActionError(
                    "'\(commandLine)' succeeded, but '\(creates.path)' is not there",
                    hint: "correct 'creates' at \(creates.place)",
                )
            }
            context.emit(.path(creates.path, .created))
        }
        return true
    }

    /// Makes the directories that the program is to find, as its unit does before it.
    private func makeDirectories() throws(ActionError) {
        for path in context.task.verb.neededDirectories {
            do {
                try FileSystem.makeDirectories(context.run.files.location(ofWritten: path))
            } catch {
                throw ActionError("directory '\(path)' is not made", hint: hint(for: error), cause: error)
            }
        }
    }

    private var commandLine: String {
        let program =
            switch declaration.program {
            case .script(let reference): reference.path
            case .command(let name, _): name
            }
        return ([program] + declaration.arguments).joined(separator: " ")
    }

    /// The agent's own environment, what the task adds, and who the task is.
    private var environment: [String: String] {
        context.run.processEnvironment
            .merging(["NEST_TASK": context.task.name, "NEST_ROOT": context.run.files.root]) { $1 }
            .merging(declaration.environment) { $1 }
    }

    private func exists(_ reference: PathReference, _ key: String) throws(ActionError) -> Bool {
        do {
            return try context.run.files.exists(reference.path)
        } catch {
            throw ActionError("'\(key)' cannot be looked at", cause: error)
        }
    }

    private func isExecutable(_ script: String) throws(ActionError) -> Bool {
        do {
            return try FileSystem.isExecutable(script)
        } catch {
            throw ActionError("'script' cannot be looked at", cause: error)
        }
    }

    /// The command; a script that is not executable is handed to the shell.
    private func command() throws(ActionError) -> Command {
        switch declaration.program {
        case .command(let name, _):
            return Command(name, declaration.arguments, environment: environment)
        case .script(let reference):
            let files = context.run.files
            guard try exists(reference, "script") else {
                throw ActionError(
                    "script '\(reference.path)' does not exist",
                    hint: "correct 'script' at \(reference.place), or install the file",
                )
            }
            let location = files.location(ofRead: reference.path)
            // With a dry run it may be one that another task would write.
            if !files.isDryRun, try isExecutable(location) {
                return Command(location, declaration.arguments, environment: environment)
            }
            return Self.shell([location] + declaration.arguments, environment)
        }
    }

    private static func shell(_ arguments: [String], _ environment: [String: String]) -> Command {
        Command("/bin/sh", ["-e"] + arguments, environment: environment)
    }

    /// How long a program may take to end when it is told to; it is a part of the task's time, not added to it.
    private var grace: Duration { min(.seconds(5), context.task.timeout / 10) }

    /// Runs one command to its end; its output becomes events, and the last line of it part of an error.
    private func run(_ command: Command, named name: String) async throws(ActionError) {
        let last = LastLine()
        let refusal = Refusal()
        let status: ExitStatus
        do {
            status = try await Host.run(command, deadline: context.deadline - grace, grace: grace) { [context] line in
                last.keep(line)
                refusal.look(at: line, declaration, task: context.task.name)
                context.emit(.output(line))
            }
        } catch {
            throw ActionError(
                "'\(name)' cannot be run",
                hint: "install it, or correct the task at \(context.task.place)",
                cause: error,
            )
        }
        guard !status.isSuccess else { return }
        let said = last.text.map { "; its last line was: \($0)" } ?? ""
        guard status == .timedOut else {
            throw ActionError("'\(name)' \(status)\(said)", hint: refusal.text)
        }
        throw ActionError(
            "'\(name)' did not end within \(context.task.timeout.text) and was ended\(said)",
            hint: "see why it takes so long, or raise 'timeout' of task '\(context.task.name)'",
        )
    }
}
