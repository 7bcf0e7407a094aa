import Planning

/// The actions behind the verbs, one for each.
let actionTypes: [any Action.Type] = [
    KubeconfigAction.self,
    SymlinkAction.self,
    FileAction.self,
    DecryptAction.self,
    CertificateAction.self,
    ApplyAction.self,
    ExecAction.self,
    WaitAction.self,
    RemoveAction.self,
]

/// The code behind a verb.
protocol Action: Sendable {
    /// What a task with the verb says.
    associatedtype Declaration: VerbDeclaration

    /// Creates the action of one task.
    init(_ context: ActionContext, _ declaration: Declaration)

    /// Performs the task, or says in a dry run what it would do.
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
        return try await Self(context, declaration).run()
    }
}
