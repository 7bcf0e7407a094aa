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
            "Format 'svg' is a picture for browsers, on light and dark pages; 'dot' is for Graphviz, and 'mermaid' "
                + "for viewers of Markdown. In the picture a dependency that follows from others has no arrow.",
            "With '--status' every task has its state on this boot, as 'status' prints it, in each format.",
            "With '--all-nodes' it prints the plan of every node of section 'nodes', on any machine.",
        ],
        exitCodes: [Row("0", "printed"), .usageError, .wrongTaskFile],
        examples: [
            "graph --role worker", "graph --format svg --status > plan.svg", "graph --all-nodes",
            "graph --format dot | dot -Tpdf > plan.pdf",
        ],
        files: Row.taskFiles + [.record],
    )

    static let flags: [Flag<Self>] = [
        Flag(
            "--format",
            alternatives(Format.allCases),
            "a tree of lines, the input of Graphviz or Mermaid, or a picture (default: \(Format.text.rawValue))"
        ) { (command, _, value) throws(UsageError) in command.format = try choice("format", value) },
        Flag("--status", "show the state of every task on this boot, in colours and in words", \.showsStatus),
        .config, .role, .hostName, .allNodes, .root, .output,
    ]

    /// The formats of a plan.
    enum Format: String, Sendable, CaseIterable {
        /// Indented lines.
        case text
        /// Graphviz.
        case dot
        /// Mermaid, which code forges display as a picture.
        case mermaid
        /// A picture that every browser shows.
        case svg
    }

    /// The format, or `nil` if none is given.
    var format: Format?

    /// Whether to show the states of the tasks on this boot.
    var showsStatus = false

    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        try Self.refuse(names, options)
        if format != nil { try options.refuseFormat() }
        if showsStatus, options.isForAllNodes {
            throw UsageError("'--status' and '--all-nodes' are mutually exclusive")
        }
    }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        let (output, outputEnvironment) = (program.output, program.outputEnvironment)
        guard !options.isForAllNodes else {
            let format = options.output.isForPrograms ? nil : format ?? .text
            return AllNodesPlans(options: options, output: output).draw(format, columns: outputEnvironment.columns)
        }
        return try await program.withConfiguration(options, showsNode: true) {
            try await print($0, output, outputEnvironment)
        }
    }

    private func print(
        _ configuration: Configuration,
        _ output: ConsoleOutput,
        _ outputEnvironment: OutputEnvironment
    ) async throws -> ExitCode {
        let plan = configuration.plan
        let states = showsStatus ? try await states(configuration, output) : [:]
        if configuration.options.output.isForPrograms {
            output.writeObjects(plan.renderJSON(states: states), as: configuration.options.output)
            return .success
        }
        switch format ?? .text {
        case .text:
            let (columns, isColoured) = (outputEnvironment.columns, outputEnvironment.isColoured)
            let text = plan.renderText(columns: columns, isUTF8: output.isUTF8, states: states) { state, word in
                isColoured ? state.painted(word) : word
            }
            output.write(text)
        // The other formats are read by programs, which expect UTF-8.
        case .dot: output.writeData(plan.renderDOT(states: states))
        case .mermaid: output.writeData(plan.renderMermaid(states: states))
        case .svg: output.writeData(plan.renderSVG(states: states))
        }
        return .success
    }

    /// Returns the states of all tasks by name, determined as in `status`.
    private func states(_ configuration: Configuration, _ output: ConsoleOutput) async throws -> [String: DrawnState] {
        let survey = StatusSurvey(configuration: configuration, records: try configuration.records())
        let findings = await survey.findings(of: configuration.plan)
        if !configuration.options.output.isForPrograms, let error = findings.error { output.report(error) }
        return Dictionary(
            findings.statuses.map { ($0.task, $0.state.drawn) },
            uniquingKeysWith: { first, _ in first }
        )
    }
}
