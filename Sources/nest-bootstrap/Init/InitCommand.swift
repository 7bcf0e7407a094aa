import Base
import Host
import Planning
import Reporting

struct InitCommand: Command {
    static let name = "init"

    static let help = CommandHelp(
        summary: "write the task file of a kind of node, with all that it needs",
        usage: ["nest-bootstrap init KIND --output DIR [FLAG]..."],
        details: [
            "KIND 'kubeadm' and 'k3s' are for nodes that these make; 'control-plane' and 'worker' for a bare Debian, with "
                + "etcd, API server, controller manager and scheduler, or with containerd and a kubelet that joins.",
            "What is still to be adapted is listed, and has a comment with CHANGE in the file. No file is replaced.",
        ],
        exitCodes: [Row("0", "written"), Row("1", "a file exists or cannot be written"), Row("64", "wrong usage")],
        examples: [
            "init kubeadm --output /etc/nest-bootstrap", "init kubeadm -o ./node --set podCIDR=10.64.0.0/16",
            "init worker -o ./node --set apiServer=https://cp1:6443",
        ],
    )

    static let flags: [Flag<Self>] = [
        .hostName,
        Flag("--output", short: "-o", "DIR", "the directory, which is created if it does not exist") {
            (command, _, value) throws(UsageError) in command.path = value
        },
        Flag(
            "--set",
            "NAME=VALUE",
            "the value of a variable of the task file; may be given several times",
            \.settings
        ),
    ]

    enum Kind: String, Sendable, CaseIterable {
        case kubeadm, k3s, worker
        case controlPlane = "control-plane"

        var templates: [TemplateFile] { TemplateFile.all(of: rawValue) }

        /// The template file into which the host name and the values of variables are inserted.
        var adaptedFile: String { self == .worker ? "bootstrap.d/50-site.yaml" : "bootstrap.yaml" }
    }

    var kind = Kind.kubeadm
    var path = ""
    var settings: [String] = []

    /// The beginning of a template comment about a value that has to be adapted.
    private static let change = "# CHANGE: "

    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        let kinds = Kind.allCases.map(\.rawValue)
        guard let name = names.first else {
            throw UsageError("'init' needs a kind of node: \(alternatives(Kind.allCases))")
        }
        guard let kind = Kind(rawValue: name) else { throw .unknown("kind of node", name, among: kinds) }
        try Self.refuse(Array(names.dropFirst()))
        self.kind = kind
        guard !path.isEmpty else {
            throw UsageError("'init \(name)' needs '--output DIR', such as --output /etc/nest-bootstrap")
        }
        if let setting = settings.first(where: { !$0.contains("=") }) {
            throw UsageError("invalid value '\(setting)' for '--set': expected NAME=VALUE")
        }
        _ = try files(options)
    }

    static func completion(_ completer: Completer) -> Completion { completer.first(of: Kind.allCases) }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        let path = Configuration.absolute(path).withoutSlashesAtEnd
        let files = try files(options)
        for file in files where try FileSystem.status("\(path)/\(file.path)") != nil {
            throw Problem("'\(path)/\(file.path)' exists", hint: "name another directory")
        }
        for file in files {
            let place = "\(path)/\(file.path)"
            if let slash = place.lastSlash { try FileSystem.makeDirectories(String(place[..<slash])) }
            try FileSystem.write(file.content, to: place, mode: file.path.hasSuffix(".sh") ? 0o755 : 0o644)
        }
        program.output.write(report(files, path))
        return .success
    }

    /// Returns the template files with the host name and the given values of variables filled in.
    private func files(_ options: Options) throws(UsageError) -> [TemplateFile] {
        var values: [String: String] = [:]
        for setting in settings {
            let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            values[String(parts[0])] = String(decoding: Node.string(String(parts[1])).json(), as: UTF8.self)
        }
        var files = kind.templates
        guard let index = files.firstIndex(where: { $0.path == kind.adaptedFile }) else { return files }
        var lines = ["# yaml-language-server: $schema=\(Installation.schema)", "#"]
        var (section, variables) = (Substring(), [String]())
        let text = String(decoding: files[index].content, as: UTF8.self)
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if let first = line.first, first != " ", first != "#" { section = line.prefix { $0 != ":" } }
            let key = String(line.dropFirst(2).prefix { $0 != ":" })
            if section == "nodes", key == "node-1" {
                lines.append("  \(options.hostName ?? Machine.hostName()): \(line.dropFirst(10))")
                continue
            }
            let isVariable = section == "variables" && line.hasPrefix("  ") && key.first?.isLetter == true
            if isVariable { variables.append(key) }
            guard isVariable, let value = values.removeValue(forKey: key) else {
                lines.append(String(line))
                continue
            }
            if let last = lines.last?.replacing(Self.change, with: "# ") { lines[lines.count - 1] = last }
            lines.append("  \(key): \(value)")
        }
        if let name = values.keys.min() {
            throw .unknown("variable of 'init \(kind.rawValue)'", name, among: variables)
        }
        files[index] = TemplateFile(path: kind.adaptedFile, content: Array(lines.joined(separator: "\n").utf8))
        return files
    }

    /// Returns lines that list the written files, the values to change, and the call of `check`.
    private func report(_ files: [TemplateFile], _ path: String) -> String {
        var lines = files.map { "'\(printable(path))/\($0.path)' written" }
        for file in files {
            let text = String(decoding: file.content, as: UTF8.self)
            for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                guard let range = line.firstRange(of: Self.change) else { continue }
                lines.append("\(printable(path))/\(file.path):\(index + 1): to change: \(line[range.upperBound...])")
            }
        }
        let config = "\(path)/bootstrap.yaml"
        let flag = config == Options.defaultConfig ? [] : ["--config", config]
        lines.append("check with: \(printable(shellLine(["nest-bootstrap", "check"] + flag)))")
        return lines.map { $0 + "\n" }.joined()
    }
}
