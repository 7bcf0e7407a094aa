import Planning
import Reporting
import State

/// Command `graph`: the plan of this node, also with the states of its tasks.
struct GraphCommand {
    let configuration: Configuration
    let options: GraphOptions

    /// Prints the plan.
    ///
    /// - Throws: ``Base/SystemError`` if states are shown and the boot cannot be identified.
    func run(_ output: ConsoleOutput, _ outputEnvironment: OutputEnvironment) async throws -> ExitCode {
        let plan = configuration.plan
        let states = options.showsStatus ? try await states(output) : [:]
        if configuration.options.output.isForPrograms {
            output.writeObjects(plan.renderJSON(states: states), as: configuration.options.output)
            return .success
        }
        switch options.format {
        case .text:
            let (columns, isColoured) = (outputEnvironment.columns, outputEnvironment.isColoured)
            let text = plan.renderText(columns: columns, isUTF8: output.isUTF8, states: states) { state, word in
                isColoured ? state.painted(word) : word
            }
            output.write(text)
        // The input of programs, which read UTF-8.
        case .dot: output.writeData(plan.renderDOT(states: states))
        case .mermaid: output.writeData(plan.renderMermaid(states: states))
        case .svg: output.writeData(plan.renderSVG(states: states))
        }
        return .success
    }

    /// The states of all tasks by their names, as `status` determines them.
    private func states(_ output: ConsoleOutput) async throws -> [String: DrawnState] {
        let survey = StatusSurvey(configuration: configuration, records: try configuration.records())
        let findings = await survey.findings(of: configuration.plan)
        if !configuration.options.output.isForPrograms, let error = findings.error { output.report(error) }
        return Dictionary(
            findings.statuses.map { ($0.task, $0.state.drawn) },
            uniquingKeysWith: { first, _ in first }
        )
    }
}
