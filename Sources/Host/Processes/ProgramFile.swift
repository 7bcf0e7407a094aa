import Base
import Glibc

/// A file that is to be started as a program.
public enum ProgramFile {
    /// The reason why the kernel does not start a file.
    public struct Fault: Sendable, Hashable {
        /// The mistake, as the predicate of a sentence about the file.
        public let reason: String
        /// The advice.
        public let advice: String
        /// The path of the interpreter or loader that does not exist, if that is the reason.
        public var missing: String?
    }

    /// Finds the reason why the kernel does not start a file; see execve(2).
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - searchPath: The value of `PATH`, in which `#!/usr/bin/env NAME` looks.
    ///   - hasFailed: Whether the kernel has refused the file. A program for another kind of machine may start with the help
    ///     of an emulator.
    /// - Returns: The reason, or `nil` if none is seen, or there is no such file.
    public static func fault(of path: String, searchPath: String? = nil, hasFailed: Bool = false) -> Fault? {
        guard let status = try? FileStatus.at(path, followingLinks: true, "") else { return nil }
        guard status.kind == .regular else {
            return Fault(reason: "is a \(status.kind.rawValue)", advice: "name the program")
        }
        if status.mode & 0o111 == 0 {
            return Fault(reason: "is not executable", advice: "run \(quotedShellLine(["chmod", "+x", path]))")
        }
        if let mount = Mount.containing(path), mount.options.contains("noexec") {
            return Fault(
                reason: "is in '\(mount.path)', which is mounted with 'noexec'",
                advice: "move it to another file system, or run 'mount -o remount,exec \(mount.path)'"
            )
        }
        guard let content = beginning(of: path) else { return nil }
        if content.isEmpty { return Fault(reason: "is empty", advice: "write the program, or name another one") }
        if content.starts(with: [0x7F, 0x45, 0x4C, 0x46]) { return fault(ofELF: content, hasFailed) }
        return fault(ofScript: content, path, searchPath)
    }

    /// Returns the interpreter of a script that is not executable and that is not meant for the usual shell.
    ///
    /// - Parameter path: The script.
    /// - Returns: The interpreter in its first line, `nil` if the script is executable, or meant for `/bin/sh`.
    public static func otherInterpreter(of path: String) -> String? {
        guard let status = try? FileStatus.at(path, followingLinks: true, ""), status.kind == .regular,
            status.mode & 0o111 == 0, let content = beginning(of: path), content.starts(with: Array("#!".utf8))
        else { return nil }
        let line = interpreterLine(of: content)
        let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
        guard let interpreter = words.first else { return nil }
        let isEnv = interpreter.pathParts.last == "env"
        let name = isEnv ? words.dropFirst().first { !$0.hasPrefix("-") } ?? "" : interpreter
        return ["sh", "dash", "ash", ""].contains(name.pathParts.last.map(String.init) ?? "") ? nil : name
    }

    /// Finds lines that end with CR LF in a script that a shell runs, which takes CR for a part of the words.
    ///
    /// - Parameter path: The script.
    /// - Returns: The reason, `nil` if one of the first lines ends otherwise, or the file cannot be read.
    public static func lineFault(of path: String) -> Fault? {
        guard let content = beginning(of: path) else { return nil }
        let lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
        guard !lines.isEmpty, lines.allSatisfy({ $0.last == UInt8(ascii: "\r") }) else { return nil }
        return Fault(
            reason: "has lines that end with CR LF, and a shell takes the CR for a part of the words",
            advice: convertingLines(path)
        )
    }

    /// Returns the first line of a script without `#!`.
    private static func interpreterLine(of content: [UInt8]) -> String {
        String(decoding: content.dropFirst(2).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// Returns the shell that runs a script, with its options.
    ///
    /// - Parameter path: The script.
    /// - Returns: The words after `#!` in its first line, `nil` if they name no shell.
    public static func shell(of path: String) -> [String]? {
        guard let content = beginning(of: path), content.starts(with: Array("#!".utf8)) else { return nil }
        var words = interpreterLine(of: content).split(whereSeparator: \.isWhitespace).map(String.init)
        if words.first?.pathParts.last == "env" { words.removeFirst() }
        let shells = ["sh", "ash", "bash", "dash", "ksh", "zsh"]
        return shells.contains(words.first?.pathParts.last.map(String.init) ?? "") ? words : nil
    }

    private static func convertingLines(_ path: String) -> String {
        "run \(quotedShellLine(["sed", "-i", #"s/\r$//"#, path]))"
    }

    /// Returns what to do about a program that does not exist.
    ///
    /// - Parameters:
    ///   - name: The name of the program, or its path.
    ///   - searchPath: The value of `PATH`.
    /// - Returns: The advice.
    public static func advice(onMissing name: String, searchPath: String) -> String {
        guard !name.hasSlash else { return "install it, or correct the path" }
        return near(name, in: searchPath.split(separator: ":")) ?? "install it, or write its full path"
    }

    /// Returns the advice to write the name of a program that exists, `nil` if none has a similar name.
    private static func near(_ name: String, in directories: [Substring]) -> String? {
        let names = Set(directories.flatMap { (try? FileSystem.list(String($0))) ?? [] }).subtracting([name])
        return nearestName(to: name, in: names.sorted()).map { "did you mean '\($0)'?" }
    }

    /// Returns the first 4096 bytes of a file, which are enough for the headers of a program, `nil` if it cannot be read.
    private static func beginning(of path: String) -> [UInt8]? {
        let opened = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard opened >= 0 else { return nil }
        let file = FileDescriptor(adopting: opened)
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = unsafe Glibc.read(file.raw, &bytes, bytes.count)
        return count < 0 ? nil : Array(bytes.prefix(count))
    }

    private static func fault(ofScript content: [UInt8], _ path: String, _ searchPath: String?) -> Fault? {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        if content.starts(with: mark + Array("#!".utf8)) {
            return Fault(
                reason: "has a byte order mark before '#!'",
                advice: "run \(quotedShellLine(["sed", "-i", #"1s/^\xEF\xBB\xBF//"#, path]))"
            )
        }
        guard content.starts(with: Array("#!".utf8)) else {
            return Fault(
                reason: "is neither a program for this machine nor a script with '#!' in its first line",
                advice: advice(onHead: content)
            )
        }
        let line = interpreterLine(of: content)
        // With an argument, the interpreter starts, and gets the carriage return in the argument.
        if line.utf8.last == UInt8(ascii: "\r"), !line.dropFirst().contains(" ") {
            return Fault(
                reason: #"has lines that end with CR LF, so its interpreter would be '\#(line.dropLast())\r'"#,
                advice: convertingLines(path)
            )
        }
        let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
        guard let interpreter = words.first else {
            return Fault(reason: "names no interpreter after '#!'", advice: "write '#!/bin/sh' as its first line")
        }
        if (try? FileSystem.exists(interpreter)) == false {
            let error = SystemError("cannot run", interpreter, code: ENOENT).examined()
            return Fault(
                reason: "has the interpreter '\(interpreter)' in its first line, which does not exist",
                advice: error.advice ?? "install it, or correct the line",
                missing: interpreter
            )
        }
        // The kernel passes everything after the interpreter as one argument; see execve(2).
        if interpreter.pathParts.last == "env", words.count > 2, !words[1].hasPrefix("-"), !words[1].contains("=") {
            let rest = words.dropFirst().joined(separator: " ")
            return Fault(
                reason: "passes '\(rest)' to env as the name of one program",
                advice: "write '#!\(interpreter) -S \(rest)' as its first line"
            )
        }
        // With options and variables, env looks for another word, or elsewhere.
        guard let searchPath, interpreter.pathParts.last == "env", words.count == 2, let name = words.last,
            !name.hasPrefix("-"), name.utf8.allSatisfy({ $0 > 32 && $0 < 127 && !"=\\'\"".utf8.contains($0) })
        else { return nil }
        let directories = searchPath.split(separator: ":")
        guard !name.hasSlash, !directories.contains(where: { (try? FileSystem.exists("\($0)/\(name)")) == true }) else {
            return nil
        }
        return Fault(
            reason: "has the interpreter '\(name)' in its first line, which is not in PATH",
            advice: near(name, in: directories) ?? "install it"
        )
    }

    /// Returns what to do about a file without an interpreter.
    private static func advice(onHead content: [UInt8]) -> String {
        guard !content.contains(0) else { return "name another program" }
        let lines = String(decoding: content, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        let isLate = lines.prefix(4).contains { $0.drop(while: \.isWhitespace).hasPrefix("#!") }
        return isLate ? "begin the file with '#!'" : "write its interpreter into the first line, such as '#!/bin/sh'"
    }

    /// Examines the header of a program; see elf(5).
    private static func fault(ofELF content: [UInt8], _ hasFailed: Bool) -> Fault? {
        func number(_ offset: Int, _ size: Int) -> Int? {
            guard offset >= 0, offset <= content.count - size else { return nil }
            return content[offset..<offset + size].reversed().reduce(0) { $0 &<< 8 | Int($1) }
        }
        guard content.count > 64, let machine = number(18, 2) else {
            return Fault(reason: "is truncated", advice: "install it again")
        }
        guard machine == ownMachine.number, content[4] == 2 else {
            guard hasFailed else { return nil }
            let name = machines[machine] ?? "another kind of machine"
            return Fault(
                reason:
                    "is a program for \(content[4] == 2 ? name : "32-bit machines (\(name))"), and this machine is \(ownMachine.name)",
                advice: "install it for \(ownMachine.name)"
            )
        }
        guard let table = number(32, 8), let size = number(54, 2), let count = number(56, 2) else { return nil }
        for index in 0..<min(count, 64) {
            let header = table &+ index &* size
            // PT_INTERP
            guard number(header, 4) == 3, let start = number(header &+ 8, 8), let length = number(header &+ 32, 8),
                length > 1, length < content.count, start >= 0, start <= content.count - length
            else { continue }
            let loader = String(decoding: content[start..<start + length].prefix { $0 != 0 }, as: UTF8.self)
            guard (try? FileSystem.exists(loader)) == false else { return nil }
            return Fault(
                reason: "needs the loader '\(loader)', which does not exist",
                advice:
                    "install the C library that the program is built for, or a program that is built for this system"
            )
        }
        return nil
    }

    /// The kinds of machines by their numbers in the header of a program.
    private static let machines = [
        3: "x86", 40: "ARM", 62: "x86-64", 183: "AArch64", 243: "RISC-V", 22: "s390x", 21: "PowerPC",
    ]

    private static var ownMachine: (number: Int, name: String) {
        #if arch(x86_64)
            (62, "x86-64")
        #elseif arch(arm64)
            (183, "AArch64")
        #endif
    }
}
