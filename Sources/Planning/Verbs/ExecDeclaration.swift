public import YAML

/// Verb `exec`: a program is to be run.
public struct ExecDeclaration: Sendable, Hashable {
    /// What is run.
    public enum Program: Sendable, Hashable {
        /// A script, run by `/bin/sh -e` unless it is executable itself: key `script`.
        case script(PathReference)
        /// A command, looked up in PATH unless it has a slash: key `command`.
        case command(String, Place)
    }

    /// What is run.
    public var program: Program

    /// Its arguments.
    public var arguments: [String]

    /// Variables set besides the agent's own environment.
    public var environment: [String: String]

    /// Shell commands run first, by `/bin/sh -e`.
    public var preStart: String?

    /// A path whose existence means that there is nothing left to do.
    public var creates: PathReference?

    /// What its unit lets it do.
    public var needs: ExecNeeds

    /// Creates a declaration.
    public init(
        program: Program,
        arguments: [String] = [],
        environment: [String: String] = [:],
        preStart: String? = nil,
        creates: PathReference? = nil,
        needs: ExecNeeds = ExecNeeds(),
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.preStart = preStart
        self.creates = creates
        self.needs = needs
    }
}
