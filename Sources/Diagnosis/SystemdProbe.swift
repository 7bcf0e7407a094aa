import Base
import Host

/// The unit file of a service with its drop-ins, as systemd merges them; see systemd.unit(5).
///
/// The files are read without systemd, which does not run below a root directory.
struct UnitFile {
    /// The path of the unit file, without the root.
    let path: String
    private let root: String
    private var assignments: [(key: String, value: String, file: String)] = []

    private static let directories = [
        "/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/transient", "/etc/systemd/system",
        "/run/systemd/system", "/run/systemd/generator", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
        "/lib/systemd/system",
    ]

    init?(_ name: String, root: String) {
        let paths = Self.directories.map { "\($0)/\(name)" }
        guard let found = paths.first(where: { (try? FileSystem.status(root + $0)) ?? nil != nil }) else { return nil }
        (path, self.root) = (found, root)
        add(found)
        // A file hides files of the same name in later directories; drop-ins are read in the order of their names.
        var dropIns: [String: String] = [:]
        for directory in Self.directories {
            for folder in ["\(directory)/\(name).d", "\(directory)/service.d"] {
                for file in (try? FileSystem.list(root + folder)) ?? [] where file.hasSuffix(".conf") {
                    dropIns[file] = dropIns[file] ?? "\(folder)/\(file)"
                }
            }
        }
        for (_, path) in dropIns.sorted(by: { $0.key < $1.key }) { add(path) }
    }

    private mutating func add(_ path: String) {
        var line = ""
        for part in lines(of: root + path) {
            if line.isEmpty, part.hasPrefix("#") || part.hasPrefix(";") { continue }
            line += part
            if line.hasSuffix("\\") {
                line = "\(line.dropLast()) "
                continue
            }
            if let (key, value) = split(line) { assignments.append((key, value, path)) }
            line = ""
        }
    }

    /// Returns the assignments of a key since the last empty one, which resets the key.
    private func entries(of key: String) -> [(value: String, file: String)] {
        assignments.filter { $0.key == key }.reduce(into: []) { entries, entry in
            if entry.value.isEmpty { entries = [] } else { entries.append((entry.value, entry.file)) }
        }
    }

    /// The values of variables from `Environment=` and `EnvironmentFile=`, each with the file that sets it.
    private var environment: [String: (value: String, file: String)] {
        var variables: [String: (value: String, file: String)] = [:]
        for (value, file) in entries(of: "Environment") {
            for (name, text) in words(in: value).compactMap(split) { variables[name] = (text, file) }
        }
        for (value, _) in entries(of: "EnvironmentFile") {
            let path = value.hasPrefix("-") ? String(value.dropFirst()) : value
            for (name, text) in lines(of: root + path).filter({ !$0.hasPrefix("#") }).compactMap(split) {
                variables[name] = (words(in: text).joined(separator: " "), path)
            }
        }
        return variables
    }

    /// The words of `ExecStart=` after the replacement of variables, each with the file that sets it.
    var arguments: [(text: String, file: String?)] {
        guard let (line, file) = entries(of: "ExecStart").last else { return [] }
        let variables = environment
        var arguments = words(in: line).flatMap { word -> [(text: String, file: String?)] in
            // systemd splits the value of `$NAME` into words, but not the value of `${NAME}`.
            if word.hasPrefix("$"), !word.hasPrefix("${"), !word.hasPrefix("$$") {
                guard let variable = variables[String(word.dropFirst())] else { return [] }
                return words(in: variable.value).map { ($0, variable.file) }
            }
            var result: (text: String, file: String?) = (word, file)
            for (name, variable) in variables where word.contains("${\(name)}") {
                result = (result.text.replacing("${\(name)}", with: variable.value), variable.file)
            }
            return [result]
        }
        if let program = arguments.first { arguments[0].text = String(program.text.drop { "-@:+!|".contains($0) }) }
        return arguments
    }
}

/// Returns the lines of a file without surrounding white space; a file that cannot be read counts as empty.
func lines(of path: String) -> [String] {
    let text = String(decoding: (try? readFile(path, limit: 1 << 20)) ?? [], as: UTF8.self)
    return text.split(separator: "\n", omittingEmptySubsequences: false).map { trimmed($0) }
}

func trimmed(_ text: some StringProtocol) -> String {
    var text = text[...]
    while text.first?.isWhitespace == true { text = text.dropFirst() }
    while text.last?.isWhitespace == true { text = text.dropLast() }
    return String(text)
}

private func split(_ line: some StringProtocol) -> (key: String, value: String)? {
    guard let equals = line.firstIndex(of: "=") else { return nil }
    return (trimmed(line[..<equals]), trimmed(line[line.index(after: equals)...]))
}

/// Splits a line at white space outside quotes, and removes quotes and escaping backslashes.
private func words(in line: String) -> [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    var isEscaped = false
    for character in line {
        if isEscaped {
            word = (word ?? "") + String(character)
            isEscaped = false
        } else if character == "\\" {
            isEscaped = true
        } else if let open = quote {
            if character == open { quote = nil } else { word?.append(character) }
        } else if character == "\"" || character == "'" {
            (quote, word) = (character, word ?? "")
        } else if character.isWhitespace {
            if let done = word { words.append(done) }
            word = nil
        } else {
            word = (word ?? "") + String(character)
        }
    }
    return words + (word.map { [$0] } ?? [])
}

extension Service {
    /// The properties to request from `systemctl show`.
    static let properties = [
        "Id", "LoadState", "ActiveState", "SubState", "UnitFileState", "Result", "ExecMainCode", "ExecMainStatus",
        "NRestarts",
    ]

    /// Reads the output of `systemctl show`, and returns the existing services by name.
    static func read(_ text: String) -> [String: Service] {
        var services: [String: Service] = [:]
        for lines in text.split(separator: "\n", omittingEmptySubsequences: false).split(separator: "") {
            let values = Dictionary(lines.compactMap { split($0).map { ($0.key, $0.value) } }) { $1 }
            guard let name = values["Id"], let load = values["LoadState"], load != "not-found" else { continue }
            let hasEnded = values["ExecMainCode"] != "0"
            services[name] = Service(
                load: load,
                active: values["ActiveState"] ?? "",
                sub: values["SubState"] ?? "",
                file: values["UnitFileState"] ?? "",
                result: values["Result"] ?? "",
                status: hasEnded ? values["ExecMainStatus"].flatMap { Int($0) } : nil,
                restarts: values["NRestarts"].flatMap { Int($0) } ?? 0
            )
        }
        return services
    }
}

extension UnitLog {
    /// Reads the JSON lines of journalctl.
    init(_ bytes: [UInt8]) {
        var starts: [String] = []
        var entries: [(start: String, line: JournalLine)] = []
        for row in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let entry = try? readJSON(Array(row), file: "journal"), let text = entry["MESSAGE"]?.string else {
                continue
            }
            // If systemd's child process cannot execute the unit's program, it writes "Failed at step".
            if entry["_PID"]?.string == "1" || entry["UNIT"] != nil || text.contains("Failed at step ") {
                manager.append(text)
                continue
            }
            let start = entry["_SYSTEMD_INVOCATION_ID"]?.string ?? ""
            if starts.last != start { starts.append(start) }
            let time = entry["__REALTIME_TIMESTAMP"]?.string.flatMap { Int64($0) }
            entries.append((start, JournalLine(text: text, time: time.map { Timestamp(seconds: $0 / 1_000_000) })))
        }
        // The last run may not have reached its error yet, so the run before it is searched too.
        let ofStarts = starts.suffix(2).reversed().map { start in
            joined(entries.filter { $0.start == start }.map(\.line))
        }
        lines = ofStarts.first { ending(in: $0) != nil } ?? ofStarts.first { $0.contains { isError($0.text) } } ?? []
        if lines.isEmpty { lines = ofStarts.first ?? [] }
        manager = manager.suffix(20)
    }
}

/// Joins the lines of a value that klog writes between `=<` and `>`.
private func joined(_ lines: [JournalLine]) -> [JournalLine] {
    lines.reduce(into: []) { result, line in
        if let last = result.last?.text, last.contains("=<"), !isKlog(line.text) {
            result[result.count - 1].text += " \(trimmed(line.text))"
        } else {
            result.append(line)
        }
    }
}

/// Returns whether a line begins with klog's severity letter and date.
func isKlog(_ line: String) -> Bool {
    let digits = line.utf8.dropFirst().prefix(4)
    return line.utf8.first.map { "IWEF".utf8.contains($0) } == true && digits.count == 4
        && digits.allSatisfy { (0x30...0x39).contains($0) }
}

/// Returns whether a line is a klog error, or does not come from klog.
func isError(_ line: String) -> Bool { !isKlog(line) || line.hasPrefix("E") || line.hasPrefix("F") }

/// Returns the value of `err` in a klog line or, if there is none, the line without klog's prefix.
func errorText(_ line: String) -> String {
    if let start = line.firstRange(of: "err=< ")?.upperBound {
        return String(line[start...].prefix { $0 != ">" }.dropLast())
    }
    guard let start = line.firstRange(of: "err=\"")?.upperBound else {
        return isKlog(line) ? line.firstRange(of: "] ").map { String(line[$0.upperBound...]) } ?? line : line
    }
    var text = ""
    var isEscaped = false
    for character in line[start...] {
        if isEscaped {
            text.append(character == "n" ? " " : character)
            isEscaped = false
        } else if character == "\\" {
            isEscaped = true
        } else if character == "\"" {
            break
        } else {
            text.append(character)
        }
    }
    // The kubelet prints its whole configuration after the error.
    return text.firstRange(of: ", path: &TypeMeta").map { String(text[..<$0.lowerBound]) } ?? text
}

/// Returns the last error that ended a program, or `nil` if there is none.
func ending(in lines: [JournalLine]) -> String? {
    let words = [
        "command failed", "Failed to start ContainerManager", "Failed to listen and serve", "failed to run Kubelet",
        "Error: ", "panic: ", "fatal error: ",
    ]
    return lines.last { line in isError(line.text) && words.contains { line.text.contains($0) } }
        .map { errorText($0.text) }
}

/// Finds the processes of root that have one of the names and share the mount namespace of this process.
///
/// A kubelet in another namespace belongs to another node, such as a kind node in a container. Processes of other users
/// do not count, because any user can give a process any name.
func processes(named names: Set<String>) -> [RunningProcess] {
    func text(_ path: String) -> String {
        String(decoding: (try? readFile(path, limit: 1 << 20)) ?? [], as: UTF8.self)
    }
    let own = (try? FileSystem.status("/proc/self/ns/mnt"))?.target
    let uptime = text("/proc/uptime").split(separator: ".").first.flatMap { Int64($0) } ?? 0
    return ((try? FileSystem.list("/proc")) ?? []).compactMap { name in
        guard Int(name) != nil, names.contains(trimmed(text("/proc/\(name)/comm"))),
            isOfRoot(text("/proc/\(name)/status"))
        else { return nil }
        if let own, let other = (try? FileSystem.status("/proc/\(name)/ns/mnt"))?.target, own != other { return nil }
        let stat = text("/proc/\(name)/stat")
        // After the name, the first word is the state, and the twentieth the start in hundredths of a second.
        let words = stat.lastIndex(of: ")").map { stat[stat.index(after: $0)...].split(separator: " ") } ?? []
        guard words.count > 19, words[0] != "Z", let start = Int64(words[19]) else { return nil }
        let file = (try? FileSystem.status("/proc/\(name)/exe"))?.target
        return RunningProcess(
            age: max(0, uptime - start / 100),
            program: file?.hasSuffix(" (deleted)") == false ? file : nil,
            arguments: text("/proc/\(name)/cmdline").split(separator: "\0").dropFirst().map(String.init)
        )
    }
}

/// Returns whether all four user IDs in the `/proc/PID/status` of a process are root's.
func isOfRoot(_ status: String) -> Bool {
    guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("Uid:") }) else { return false }
    let users = line.split { $0 == " " || $0 == "\t" }.dropFirst()
    return users.count == 4 && users.allSatisfy { $0 == "0" }
}
