import Planning
import Reporting

struct GraphCommand: Command {
    static let name = "graph"

    static let help = CommandHelp(
        summary: "print the plan",
        details: [
            "It has the tasks of this node, or of another node of section 'nodes' with '--host-name', and their "
                + "dependencies. Format 'dot' is for Graphviz, and 'mermaid' for viewers of Markdown."
        ],
        exitCodes: [Row("0", "printed"), .usageError, .wrongTaskFile],
        examples: [
            "graph --role worker", "graph --host-name cp1",
            "graph -o dot | dot -Tpdf > plan.pdf",
        ],
    )

    static let flags: [Flag<Self>] = [
        .config, .role, .hostName, .root,
        .output("a tree of lines, objects, or the input of Graphviz or Mermaid (default: text)", \.format),
    ]

    enum Format: String, Sendable, CaseIterable { case text, json, dot, mermaid }

    var format = Format.text

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        let output = program.output
        return try await program.withConfiguration(options) { configuration in
            let plan = configuration.plan
            switch format {
            case .json: output.writeObjects(plan.renderJSON())
            case .text:
                let columns = program.outputEnvironment.columns
                output.write(plan.renderText(columns: columns))
            case .dot: output.write(plan.renderDOT())
            case .mermaid: output.write(plan.renderMermaid())
            }
            return .success
        }
    }
}
