import Base
import Host

/// A service's unit file with its drop-ins, as systemd merges them; see systemd.unit(5).
///
/// The files are read, rather than asked for over the bus, so that they are known even if systemd does not run.
struct UnitFile {
    /// The path of the unit's file.
    let path: String

    /// The assignments of all files in order.
    private var assignments: [(key: String, value: String)] = []

    private let root: String

    private static let directories = [
        "/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/transient",
        "/run/systemd/generator.early", "/etc/systemd/system", "/run/systemd/system", "/run/systemd/generator",
        "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system",
        "/run/systemd/generator.late",
    ]

    /// Reads a unit below a root directory, or returns `nil` if there is none.
    init?(_ name: String, root: String) {
        let paths = Self.directories.map { "\(root)\($0)/\(name)" }
        guard let found = paths.first(where: { (try? FileSystem.status($0)) ?? nil != nil }) else { return nil }
        path = String(found.dropFirst(root.utf8.count))
        self.root = root
        add(found)
        // A file hides those of its name in later directories; all are read in the order of their names.
        var dropIns: [String: String] = [:]
        for directory in Self.directories {
            for folder in ["\(root)\(directory)/\(name).d", "\(root)\(directory)/service.d"] {
                for file in (try? FileSystem.list(folder)) ?? [] where file.hasSuffix(".conf") {
                    dropIns[file] = dropIns[file] ?? "\(folder)/\(file)"
                }
            }
        }
        for (_, path) in dropIns.sorted(by: { $0.key < $1.key }) { add(path) }
    }

    private mutating func add(_ path: String) {
        let text = String(decoding: (try? FileSystem.read(path, limit: 1 << 20)) ?? [], as: UTF8.self)
        var line = ""
        for part in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let trimmed = part.trimmingSpaces
            if line.isEmpty, trimmed.hasPrefix("#") || trimmed.hasPrefix(";") { continue }
            line += trimmed
            if line.hasSuffix("\\") {
                line = "\(line.dropLast()) "
                continue
            }
            if let equals = line.firstIndex(of: "=") {
                let value = String(line[line.index(after: equals)...]).trimmingSpaces
                assignments.append((String(line[..<equals]).trimmingSpaces, value))
            }
            line = ""
        }
    }

    /// Returns the values of a key; an empty value removes those before it.
    func values(of key: String) -> [String] {
        assignments.filter { $0.key == key }.reduce(into: []) { values, entry in
            if entry.value.isEmpty { values = [] } else { values.append(entry.value) }
        }
    }

    /// The variables of `Environment=` and `EnvironmentFile=`, and the files that must exist and do not.
    var environment: (variables: [String: String], missing: [String]) {
        var variables: [String: String] = [:]
        var missing: [String] = []
        func set(_ word: String) {
            guard let equals = word.firstIndex(of: "=") else { return }
            variables[String(word[..<equals])] = String(word[word.index(after: equals)...])
        }
        for value in values(of: "Environment") { words(in: value).forEach(set) }
        for value in values(of: "EnvironmentFile") {
            let path = value.hasPrefix("-") ? String(value.dropFirst()) : value
            guard let bytes = try? FileSystem.read(root + path, limit: 1 << 20) else {
                if !value.hasPrefix("-"), (try? FileSystem.exists(root + path)) == false { missing.append(path) }
                continue
            }
            for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
                let line = line.trimmingSpaces
                guard !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { continue }
                let text = words(in: String(line[line.index(after: equals)...])).joined(separator: " ")
                variables[String(line[..<equals]).trimmingSpaces] = text
            }
        }
        return (variables, missing)
    }

    /// The program and arguments of `ExecStart=`, with variables replaced.
    var command: [String] {
        guard let line = values(of: "ExecStart").last else { return [] }
        let variables = environment.variables
        var command = words(in: line).flatMap { expanded($0, variables) }
        if let program = command.first { command[0] = String(program.drop { "-@:+!|".contains($0) }) }
        return command
    }

    /// Returns a word with its variables: `$NAME` becomes several words, `${NAME}` remains in its word.
    private func expanded(_ word: String, _ variables: [String: String]) -> [String] {
        if word.hasPrefix("$"), !word.hasPrefix("${"), !word.hasPrefix("$$") {
            return words(in: variables[String(word.dropFirst())] ?? "")
        }
        var text = word
        for (name, value) in variables { text = text.replacing("${\(name)}", with: value) }
        return [text]
    }
}

/// Returns the words of a line, in which quotes keep white space.
func words(in line: String) -> [String] {
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
            quote = character
            word = word ?? ""
        } else if character == " " || character == "\t" {
            if let done = word { words.append(done) }
            word = nil
        } else {
            word = (word ?? "") + String(character)
        }
    }
    return words + (word.map { [$0] } ?? [])
}

extension StringProtocol {
    /// The text without spaces and tabs at its ends.
    var trimmingSpaces: String {
        var text = self[...]
        while let first = text.first, first == " " || first == "\t" || first == "\r" { text = text.dropFirst() }
        while let last = text.last, last == " " || last == "\t" || last == "\r" { text = text.dropLast() }
        return String(text)
    }
}
