import Base
import Kubernetes
public import Planning

/// A runner of individual tasks in a plan.
public struct ActionRunner: Sendable {
    private let environment: RunEnvironment

    public init(_ environment: RunEnvironment) {
        self.environment = environment
    }

    private static let actions = Dictionary(actionTypes.map { ($0.verb, $0) }, uniquingKeysWith: { first, _ in first })

    /// Performs a task.
    ///
    /// - Parameters:
    ///   - step: The task.
    ///   - context: The task's deadline, and the receiver of its events.
    /// - Returns: Whether anything changed.
    /// - Throws: The error of the verb's action: ``Base/Problem``, or an error of a library.
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

    /// Performs the task of a context, and returns whether anything changed.
    static func perform(_ context: ActionContext) async throws -> Bool {
        guard let action = actions[context.task.verb.name] else {
            preconditionFailure("verb '\(context.task.verb.name)' has no action")
        }
        return try await action.perform(context)
    }

    /// Returns the context with the task read again with the node's address, if the task depends on the address.
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
    /// Returns the problem with the place in the task file of what the task is about, if neither it nor a cause has a place.
    ///
    /// A file that is missing or a program that fails may be right later, and is no mistake in the task file.
    ///
    /// The objects of verb `apply` have places in their manifests; what is wrong with its server has none.
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

/// The actions of the verbs, one for each verb.
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
    /// The declaration of a task with the verb.
    associatedtype Declaration: VerbDeclaration

    /// Creates the action of one task.
    init(context: ActionContext, declaration: Declaration)

    /// Performs the task. In a dry run, only reports the changes that the task would make.
    ///
    /// - Returns: Whether anything changed.
    func run() async throws -> Bool
}

extension Action {
    /// The verb's key in the task file.
    static var verb: String { Declaration.name }

    /// Performs the task of a context.
    static func perform(_ context: ActionContext) async throws -> Bool {
        guard let declaration = context.task.verb.declaration as? Declaration else {
            preconditionFailure("the action of verb '\(verb)' got a task with another verb")
        }
        return try await Self(context: context, declaration: declaration).run()
    }
}
