import Base
import Glibc
import Host

/// The cause of a failure, as far as the end of a program and its last output show it.
enum ExitAdvice {
    /// Returns what to do about a program that failed.
    ///
    /// - Parameters:
    ///   - status: The end of the program.
    ///   - output: Its last line.
    ///   - searchPath: The value of its `PATH`.
    ///   - limits: The counts of the kernel from before the program was started.
    /// - Returns: The advice, or `nil` if the cause is not seen.
    static func text(
        _ status: ExitStatus,
        output: String?,
        searchPath: String,
        limits: LimitEvents,
    ) -> String? {
        if status == .signalled(SIGKILL) { return limits.reachedMemory.map(advice) }
        if let output, isAboutFork(output), let limit = limits.reachedProcesses { return advice(about: limit) }
        guard case .exited(let code) = status else { return nil }
        if let text = signalAdvice(code, limits) { return text }
        guard let output else { return nil }
        if let library = output.firstMatch(of: /error while loading shared libraries: ([^\s:]+): cannot open/)?.1 {
            return "install the package that has '\(library)'"
        }
        // The codes of a shell and of env for a program that is not found, or cannot be started.
        guard code == 126 || code == 127 else { return nil }
        guard let name = missingProgram(in: output) else {
            return code == 126
                ? "the program in its output cannot be started: see its permissions and its first line" : nil
        }
        if name.utf8.last == UInt8(ascii: "\r") || name.hasSuffix("\\r") {
            return #"its lines end with CR LF: run "sed -i 's/\r$//'" on it"#
        }
        return "it calls '\(name)': \(ProgramFile.advice(onMissing: name, searchPath: searchPath))"
    }

    /// Returns what to do about a program that was given a pattern or another interpreter's script.
    ///
    /// - Parameters:
    ///   - words: The program and its arguments; for a script that a shell runs, the script is one of them.
    ///   - output: Its last line.
    /// - Returns: The advice, or `nil` if the cause is not seen.
    static func text(onWords words: [String], output: String?) -> String? {
        if let pattern = words.first(where: { word in
            word.contains { "*?[".contains($0) } && output?.contains(word) == true
                && output?.contains("No such file") == true
        }) {
            return "no shell replaces '\(pattern)' in 'args': write a script, or command: sh, and args: [-c, \"…\"]"
        }
        for word in words.prefix(3) where word.isAbsolutePath {
            guard let interpreter = ProgramFile.otherInterpreter(of: word) else { continue }
            return "it is for '\(interpreter)', and as it is not executable, /bin/sh ran it: run "
                + quotedShellLine(["chmod", "+x", word])
        }
        guard output?.contains("env:") == true, let program = words.first else { return nil }
        return ProgramFile.fault(of: program, searchPath: "").map { "its first line is wrong: \($0.advice)" }
    }

    /// Returns what to do about a shell whose last program was ended by a signal: its code is 128 and the signal's number.
    private static func signalAdvice(_ code: Int32, _ limits: LimitEvents) -> String? {
        let signal = code - 128
        switch signal {
        case SIGKILL: return limits.reachedMemory.map(advice)
        case SIGPIPE:
            return
                "a program of a pipe wrote after its reader had ended (SIGPIPE): let the reader read everything, or write the "
                + "script without 'pipefail' there"
        case SIGSEGV, SIGBUS, SIGILL, SIGABRT, SIGXCPU, SIGXFSZ:
            return
                "a program that it runs was ended by signal \(Signals.name(of: signal)): see 'coredumpctl' or its log"
        default: return nil
        }
    }

    private static func advice(about limit: LimitEvents.Limit) -> String {
        switch limit {
        case .machineMemory:
            "the machine ran out of memory, and the kernel has killed a process: see 'journalctl -k --grep=oom'"
        case .groupMemory(let clause): "\(clause): raise it ('MemoryMax=' of its unit), or let the program use less"
        case .processes(let clause): "\(clause): raise it ('TasksMax=' of its unit), or start fewer at a time"
        }
    }

    /// Returns whether a program says that it could not start a process or a thread (EAGAIN of fork(2)).
    private static func isAboutFork(_ output: String) -> Bool {
        let words = output.lowercased()
        return ["fork", "pthread_create", "resource temporarily unavailable"].contains { words.contains($0) }
    }

    /// Finds the name in the messages of shells and of env, such as `run.sh: 2: foo: not found` of dash,
    /// `run.sh: line 2: foo: command not found` of bash and `env: ‘foo’: No such file or directory`.
    private static func missingProgram(in output: String) -> String? {
        let ofShell = /[^:]+: (?:line )?\d+: (?<name>[^\s:]+): (?:command )?not found/
        let ofEnvironment = /(?:\/usr\/bin\/)?env: ['‘]?(?<name>[^\s:'‘’]+)['’]?: No such file or directory/
        let name = output.wholeMatch(of: ofShell)?.name ?? output.wholeMatch(of: ofEnvironment)?.name
        return name.map(String.init)
    }
}
