import Base
import Host
import Planning
import Reporting

/// Command `init`: a first task file for this machine.
struct InitCommand: Command {
    static let name = "init"

    static let help = CommandHelp(
        summary: "write a first task file for this machine",
        description: "Looks at this machine and writes a task file with comments that passes 'check', to begin with.",
        usage: ["nest-bootstrap init [FLAG]..."],
        details: [
            "It looks at the host name, at the files of kubeadm, k3s, agenix and NixOS, at existing kubeconfigs and "
                + "certificates, and at the network interfaces. Of a kubeconfig it takes the address of the API "
                + "server. It asks no server, and writes nothing but FILE.",
            "With '--root' the host name is that of DIR/etc/hostname if there is one, and interfaces are not looked "
                + "at.",
        ],
        exitCodes: [Row("0", "written"), Row("1", "the file exists or cannot be written"), Row("64", "wrong usage")],
        examples: [
            "init", "init --output /etc/nest-bootstrap/bootstrap.yaml --force",
            "init --root /mnt --host-name cp1 -o bootstrap.yaml",
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
            "write the task file to FILE, which must not exist (default: '-', standard output)"
        ) { (command, _, value) throws(UsageError) in
            guard OutputChoice(rawValue: value) == nil else {
                let message = "'--output' of 'init' is a file, found the format '\(value)'"
                throw UsageError("\(message); write ./\(value) for a file of that name")
            }
            command.path = value == "-" ? nil : value
        },
        Flag("--force", "replace FILE if it exists", \.replaces),
        .root("look at the files below DIR, which is the root of another machine"),
    ]

    /// The path of the file, or `nil` for standard output.
    var path: String?

    /// Whether an existing file is replaced.
    var replaces = false

    /// Refuses roles and host names that are not valid in a task file.
    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        try Self.refuse(names, options, hint: "use \(quotedShellLine(["--output", names.first ?? "FILE"]))")
        let roles = options.role?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? []
        if let role = roles.first(where: { !isRoleName($0) }) {
            throw UsageError("invalid value '\(role)' for '--role': expected lower-case letters, digits and dashes")
        }
        guard let name = options.hostName, !SubjectName.isHostName(name) else { return }
        throw UsageError(
            "invalid value '\(name)' for '--host-name': expected letters, digits, '-' and '.', as 'hostname' prints it"
        )
    }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
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
        do {
            if !replaces, try FileSystem.status(path) != nil {
                let hint = "pass '--force' to replace it, or '--output' with another file"
                output.report(Problem(.pathInTheWay, "'\(path)' exists", hint: hint))
                return .failure
            }
            try FileSystem.write(Array(text.utf8), to: Configuration.absolute(path), mode: 0o644)
        } catch {
            output.report(error)
            return .failure
        }
        let call = quotedShellLine(["nest-bootstrap", "check", "--config", path])
        output.write("'\(printable(path))' written; check it with \(printable(call))\n")
        return .success
    }
}
