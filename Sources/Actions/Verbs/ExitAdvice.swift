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
    /// - Returns: The advice, or `nil` if the cause is not seen.
    static func text(_ status: ExitStatus, output: String?, searchPath: String) -> String? {
        guard case .exited(let code) = status, let output else { return nil }
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

    /// Finds the name in the messages of shells and of env, such as `run.sh: 2: foo: not found` of dash,
    /// `run.sh: line 2: foo: command not found` of bash and `env: ‘foo’: No such file or directory`.
    private static func missingProgram(in output: String) -> String? {
        let ofShell = /[^:]+: (?:line )?\d+: (?<name>[^\s:]+): (?:command )?not found/
        let ofEnvironment = /(?:\/usr\/bin\/)?env: ['‘]?(?<name>[^\s:'‘’]+)['’]?: No such file or directory/
        let name = output.wholeMatch(of: ofShell)?.name ?? output.wholeMatch(of: ofEnvironment)?.name
        return name.map(String.init)
    }
}

/// The number of processes of this machine that the kernel has killed because memory ran out.
struct OutOfMemoryKills {
    private let count = Self.current()

    /// Whether the kernel has killed one since this value was made.
    var hasGrown: Bool {
        guard let count, let current = Self.current() else { return false }
        return current > count
    }

    /// Reads the counter of the kernel, which exists since Linux 4.13; see proc_vmstat(5).
    private static func current() -> Int? {
        guard let bytes = try? FileSystem.read("/proc/vmstat", limit: 1 << 20) else { return nil }
        let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
        return line.flatMap { $0.split(separator: " ").last }.flatMap { Int($0) }
    }
}
