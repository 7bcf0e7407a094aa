public import Base
public import YAML

/// The value of a Nix file with the places of its attributes.
///
/// Nix knows where an attribute is, but not where its value or an item of a list begins: those have the place of the
/// nearest attribute.
public enum NixValue {
    /// An expression that makes a description of the value of the file `<nest>`: its types, and the places of attributes.
    ///
    /// A function, such as a module of NixOS, is called; its arguments have no values. The description ends at a depth
    /// that no inventory has, because a value may contain itself.
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
          absent = name: _: throw "an inventory has no value for the argument '${name}' of a module";
          call = file:
            if builtins.isFunction file then file (builtins.mapAttrs absent (builtins.functionArgs file)) else file;
        in describe 6 (call (import <nest>))
        """

    /// Makes the value from the description.
    ///
    /// - Parameters:
    ///   - description: What Nix prints for the expression as JSON.
    ///   - file: The file that was evaluated.
    ///   - path: The path by which Nix knows it.
    /// - Returns: The value, and what in it is no data: functions, paths and what is nested too deeply.
    /// - Throws: A ``Base/Problem`` if it is no description.
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
            throw Problems([Problem("Nix has printed something else than a value", at: whole, cause: error)])
        }
    }

    /// Makes the problem from what Nix reports when it cannot evaluate the file.
    ///
    /// - Parameters:
    ///   - errors: The lines of its standard error, in its format `internal-json`.
    ///   - file: The file that was evaluated.
    ///   - path: The path by which Nix knows it.
    /// - Returns: The problem with Nix's message and, if Nix knows it, the place.
    public static func problem(from errors: String, of file: SourceFile, path: String) -> Problem {
        let report = NixReport(errors)
        guard let error = report.error else {
            let reason = report.reason.isEmpty ? "" : " (\(report.reason))"
            return Problem("Nix cannot evaluate the file\(reason)", at: SourceLocation(file: file.path))
        }
        let reader = NixReader(file: file, path: path, problems: ProblemCollector())
        let places = ([error] + (error["trace"]?.sequence ?? [])).compactMap(reader.location)
        let location = places.first ?? SourceLocation(file: file.path)
        return Problem("Nix cannot evaluate this: \(report.reason)", at: location)
    }

    /// Finds why Nix has failed.
    ///
    /// - Parameter errors: The lines of its standard error.
    /// - Returns: Its message on one line, empty if there is no message.
    public static func reason(from errors: String) -> String { NixReport(errors).reason }
}

/// The messages that Nix has written to standard error before it failed.
private struct NixReport {
    /// The error with its trace, `nil` if Nix has failed in another way, as it does without memory.
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

    /// A message on one line, not too long.
    private static func shortened(_ text: String) -> String {
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return words.count > messageLength ? "\(words.prefix(messageLength))…" : words
    }

    /// Characters of a message.
    private static let messageLength = 300

    /// A text without what makes it coloured on a terminal.
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

    /// The value of a description.
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

    /// The place of the first attribute of a set, as nothing else says where it is.
    func first(_ description: Node) -> SourceLocation? {
        description["items"]?.sequence?.compactMap { $0["place"].flatMap(location) }.min()
    }

    private func refused(_ what: String, at location: SourceLocation, hint: String? = nil) -> Node {
        problems.add(location, "a cluster has no place for \(what)", hint: hint ?? "remove it")
        return .null(location: location)
    }

    /// The place in the file that Nix says, `nil` for one in another file.
    func location(_ place: Node) -> SourceLocation? {
        guard place["file"]?.string == path, let line = place["line"]?.integer, let column = place["column"]?.integer,
            lines.indices.contains(line - 1), column > 0
        else { return nil }
        // Nix counts bytes.
        let before = lines[line - 1].prefix(column - 1).count { $0 & 0xC0 != 0x80 }
        return SourceLocation(file: file.path, position: .init(line: line, column: before + 1))
    }
}

extension SourceFile {
    /// Whether the text is JSON, which a Nix file cannot be: it begins with a key in quotes and a colon.
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
