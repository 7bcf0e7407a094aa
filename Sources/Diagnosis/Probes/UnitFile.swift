import Base
import Host

/// A service's unit file with its drop-ins, as systemd merges them; see systemd.unit(5).
///
/// The files are read, rather than asked for over the bus, so that they are known even if systemd does not run.
struct UnitFile {
    /// The path of the unit's file.
    let path: String

    /// The assignments of all files in order, each with its file.
    private var assignments: [(key: String, value: String, file: String)] = []

    let root: String

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
                let file = String(path.dropFirst(root.utf8.count))
                assignments.append((String(line[..<equals]).trimmingSpaces, value, file))
            }
            line = ""
        }
    }

    /// Returns the assignments of a key; an empty value removes those before it.
    func entries(of key: String) -> [(value: String, file: String)] {
        assignments.filter { $0.key == key }.reduce(into: []) { entries, entry in
            if entry.value.isEmpty { entries = [] } else { entries.append((entry.value, entry.file)) }
        }
    }

    /// The environment that a unit gives to its program.
    struct Environment {
        var variables: [String: String] = [:]
        /// The files that set the variables.
        var sources: [String: SettingSource] = [:]
        /// The files that must exist and do not.
        var missing: [String] = []

        fileprivate mutating func set(_ name: String, _ value: String, _ source: SettingSource) {
            (variables[name], sources[name]) = (value, source)
        }
    }

    /// The variables of `Environment=` and `EnvironmentFile=`.
    var environment: Environment {
        var environment = Environment()
        for (value, file) in entries(of: "Environment") {
            for word in words(in: value) {
                guard let equals = word.firstIndex(of: "=") else { continue }
                let text = String(word[word.index(after: equals)...])
                environment.set(String(word[..<equals]), text, SettingSource(file, isUnit: true))
            }
        }
        for (value, _) in entries(of: "EnvironmentFile") {
            let path = value.hasPrefix("-") ? String(value.dropFirst()) : value
            guard let bytes = try? FileSystem.read(root + path, limit: 1 << 20) else {
                let isMissing = (try? FileSystem.exists(root + path)) == false
                if !value.hasPrefix("-"), isMissing { environment.missing.append(path) }
                continue
            }
            for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
                let line = line.trimmingSpaces
                guard !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { continue }
                let text = words(in: String(line[line.index(after: equals)...])).joined(separator: " ")
                environment.set(String(line[..<equals]).trimmingSpaces, text, SettingSource(path, isUnit: false))
            }
        }
        return environment
    }

    /// The program and arguments of `ExecStart=`, with variables replaced.
    var command: [String] { arguments.map(\.text) }

    /// The program and arguments of `ExecStart=`, each with the file in which it is written.
    var arguments: [(text: String, source: SettingSource)] {
        guard let (line, file) = entries(of: "ExecStart").last else { return [] }
        let environment = environment
        let own = SettingSource(file, isUnit: true)
        var arguments = words(in: line).flatMap { expanded($0, environment, own) }
        if let program = arguments.first { arguments[0].text = String(program.text.drop { "-@:+!|".contains($0) }) }
        return arguments
    }

    /// Returns a word with its variables: `$NAME` becomes several words, `${NAME}` remains in its word.
    private func expanded(
        _ word: String,
        _ environment: Environment,
        _ own: SettingSource,
    ) -> [(text: String, source: SettingSource)] {
        if word.hasPrefix("$"), !word.hasPrefix("${"), !word.hasPrefix("$$") {
            let name = String(word.dropFirst())
            return words(in: environment.variables[name] ?? "").map { ($0, environment.sources[name] ?? own) }
        }
        var (text, source) = (word, own)
        for (name, value) in environment.variables where text.contains("${\(name)}") {
            text = text.replacing("${\(name)}", with: value)
            source = environment.sources[name] ?? own
        }
        return [(text, source)]
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
