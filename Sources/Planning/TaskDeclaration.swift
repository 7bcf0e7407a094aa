public import YAML

/// One thing that a node must have done, as the task file says it, with variables replaced.
public struct TaskDeclaration: Sendable, Hashable {
    /// The task's name, unique among the tasks.
    public var name: String

    /// What the task is for, in a sentence of its author's.
    public var description: String?

    /// The roles that run it, or `nil` for every role.
    public var roles: [String]?

    /// What it runs after.
    public var after: [Dependency]

    /// The systemd units that want this task's unit, besides the target that wants all.
    public var wantedBy: [String]

    /// The one deadline of the task, counted from its start.
    public var timeout: Duration

    /// What the task does.
    public var verb: Verb

    /// Where the task's name stands.
    public var place: Place

    /// Creates a declaration.
    public init(
        name: String,
        description: String? = nil,
        roles: [String]? = nil,
        after: [Dependency] = [],
        wantedBy: [String] = [],
        timeout: Duration = .seconds(600),
        verb: Verb,
        place: Place,
    ) {
        self.name = name
        self.description = description
        self.roles = roles
        self.after = after
        self.wantedBy = wantedBy
        self.timeout = timeout
        self.verb = verb
        self.place = place
    }

    /// The name of the systemd unit that runs the task.
    public var unitName: String { Planning.unitName(ofTask: name) }
}

/// Something that a task runs after.
public enum Dependency: Sendable, Hashable {
    /// A task: order, and only if it succeeded.
    case task(String, Place)
    /// Any other systemd unit: order of the generated unit, nothing else.
    case unit(String, Place)
}

/// What a task does; exactly one a task.
public enum Verb: Sendable, Hashable {
    case kubeconfig(KubeconfigDeclaration)
    case symlink(SymlinkDeclaration)
    case file(FileDeclaration)
    case apply(ApplyDeclaration)
    case exec(ExecDeclaration)
    case wait(WaitDeclaration)

    /// The key in the task file.
    public var name: String {
        switch self {
        case .kubeconfig: "kubeconfig"
        case .symlink: "symlink"
        case .file: "file"
        case .apply: "apply"
        case .exec: "exec"
        case .wait: "wait"
        }
    }
}

/// A path in a task file, with its place for messages.
public struct PathReference: Sendable, Hashable {
    /// The path: absolute, or made so against the folder of the file that names it.
    public var path: String

    /// Where the task file says it.
    public var place: Place

    /// Creates a reference.
    public init(_ path: String, place: Place) {
        self.path = path
        self.place = place
    }
}
