import Base
import Planning

/// The files of a directory that `init KIND` writes, with the values of this machine.
struct NodeDirectory {
    /// A place that the reader has to adapt.
    struct OpenPlace: Sendable, Hashable {
        /// The path of a file in the directory, with the number of a line if the file exists.
        let place: String

        /// The key and the comment in front of it, or the content of a file that is missing.
        let text: String
    }

    let kind: NodeKind

    /// The files, by their paths in the directory.
    let files: [TemplateFile]

    /// The places that neither the machine nor a flag has filled, in the order of the file.
    let openPlaces: [OpenPlace]

    /// Fills in the templates of a kind.
    ///
    /// - Parameters:
    ///   - kind: The kind of node.
    ///   - survey: The facts about this machine.
    ///   - role: The role of the machine, or several roles separated by commas; `nil` for that of the kind.
    ///   - variables: Values of variables, by name.
    ///   - credentials: The means with which a worker joins, if they are given.
    ///   - installation: The path of the schema.
    init(
        _ kind: NodeKind,
        _ survey: MachineSurvey,
        role: String?,
        variables: [String: String],
        credentials: JoinCredentials?,
        installation: Installation
    ) {
        self.kind = kind
        var variables = variables
        if let credentials { variables["apiServer"] = variables["apiServer"] ?? credentials.server }
        var rendering = Rendering(
            file: kind.adaptedFile,
            node: "\(yamlScalar(survey.hostName)): \(Self.roles(role ?? kind.role(of: survey)))",
            values: variables.mapValues(yamlScalar)
        )
        if let chosen = survey.address?.chosen {
            rendering.clusterValues["nodeAddress"] = "{interfaces: [\(yamlScalar(chosen.interface))]}"
        }
        rendering.lines = [
            "# yaml-language-server: $schema=\(installation.schema)", "#",
            "# Written by 'nest-bootstrap init \(kind.rawValue)' for node \(printable(survey.hostName)). "
                + "'nest-bootstrap explain' describes every key.",
            "#",
        ]
        for line in kind.adaptedTemplate.split(separator: "\n", omittingEmptySubsequences: false) {
            rendering.add(line)
        }
        let text = Array(rendering.lines.joined(separator: "\n").utf8)
        files =
            kind.templates.map { file in
                file.path == kind.adaptedFile ? TemplateFile(path: file.path, content: text) : file
            } + (credentials?.files ?? [])
        let missing = kind == .worker && credentials == nil ? JoinCredentials.missingFiles : []
        openPlaces = rendering.openPlaces + missing
    }

    private static func roles(_ text: String) -> String {
        let roles = text.split(separator: ",").map { yamlScalar(String($0)) }
        return roles.count > 1 ? "{roles: [\(roles.joined(separator: ", "))]}" : "{role: \(roles.first ?? "worker")}"
    }

    /// The task file while its template is filled in, line by line.
    private struct Rendering {
        let file: String

        /// The entry of section `nodes`, in place of those of the template.
        let node: String

        /// The values of variables, as YAML.
        let values: [String: String]

        /// The values of section `cluster`, as YAML.
        var clusterValues: [String: String] = [:]

        var lines: [String] = []
        var openPlaces: [OpenPlace] = []
        private var section: Substring = ""
        private var hasNode = false
        /// The index of the line that asks for a change of the next value.
        private var change: Int?

        init(file: String, node: String, values: [String: String]) {
            (self.file, self.node, self.values) = (file, node, values)
        }

        mutating func add(_ line: Substring) {
            section = TemplateLine.section(line) ?? section
            if line.contains(TemplateLine.change) { change = lines.count }
            guard let key = TemplateLine.key(line), ["cluster", "nodes", "variables"].contains(section) else {
                lines.append(String(line))
                return
            }
            defer { change = nil }
            if section == "nodes" {
                if !hasNode { lines.append("  \(node)") }
                hasNode = true
                return
            }
            let name = String(key)
            if let value = section == "variables" ? values[name] : clusterValues[name] {
                if let change {
                    lines[change] = lines[change].replacing(TemplateLine.change, with: "# ", maxReplacements: 1)
                }
                lines.append("  \(name): \(value)")
                return
            }
            lines.append(String(line))
            guard let change, let text = lines[change].firstRange(of: TemplateLine.change) else { return }
            openPlaces.append(
                OpenPlace(place: "\(file):\(lines.count)", text: "\(name): \(lines[change][text.upperBound...])")
            )
        }
    }
}
