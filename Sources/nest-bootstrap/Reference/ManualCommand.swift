import Reporting

/// Command `manual`: the source of a manual page, for the build of the package.
struct ManualCommand: Command {
    static let name = "manual"

    static let help = CommandHelp(
        summary: "print the source of a manual page; the build of the package calls it",
        description: "Prints bootstrap.yaml(5) or nest-bootstrap(8) in the macros of mdoc.",
        usage: ["nest-bootstrap manual 5|8 DATE"],
        exitCodes: [Row("0", "printed"), Row("64", "wrong usage")],
        examples: ["manual 8 'November 20, 2026'"],
        files: [],
    )

    static let flags: [Flag<Self>] = []

    static let isShown = false

    var page = Manual.program
    var date = ""

    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        guard names.count == 2, let page = Int(names[0]).flatMap(Manual.init) else {
            throw UsageError("'manual' takes 5 or 8, and a date")
        }
        (self.page, date) = (page, names[1])
    }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        program.output.writeData(page.text(date: date))
        return .success
    }
}
