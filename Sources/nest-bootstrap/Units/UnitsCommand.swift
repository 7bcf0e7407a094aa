import Base

/// Command `units`: writes the plan as systemd units; also works as a systemd generator.
struct UnitsCommand: Command {
    static let name = "units"

    static let help = CommandHelp(
        summary: "write the plan as systemd units",
        description: "Writes the plan of this node as systemd units: k8s-bootstrap-NAME.service for every task, "
            + "required by k8s-bootstrap.target, and those that report failures. The target is installed with the package.",
        usage: [
            "nest-bootstrap units DIR [FLAG]...", "nest-bootstrap units NORMAL EARLY LATE",
            "nest-bootstrap-generator NORMAL EARLY LATE",
        ],
        details: [
            "As a systemd generator, which is called with three directories, it writes into the first. For an invalid "
                + "task file it writes a health service that fails and says why.",
            "Units of an earlier call stay: empty the directory first. With '--offline' no unit counts as masked.",
        ],
        exitCodes: [Row("0", "written"), Row("1", "a file could not be written"), .usageError, .wrongTaskFile],
        examples: [
            "units /run/systemd/system", "units ./units --config ./bootstrap.yaml --role worker",
            "units ./units --offline --host-name cp1",
        ],
    )

    static let flags: [Flag<Self>] = [
        .config, .role, .hostName, .offline,
        Flag(
            "--installed-as",
            "FILE",
            "the path of the task file on the node, for units that are made elsewhere (default: that of --config)",
            \.installedConfig
        ),
        .root,
    ]

    static let isShown = false

    var directory = ""
    var installedConfig: String?

    /// Whether systemd calls the program as a generator, which must succeed even with an invalid task file.
    var isGenerator = false

    var acts: Bool { true }

    /// Accepts one directory, or the three directories of a generator: for normal, early and late units.
    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        guard let directory = names.first, [1, 3].contains(names.count), !names.contains("") else {
            throw UsageError("'units' takes one directory, or the three directories of a systemd generator")
        }
        (self.directory, isGenerator) = (directory, names.count == 3)
    }

    static func completion(_ completer: Completer) -> Completion { .directory }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        try UnitWriter(options: options, command: self, output: program.output).run()
    }
}
