import Base

/// A tag that means nothing in the files that are read here, or not for the value that has it.
///
/// kubectl ignores such tags, so a text that another program would replace reaches the cluster as it is.
struct ForeignTag {
    /// The values that a tag can mark.
    enum Kind: String {
        case scalar = "a single value"
        case sequence = "a list"
        case mapping = "a mapping"
    }

    private let tag: String
    private let kind: Kind

    /// Finds the tag, or returns `nil` if it is one of YAML's own and belongs to such a value.
    init?(_ tag: String?, on kind: Kind) {
        guard let tag, tag != "!", Self.own[Self.shown(tag)] != kind else { return nil }
        (self.tag, self.kind) = (Self.shown(tag), kind)
    }

    /// Returns the problem.
    ///
    /// - Parameters:
    ///   - location: The place of the tag.
    ///   - text: The characters of a value without quotes, which may be a text that begins with `!`.
    /// - Returns: The problem with the program to which the tag belongs, if that is known.
    func problem(at location: SourceLocation, text: String?) -> Problem {
        if let right = Self.own[tag] {
            let message = "tag '\(tag)' marks \(right.rawValue), found \(kind.rawValue)"
            return Problem(message, at: location, hint: "remove the tag")
        }
        let loss = kind == .scalar ? ", so the text would be taken as it is" : ", so it would be ignored"
        let known = Self.tools[tag]
        if let tool = known ?? Self.families.first(where: { tag.hasPrefix($0.prefix) })?.tool {
            let message = "tag '\(tag)' belongs to \(tool) and means nothing here\(loss)"
            return Problem(
                message,
                at: location,
                hint: kind == .scalar
                    ? "write the value itself, without the tag" : "write \(kind.rawValue) without the tag",
                publicMessage: known.map { _ in message }
            )
        }
        let quoted = text.map { $0.isEmpty ? tag : "\(tag) \($0)" }
        let isShort = quoted.map { $0.utf8.count <= 60 && !$0.contains("'") } ?? false
        let other = quoted.map { isShort ? ", or put the text in quotes: '\($0)'" : ", or put the text in quotes" }
        return Problem(
            "tag '\(tag)' means nothing here\(loss)",
            at: location,
            hint: "remove the tag\(other ?? "")"
        )
    }

    /// Returns a tag as it is written in a file.
    private static func shown(_ tag: String) -> String {
        let prefix = "tag:yaml.org,2002:"
        if tag.hasPrefix(prefix) { return "!!\(tag.dropFirst(prefix.count))" }
        return tag.hasPrefix("!") ? tag : "!<\(tag)>"
    }

    /// YAML's own tags, with the values to which they belong.
    private static let own: [String: Kind] = [
        "!!str": .scalar, "!!int": .scalar, "!!float": .scalar, "!!bool": .scalar, "!!null": .scalar,
        "!!binary": .scalar, "!!timestamp": .scalar, "!!merge": .scalar, "!!value": .scalar,
        "!!seq": .sequence, "!!omap": .sequence, "!!pairs": .sequence, "!!map": .mapping, "!!set": .mapping,
    ]

    /// The programs that have tags of their own.
    private static let programs: [(name: String, tags: [String])] = [
        ("Ansible", ["!vault", "!vault-encrypted", "!unsafe"]),
        (
            "Home Assistant",
            [
                "!secret", "!include", "!env_var", "!input", "!include_dir_list", "!include_dir_named",
                "!include_dir_merge_list", "!include_dir_merge_named",
            ]
        ),
        ("ESPHome", ["!lambda", "!extend", "!remove"]),
        (
            "CloudFormation",
            [
                "!Ref", "!Sub", "!GetAtt", "!ImportValue", "!Join", "!Select", "!Split", "!FindInMap", "!If", "!Not",
                "!Equals", "!And", "!Or", "!Base64", "!Cidr", "!Condition", "!GetAZs", "!Transform", "!ToJsonString",
                "!Length",
            ]
        ),
        ("GitLab", ["!reference"]),
        ("Docker Compose", ["!reset", "!override"]),
        ("MkDocs", ["!ENV", "!relative"]),
        ("authentik", ["!Find", "!KeyOf", "!Context", "!Format", "!Env", "!File", "!Enumerate"]),
        ("Symfony", ["!tagged", "!tagged_iterator", "!tagged_locator", "!service", "!service_locator", "!iterator"]),
        (
            "a program that reads variables of the environment",
            ["!env", "!envvar", "!EnvVar", "!ENVIRONMENT", "!os_env", "!environ"]
        ),
        (
            "the program that has encrypted the value",
            ["!encrypted", "!encrypt", "!cipher", "!sops", "!age", "!gpg", "!kms", "!encrypted/pkcs1-oaep"]
        ),
        ("a program that reads other files", ["!file", "!import", "!inc", "!load", "!path"]),
    ]

    private static let tools = Dictionary(
        programs.flatMap { program in program.tags.map { ($0, program.name) } },
        uniquingKeysWith: { first, _ in first }
    )

    /// The beginnings of tags with which libraries name types of their languages.
    private static let families: [(prefix: String, tool: String)] = [
        ("!!python/", "PyYAML"), ("!python/", "PyYAML"), ("!ruby/", "Ruby"), ("!!ruby/", "Ruby"),
        ("!!js/", "js-yaml"), ("!js/", "js-yaml"), ("!php/", "Symfony"), ("!!java", "SnakeYAML"),
        ("!Fn::", "CloudFormation"), ("!encrypted", "the program that has encrypted the value"),
        ("!perl/", "Perl"), ("!!perl/", "Perl"),
    ]
}
