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
        if case .signalled(let signal) = status { return advice(onSignal: signal, limits) }
        if let output, isAboutFork(output), let limit = limits.reachedProcesses { return advice(about: limit) }
        guard case .exited(let code) = status else { return nil }
        // The code of a shell whose last program was ended by a signal.
        if code - 128 == SIGKILL { return advice(onSignal: SIGKILL, limits) }
        if let text = advice(onSignal: code - 128, limits) {
            return "a program that it runs was ended by signal \(Signals.name(of: code - 128)): \(text)"
        }
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

    /// Returns what to do about a program that was ended by a signal, `nil` if the cause is not seen.
    private static func advice(onSignal signal: Int32, _ limits: LimitEvents) -> String? {
        switch signal {
        case SIGKILL:
            limits.reachedMemory.map(advice)
                ?? (limits.hasReachedProcessorTime ? advice(onProcessorTime: limits.processorTimeLimit) : nil)
        case SIGXCPU: advice(onProcessorTime: limits.processorTimeLimit)
        case SIGPIPE:
            "a program of a pipe wrote after its reader had ended: let the reader read everything, or write the script without "
                + "'pipefail' there"
        case SIGILL:
            "it needs instructions that this processor lacks, is damaged, or has an error: install its build for this "
                + "processor again, or see 'coredumpctl' or its log"
        case SIGXFSZ:
            "it wrote a file that is larger than the limit (RLIMIT_FSIZE): raise 'LimitFSIZE=' of its unit, or 'ulimit -f'"
        case SIGSYS: "a filter of system calls forbids one that it needs: see 'SystemCallFilter=' of its unit"
        case SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGTRAP: "see 'coredumpctl' or its log"
        default: nil
        }
    }

    private static func advice(onProcessorTime limit: Int?) -> String {
        let size = limit.map { " of \($0) s" } ?? ""
        return
            "it used more processor time than its limit\(size) (RLIMIT_CPU): raise 'LimitCPU=' of its unit, or 'ulimit -t'"
    }

    /// Returns what to do about a shared library that a program lacks and that a package of Debian should have.
    ///
    /// - Parameters:
    ///   - output: The last line of the program.
    ///   - environment: The environment in which dpkg is looked up.
    /// - Returns: The advice, or `nil` if no installed package has the library, or the library is there.
    static func advice(onLibraryIn output: String, environment: [String: String]) async -> String? {
        let message =
            /error while loading shared libraries: ([^\s:]+): (?:(cannot open)|file too short|invalid ELF|cannot read file data)/
        guard let match = output.firstMatch(of: message) else { return nil }
        let (library, isMissing) = (String(match.1.pathParts.last ?? match.1), match.2 != nil)
        let lines = Locked<[String]>([])
        let command = Command(
            "dpkg",
            ["-S", library],
            environment: environment.merging(["LC_ALL": "C"]) { $1 }
        )
        _ = try? await Host.run(command, deadline: .now + .seconds(10)) { line in lines.withLock { $0.append(line) } }
        for line in lines.withLock({ $0 }) {
            guard let found = line.wholeMatch(of: /([a-z0-9][a-z0-9+.:-]*): (\/.+)/),
                found.2.pathParts.last == library[...],
                !isMissing || (try? FileSystem.exists(String(found.2))) == false
            else { continue }
            let install = quotedShellLine(["apt-get", "install", "--reinstall", String(found.1)])
            return "'\(found.2)' of package '\(found.1)' is \(isMissing ? "missing" : "damaged"): run \(install)"
        }
        return nil
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
