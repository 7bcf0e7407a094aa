public import Base
public import YAML

/// Functions that read the value of a Nix file with the locations of its attributes.
///
/// Nix reports the location of an attribute, but not the location of its value or of a list item. Values and items
/// therefore have the location of the nearest attribute.
public enum NixValue {
    /// A Nix expression that describes the value of the file `<nest>`, with types and the locations of attributes.
    ///
    /// If the file is a function, such as a NixOS module, the expression calls it with arguments that throw when used.
    /// The depth of the description is limited, because a value may contain itself; no inventory reaches the limit.
    public static let expression = """
        let
          place = name: set:
            let p = builtins.unsafeGetAttrPos name set;
            in if p == null then null else { inherit (p) file line column; };
          attribute = depth: set: name: { key = name; place = place name set; value = describe depth set.${name}; };
          describe = depth: value:
            let type = builtins.typeOf value;
            in
            if depth == 0 then { inherit type; }
            else if type == "set" then { inherit type; items = map (attribute (depth - 1) value) (builtins.attrNames value); }
            else if type == "list" then { inherit type; items = map (describe (depth - 1)) value; }
            else if type == "lambda" || type == "path" then { inherit type; }
            else { inherit type value; };
          absent = name: _: throw "\(absentArgument) '${name}' of a module";
          call = file:
            if builtins.isFunction file then file (builtins.mapAttrs absent (builtins.functionArgs file)) else file;
        in describe 6 (call (import <nest>))
        """

    /// The beginning of the message about a file that uses an argument of a module.
    private static let absentArgument = "an inventory has no value for the argument"

    /// Converts the description to a value.
    ///
    /// - Parameters:
    ///   - description: The output of Nix for the expression, as JSON.
    ///   - file: The file that was evaluated.
    ///   - path: The path of the file in Nix's output.
    /// - Returns: The value, and problems with parts that are not data: functions, paths and values nested too deeply.
    /// - Throws: A ``Base/Problem`` if the output is not JSON.
    public static func node(
        from description: [UInt8],
        of file: SourceFile,
        path: String,
    ) throws(Problems) -> (node: Node, problems: [Problem]) {
        let problems = ProblemCollector()
        let reader = NixReader(file: file, path: path, problems: problems)
        let whole = SourceLocation(file: file.path)
        do throws(Problem) {
            let read = try readJSON(description, file: "the output of Nix")
            let node = reader.node(read, at: reader.first(read) ?? whole)
            return (node, problems.all)
        } catch {
            throw Problems([
                Problem("Nix has printed something else than a value", at: whole, cause: error)
            ])
        }
    }

    /// Converts the error output of a failed evaluation to a problem.
    ///
    /// - Parameters:
    ///   - errors: The standard error of Nix, in its format `internal-json`.
    ///   - file: The file that was evaluated.
    ///   - path: The path of the file in Nix's output.
    /// - Returns: The problem with Nix's message and, if Nix reports it, the location.
    public static func problem(from errors: String, of file: SourceFile, path: String) -> Problem {
        let report = NixReport(errors)
        guard let error = report.error else {
            let reason = report.reason.isEmpty ? "" : " (\(report.reason))"
            return Problem(
                "Nix cannot evaluate the file\(reason)",
                at: SourceLocation(file: file.path)
            )
        }
        let reader = NixReader(file: file, path: path, problems: ProblemCollector())
        let places = ([error] + (error["trace"]?.sequence ?? [])).compactMap(reader.location)
        let location = places.first ?? SourceLocation(file: file.path)
        // Modules of NixOS have such arguments, and inventories have none.
        let isModule = report.reason.hasPrefix(absentArgument)
        let hint =
            isModule
            ? "import the file that lists the nodes; it must contain values, not expressions of module arguments" : nil
        return Problem("Nix cannot evaluate this: \(report.reason)", at: location, hint: hint)
    }
}

/// The messages that Nix wrote to standard error before it failed.
private struct NixReport {
    /// The error with its trace, `nil` if Nix failed without reporting one, for example if it ran out of memory.
    let error: Node?

    /// The message on one line, empty if there is no message.
    let reason: String

    init(_ errors: String) {
        let prefix = "@nix "
        let lines = errors.split(separator: "\n")
        let entries = lines.filter { $0.hasPrefix(prefix) }.compactMap {
            try? readJSON(Array($0.dropFirst(prefix.count).utf8), file: "the errors of Nix")
        }
        error = entries.first { $0["level"]?.integer == 0 && $0["raw_msg"]?.string != nil }
        let plain = entries.compactMap { $0["msg"]?.string } + lines.filter { !$0.hasPrefix("@") }.map(String.init)
        let last = plain.map(Self.withoutColours).last { $0.hasPrefix("error:") }?.dropFirst("error:".count)
        let message = error?["raw_msg"]?.string.map(Self.withoutColours)
        reason = Self.shortened(message ?? last.map { String($0) } ?? "")
    }

    /// Returns a message on one line, cut off at the maximum length.
    private static func shortened(_ text: String) -> String {
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return words.count > messageLength ? "\(words.prefix(messageLength))…" : words
    }

    /// Maximum number of characters in a message.
    private static let messageLength = 300

    /// Returns a text without terminal colour sequences.
    private static func withoutColours(_ text: String) -> String {
        var plain = ""
        var rest = text[...]
        while let escape = rest.firstIndex(of: "\u{1b}") {
            plain += rest[..<escape]
            rest = rest[escape...].drop { $0 != "m" }.dropFirst()
        }
        return plain + rest
    }
}

/// The reader of Nix's output about a file.
private struct NixReader {
    let file: SourceFile
    let path: String
    let problems: ProblemCollector
    private let lines: [ArraySlice<UInt8>]

    init(file: SourceFile, path: String, problems: ProblemCollector) {
        (self.file, self.path, self.problems) = (file, path, problems)
        lines = file.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    }

    /// Converts a description to a value.
    func node(_ description: Node, at location: SourceLocation) -> Node {
        let items = description["items"]?.sequence
        switch description["type"]?.string {
        case "set":
            guard let items else { return refused("a set that is nested too deeply", at: location) }
            let entries = items.compactMap { item in
                item["key"]?.string.map { key in
                    let place = item["place"].flatMap(self.location) ?? location
                    return Mapping.Entry(key: key, location: place, value: node(item["value"] ?? .null(), at: place))
                }
            }
            return Node(.mapping(Mapping(entries)), location: location)
        case "list":
            guard let items else { return refused("a list that is nested too deeply", at: location) }
            return .sequence(items.map { node($0, at: first($0) ?? location) }, location: location)
        case "lambda": return refused("a function", at: location)
        case "path": return refused("a path", at: location, hint: "write it as a string in quotes")
        default:
            var value = description["value"] ?? .null()
            value.location = location
            return value
        }
    }

    /// Returns the location of the first attribute of a set, because Nix reports no location for the set itself.
    func first(_ description: Node) -> SourceLocation? {
        description["items"]?.sequence?.compactMap { $0["place"].flatMap(location) }.min()
    }

    private func refused(_ what: String, at location: SourceLocation, hint: String? = nil) -> Node {
        problems.add(location, "a cluster has no place for \(what)", hint: hint ?? "remove it")
        return .null(location: location)
    }

    /// Converts a location reported by Nix, or returns `nil` if it is not in this file.
    func location(_ place: Node) -> SourceLocation? {
        guard place["file"]?.string == path, let line = place["line"]?.integer, let column = place["column"]?.integer,
            lines.indices.contains(line - 1), column > 0
        else { return nil }
        // Nix counts columns in bytes.
        let before = lines[line - 1].prefix(column - 1).count { $0 & 0xC0 != 0x80 }
        return SourceLocation(file: file.path, position: .init(line: line, column: before + 1))
    }
}

extension SourceFile {
    /// Whether the text begins with a brace, a quoted key and a colon, like a JSON object and unlike any Nix file.
    public var looksLikeJSON: Bool {
        var rest = bytes.drop(while: Self.isBlank)
        guard rest.popFirst() == UInt8(ascii: "{") else { return false }
        rest = rest.drop(while: Self.isBlank)
        guard rest.popFirst() == UInt8(ascii: "\""), let end = rest.firstIndex(of: UInt8(ascii: "\"")) else {
            return false
        }
        return rest[(end + 1)...].drop(while: Self.isBlank).first == UInt8(ascii: ":")
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
