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

    /// Finds the name in messages such as `run.sh: 2: foo: not found` and `env: ‘foo’: No such file or directory`.
    private static func missingProgram(in output: String) -> String? {
        for ending in [": command not found", ": not found", ": No such file or directory", ": Permission denied"] {
            guard output.hasSuffix(ending) else { continue }
            let name = output.dropLast(ending.count).split(separator: ": ").last ?? ""
            return name.isEmpty ? nil : String(name).trimming("'‘’\"`")
        }
        return nil
    }
}

extension String {
    /// Returns the text without some characters at its ends.
    fileprivate func trimming(_ characters: String) -> String {
        var text = self[...]
        while let first = text.first, characters.contains(first) { text.removeFirst() }
        while let last = text.last, characters.contains(last) { text.removeLast() }
        return String(text)
    }
}

/// How often the kernel has killed a process of this machine because memory ran out.
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
