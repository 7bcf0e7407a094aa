import Base
import Host
import Planning
import Reporting

/// Command `init`: a first task file for this machine, or the complete directory of a kind of node.
struct InitCommand: Command {
    static let name = "init"

    static let help = CommandHelp(
        summary: "write a first task file for this machine, or the directory of a kind of node",
        description:
            "Looks at this machine and writes a task file with comments that passes 'check', to begin with. With "
            + "KIND it writes a directory: a complete task file with all that it needs beside it.",
        usage: [
            "nest-bootstrap init [FLAG]...",
            "nest-bootstrap init KIND --output DIR [FLAG]...",
        ],
        details: [
            "KIND 'kubeadm' is for a node that kubeadm makes: modules and settings of the kernel, Flannel, and the wait until the "
                + "node is Ready. 'k3s' is the same for k3s, which has a network already. 'control-plane' is for a bare "
                + "Debian: etcd, API server, controller manager and scheduler with their certificates and units, and the "
                + "manifests with which workers can join. 'worker' is for a bare Debian too: containerd, runc, the CNI plugins "
                + "and a kubelet that joins.",
            "The directory is checked as 'check --offline' does, and only then written, as a whole. What is still to be "
                + "adapted is listed, and has a comment with CHANGE in the task file. DIR must be empty, or not exist.",
            "It looks at the host name, at the files of kubeadm, k3s, agenix and NixOS, at existing kubeconfigs and "
                + "certificates, and at the network interfaces. Of a kubeconfig it takes the address of the API "
                + "server. It asks no server, and writes nothing but FILE.",
            "With '--root' the host name is that of DIR/etc/hostname if there is one, and interfaces are not looked "
                + "at.",
        ],
        exitCodes: [
            Row("0", "written"), Row("1", "the file or directory exists or cannot be written"),
            Row("64", "wrong usage"),
            Row("78", "with a value of a flag the task file is wrong"),
        ],
        examples: [
            "init", "init --output /etc/nest-bootstrap/bootstrap.yaml --force",
            "init --root /mnt --host-name cp1 -o bootstrap.yaml", "init kubeadm --output /etc/nest-bootstrap",
            "init kubeadm -o ./node --set podCIDR=10.64.0.0/16",
            "init worker -o /etc/nest-bootstrap --join bootstrap.kubeconfig",
        ],
        files: [
            Row("/etc/kubernetes", "what kubeadm has made"), Row("/etc/rancher/k3s", "what k3s has made"),
            Row("/run/agenix", "decrypted credentials"),
        ],
    )

    static let flags: [Flag<Self>] = [
        .role, .hostName,
        Flag(
            "--output",
            short: "-o",
            "FILE",
            "write the task file to FILE, which must not exist (default: '-', standard output); with KIND a directory, which "
                + "is required"
        ) { (command, _, value) throws(UsageError) in
            guard OutputChoice(rawValue: value) == nil else {
                let message = "'--output' of 'init' is a file, found the format '\(value)'"
                throw UsageError("\(message); write ./\(value) for a file of that name")
            }
            command.path = value == "-" ? nil : value
        },
        Flag(
            "--force",
            "replace FILE if it exists; with KIND files of the same names in the directory. What was different is kept beside "
                + "it, with '.bak' at the end of its name",
            \.replaces
        ),
        Flag(
            "--set",
            "NAME=VALUE",
            "with KIND: the value of a variable of the task file; may be given several times",
            \.settings
        ),
        Flag(
            "--join",
            "FILE",
            "with 'worker': a kubeconfig with the token, the server and the CA with which the node joins",
            \.joinPath
        ),
        .root("look at the files below DIR, which is the root of another machine"),
    ]

    /// The kubeconfig with which a worker joins, if it is given.
    var joinPath: String?

    /// The path of the file or directory, or `nil` for standard output.
    var path: String?

    /// Whether an existing file is replaced.
    var replaces = false

    /// The kind of node whose directory is written; `nil` for a single task file.
    var kind: NodeKind?

    /// The values of variables, as `NAME=VALUE`.
    var settings: [String] = []

    /// Refuses unknown kinds and variables, and roles and host names that are not valid in a task file.
    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        try setKind(names, options)
        let roles = options.role?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? []
        if let role = roles.first(where: { !isRoleName($0) }) {
            throw UsageError("invalid value '\(role)' for '--role': expected lower-case letters, digits and dashes")
        }
        guard let name = options.hostName, !SubjectName.isHostName(name) else { return }
        throw UsageError(
            "invalid value '\(name)' for '--host-name': expected letters, digits, '-' and '.', as 'hostname' prints it"
        )
    }

    private mutating func setKind(_ names: [String], _ options: Options) throws(UsageError) {
        guard let name = names.first else {
            guard settings.isEmpty else {
                throw UsageError("'--set' needs a kind of node: \(alternatives(NodeKind.allCases))")
            }
            guard joinPath == nil else { throw UsageError("'--join' goes with 'init worker' only") }
            return
        }
        kind = NodeKind(rawValue: name)
        guard let kind else {
            let isFile = name.hasSlash || name.contains(".") || name.contains(where: \.isWhitespace)
            guard isFile else { throw .unknown("kind of node", name, among: NodeKind.allCases.map(\.rawValue)) }
            try Self.refuse(names, options, hint: "use \(quotedShellLine(["--output", name]))")
            return
        }
        try Self.refuse(Array(names.dropFirst()), options)
        guard path != nil else {
            throw UsageError(
                "'init \(name)' writes a directory: add '--output DIR', such as --output /etc/nest-bootstrap"
            )
        }
        guard joinPath == nil || kind == .worker else { throw UsageError("'--join' goes with 'init worker' only") }
        let variables = try Self.variables(settings, of: kind)
        let templates = Dictionary(kind.declaredVariables.map { ($0.name, $0.value) }) { $1 }
        try VariableForm.check(variables, templates)
    }

    /// Parses the values of variables.
    private static func variables(_ settings: [String], of kind: NodeKind) throws(UsageError) -> [String: String] {
        var variables: [String: String] = [:]
        for setting in settings {
            let (name, value) = try variable(setting, of: kind)
            variables[name] = value
        }
        return variables
    }

    /// Parses the value of a variable.
    private static func variable(_ setting: String, of kind: NodeKind) throws(UsageError) -> (String, String) {
        let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty else {
            throw UsageError("invalid value '\(setting)' for '--set': expected NAME=VALUE")
        }
        guard let variable = kind.declaredVariables.first(where: { $0.name == parts[0] }) else {
            throw .unknown("variable of 'init \(kind.rawValue)'", parts[0], among: kind.variables)
        }
        guard parts[1].contains(where: { !$0.isWhitespace }) else {
            throw UsageError("'--set \(setting)' has no value after '=': write a value such as \(variable.value)")
        }
        return (parts[0], parts[1])
    }

    static func completion(_ completer: Completer) -> Completion { completer.first(of: NodeKind.allCases) }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        if let kind { return try await writeDirectory(of: kind, options, program.output) }
        let output = program.output
        let text: String
        do {
            let survey = try MachineSurvey(root: options.root, hostName: options.hostName)
            text = FirstTaskFile(survey: survey, role: options.role, installation: Installation()).text
        } catch {
            output.report(error)
            return .failure
        }
        guard let path else {
            output.writeData(text)
            return .success
        }
        let copy: String?
        do {
            let target = Configuration.absolute(path)
            if !replaces, try FileSystem.status(path) != nil {
                let hint = "pass '--force' to replace it, or '--output' with another file"
                output.report(Problem("'\(path)' exists", hint: hint))
                return .failure
            }
            copy = try ReplacedFile.keep(target, replacedBy: Array(text.utf8))
            try FileSystem.write(Array(text.utf8), to: target, mode: 0o644)
        } catch {
            output.report(error)
            return .failure
        }
        let call = quotedShellLine(["nest-bootstrap", "check", "--config", path])
        if let copy { output.write("the former file is now '\(printable(copy))'\n") }
        output.write("'\(printable(path))' written; check it with \(printable(call))\n")
        return .success
    }

    /// Writes the directory of a kind of node, and prints what to do next.
    private func writeDirectory(
        of kind: NodeKind,
        _ options: Options,
        _ output: ConsoleOutput,
    ) async throws -> ExitCode {
        let variables = try Self.variables(settings, of: kind)
        let path = Self.directoryPath(self.path ?? "")
        do {
            let survey = try MachineSurvey(root: options.root, hostName: options.hostName)
            let directory = NodeDirectory(
                kind,
                survey,
                role: options.role,
                variables: variables,
                credentials: try joinPath.map { path throws in try JoinCredentials(path: path) },
                installation: Installation(),
            )
            var checked = options
            (checked.hostName, checked.role) = (survey.hostName, nil)
            let writer = NodeDirectoryWriter(directory: directory, path: path, replaces: replaces, options: checked)
            let isInside = isPath(Machine.workingDirectory(), at: FileSystem.existingRealPath(path))
            let kept = try await writer.write()
            output.write(Self.report(directory, path, kept, isInside: isInside))
        } catch let problems as Problems {
            output.report(problems, .taskFileWrong)
            return .configuration
        } catch {
            output.report(error)
            return .failure
        }
        return .success
    }

    /// Returns the absolute path of a directory, without parts such as `.` and without a slash at its end.
    private static func directoryPath(_ given: String) -> String {
        let path = Configuration.absolute(given)
        let hasDots = path.pathParts.contains { $0 == "." || $0 == ".." }
        let plain = (hasDots ? FileSystem.existingRealPath(path) : path).withoutSlashesAtEnd
        return plain.isEmpty ? "/" : plain
    }

    /// Returns the lines about a directory that was written: its files, what to change, and what to call.
    ///
    /// - Parameters:
    ///   - directory: The directory.
    ///   - path: Its path.
    ///   - kept: The names of replaced files, with the names that they have now.
    ///   - isInside: Whether the working directory is in it.
    /// - Returns: The lines.
    private static func report(
        _ directory: NodeDirectory,
        _ path: String,
        _ kept: [(name: String, copy: String)],
        isInside: Bool
    ) -> String {
        let file = "\(path)/\(NodeKind.taskFileName)"
        var lines = ["'\(printable(path))' written and checked:"]
        lines += directory.files.map { "    \($0.path)" }
        if !kept.isEmpty {
            lines.append("Replaced files that were different, and their copies:")
            lines += kept.map { "    \(printable($0.name)): \(printable($0.copy))" }
        }
        if !directory.openPlaces.isEmpty {
            lines.append("To change before the first run:")
            lines += directory.openPlaces.map { "    \(printable(path))/\($0.place): \($0.text)" }
        }
        let config = file == Options.defaultConfig ? [] : ["--config", file]
        lines.append("Next:")
        // The directory was replaced as a whole, so that a shell in it is still in the former one.
        if isInside {
            lines.append("    \(shellLine(["cd", path]))    # it is a new directory")
        }
        lines.append("    \(shellLine(["nest-bootstrap", "check"] + config))")
        if !config.isEmpty {
            lines.append("    \(shellLine(["cp", "-r", "\(path)/.", "/etc/nest-bootstrap/"]))    # on the node")
        }
        // Before the installer of the cluster has run, the tasks wait for it.
        let waits = [.kubeadm, .k3s].contains(directory.kind)
        lines.append("    nest-bootstrap up\(waits ? " --no-wait" : "")")
        return lines.map { $0 + "\n" }.joined()
    }
}
