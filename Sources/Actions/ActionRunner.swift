public import Execution
public import Planning

/// Does what a task's verb says, and nothing else of the plan.
public struct ActionRunner: Sendable {
    private let environment: RunEnvironment

    /// Creates a runner.
    public init(_ environment: RunEnvironment) {
        self.environment = environment
    }

    /// How long before a task's deadline an action gives up by itself, so that its own words are told.
    private static let margin = Duration.milliseconds(300)

    /// Performs a task.
    ///
    /// - Parameters:
    ///   - step: The task.
    ///   - context: Its deadline, and what hears what happens.
    /// - Returns: Whether anything changed.
    /// - Throws: Whatever the verb's action throws: ``ActionError``, or an error of a library.
    public func perform(_ step: Plan.Step, _ context: StepContext) async throws -> Outcome {
        let context = ActionContext(
            run: environment,
            task: step.task,
            deadline: context.deadline - min(Self.margin, context.remaining / 10),
            emit: Emitter { context.emit($0, from: $1) },
        )
        let isChanged =
            switch step.task.verb {
            case .kubeconfig(let declaration): try await KubeconfigAction(context, declaration).run()
            case .symlink(let declaration): try SymlinkAction(context, declaration).run()
            case .file(let declaration): try await FileAction(context, declaration).run()
            case .apply(let declaration): try await ApplyAction(context, declaration).run()
            case .exec(let declaration): try await ExecAction(context, declaration).run()
            case .wait(let declaration): try await WaitAction(context, declaration).run()
            }
        return isChanged ? .changed : .unchanged
    }
}
