import Planning
import Reporting
import State

/// Command `graph`: the plan of this node, optionally with the states of its tasks.
struct GraphCommand: Command {
    static let name = "graph"

    static let help = CommandHelp(
        summary: "print the plan",
        description: "Prints the plan of this node: its tasks and their dependencies. With '--output json' it is one "
            + "JSON object.",
        usage: ["nest-bootstrap graph [FLAG]..."],
        details: [
            "Format 'dot' is for Graphviz, and 'mermaid' for viewers of Markdown.",
            "With '--status' every task has its state on this boot, as 'status' prints it, in each format.",
            "'--host-name' prints the plan of another node of section 'nodes'.",
        ],
        exitCodes: [Row("0", "printed"), .usageError, .wrongTaskFile],
        examples: [
            "graph --role worker", "graph --status",
            "graph -o dot | dot -Tpdf > plan.pdf",
        ],
    )

    static let flags: [Flag<Self>] = [
        Flag("--status", "show the state of every task on this boot", \.showsStatus),
        .config, .role, .hostName, .root,
        .output("a tree of lines, objects, or the input of Graphviz or Mermaid (default: text)", \.format),
    ]

    enum Format: String, Sendable, CaseIterable { case text, json, dot, mermaid }

    var format = Format.text
    var showsStatus = false

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        let (output, outputEnvironment) = (program.output, program.outputEnvironment)
        return try await program.withConfiguration(options) {
            try await print($0, output, outputEnvironment)
        }
    }

    private func print(
        _ configuration: Configuration,
        _ output: ConsoleOutput,
        _ outputEnvironment: OutputEnvironment
    ) async throws -> ExitCode {
        let plan = configuration.plan
        let found = showsStatus ? try await states(configuration, output) : [:]
        let states = found.mapValues { "\($0)" }
        switch format {
        case .json: output.writeObjects(plan.renderJSON(states: states))
        case .text:
            let (columns, isColoured) = (outputEnvironment.columns, outputEnvironment.isColoured)
            let text = plan.renderText(columns: columns, isUTF8: output.isUTF8, states: states) { task, word in
                isColoured ? found[task]?.painted(word) ?? word : word
            }
            output.write(text)
        // The other formats are read by programs, which expect UTF-8.
        case .dot: output.writeData(plan.renderDOT(states: states))
        case .mermaid: output.writeData(plan.renderMermaid(states: states))
        }
        return .success
    }

    /// Returns the states of all tasks by name, determined as in `status`.
    private func states(_ configuration: Configuration, _ output: ConsoleOutput) async throws -> [String: TaskState] {
        let survey = StatusSurvey(configuration: configuration, records: try configuration.records())
        let findings = await survey.findings(of: configuration.plan)
        if !configuration.options.output.isForPrograms, let error = findings.error { output.report(error) }
        return Dictionary(
            findings.statuses.map { ($0.task, $0.state) },
            uniquingKeysWith: { first, _ in first }
        )
    }
}
