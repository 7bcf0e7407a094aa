import Base
import Kubernetes
public import Planning

/// A runner of individual tasks of a plan.
public struct ActionRunner: Sendable {
    private let environment: RunEnvironment

    public init(_ environment: RunEnvironment) {
        self.environment = environment
    }

    /// Performs a task, under its Lease if it has one.
    ///
    /// - Throws: An error that is not necessarily a ``Base/Problem``.
    public func perform(_ step: Plan.Step, _ context: StepContext) async throws -> Outcome {
        let context = try await addressed(
            ActionContext(
                run: environment,
                task: step.task,
                deadline: context.deadline,
                emit: { context.emit($0) },
            )
        )
        let isChanged: Bool
        do {
            isChanged = try await context.locked { try await Self.perform(context) }
        } catch let problem as Problem {
            guard let missing = context.missingInDryRun(problem) else { throw problem.located(in: context.task) }
            context.emit(.planned("would run with \(missing)"))
            context.expectProducts()
            context.recordStart()
            return context.task.verb.name == WaitDeclaration.name ? .unchanged : .changed
        }
        if isChanged { context.recordStart() }
        return isChanged ? .changed : .unchanged
    }

    /// Performs the task of a context without taking its Lease; see ``Action/run()``.
    static func perform(_ context: ActionContext) async throws -> Bool {
        guard let action = actionTypes.first(where: { $0.verb == context.task.verb.name }) else {
            preconditionFailure("verb '\(context.task.verb.name)' has no action")
        }
        return try await action.perform(context)
    }

    /// Replaces the task and the variables by those read with the node's address, if the task depends on it.
    private func addressed(_ context: ActionContext) async throws -> ActionContext {
        guard context.task.addressUse != .none, let addressed = environment.addressed else { return context }
        let declarations = try await addressed.declarations(for: context)
        let plan = declarations.plan
        var run = environment
        run.variables = declarations.variables
        return ActionContext(
            run: run,
            task: plan.position(of: context.task.name).map { plan.steps[$0].task } ?? context.task,
            deadline: context.deadline,
            emit: context.emit,
        )
    }
}

extension Problem {
    /// Returns the problem with the location of the task's subject, unless it or one of its causes has a location.
    ///
    /// ``Base/Problem/mayPass`` is set with that location, and for a problem that has no cause but a location in the
    /// same file, because the file may be correct. A problem of verb `apply` gets none: its objects have locations.
    fileprivate func located(in task: PlannedTask) -> Problem {
        var cause: (any Error)? = self
        var located = self
        if self.cause == nil, location?.file == task.subjectLocation.file { located.mayPass = true }
        while let problem = cause as? Problem {
            guard problem.location == nil else { return located }
            cause = problem.cause
        }
        guard task.verb.name != ApplyDeclaration.name, !(cause is Problems) else { return located }
        located.location = task.subjectLocation
        located.mayPass = true
        return located
    }
}

let actionTypes: [any Action.Type] = [
    KubeconfigAction.self,
    SymlinkAction.self,
    FileAction.self,
    DirectoryAction.self,
    DecryptAction.self,
    CertificateAction.self,
    ApplyAction.self,
    ServiceAction.self,
    ExecAction.self,
    ImagesAction.self,
    WaitAction.self,
    RemoveAction.self,
]

/// The implementation of a verb.
protocol Action: Sendable {
    associatedtype Declaration: VerbDeclaration

    init(context: ActionContext, declaration: Declaration)

    /// Performs the task or, in a dry run, only reports the changes that it would make.
    ///
    /// - Returns: Whether anything changed or, in a dry run, would change.
    func run() async throws -> Bool
}

extension Action {
    static var verb: String { Declaration.name }

    static func perform(_ context: ActionContext) async throws -> Bool {
        guard let declaration = context.task.verb.declaration as? Declaration else {
            preconditionFailure("the action of verb '\(verb)' got a task with another verb")
        }
        return try await Self(context: context, declaration: declaration).run()
    }
}
