public import Execution
public import Planning

/// Does what a task's verb says, and nothing else of the plan.
public struct ActionRunner: Sendable {
    private let environment: RunEnvironment

    /// Creates a runner.
    public init(_ environment: RunEnvironment) {
        self.environment = environment
    }

    /// Performs a task.
    ///
    /// - Parameters:
    ///   - task: The task.
    ///   - deadline: The instant at which it is given up.
    ///   - emit: Hears what happens, from any thread.
    /// - Returns: Whether anything changed.
    /// - Throws: Whatever the verb's action throws: ``ActionError``, or an error of a library.
    public func perform(
        _ task: TaskDeclaration,
        deadline: ContinuousClock.Instant,
        emit: @escaping @Sendable (Event.Kind) -> Void,
    ) async throws -> Outcome {
        let context = ActionContext(run: environment, task: task, deadline: deadline, emit: emit)
        let isChanged =
            switch task.verb {
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
