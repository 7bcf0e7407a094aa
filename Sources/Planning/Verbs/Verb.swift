import Base

/// The verbs of tasks, in the order in which messages and documents name them.
let verbTypes: [any ReadableVerb.Type] = [
    KubeconfigDeclaration.self,
    SymlinkDeclaration.self,
    FileDeclaration.self,
    DirectoryDeclaration.self,
    DecryptDeclaration.self,
    CertificateDeclaration.self,
    ApplyDeclaration.self,
    ServiceDeclaration.self,
    ExecDeclaration.self,
    ImagesDeclaration.self,
    WaitDeclaration.self,
    RemoveDeclaration.self,
]

/// The declaration of the verb of a task, with all defaults resolved.
public protocol VerbDeclaration: Sendable, Hashable {
    /// The verb's key in the task file.
    static var name: String { get }

    /// The paths, connections and privileges of a task with this declaration.
    var footprint: Footprint { get }
}

/// The verb of a task, with its declaration.
///
/// A task has exactly one verb.
public struct Verb: Sendable, Hashable {
    /// The declaration.
    public let declaration: any VerbDeclaration

    /// The paths, connections and privileges of the task.
    public let footprint: Footprint

    /// Creates a verb from its declaration.
    public init(_ declaration: any VerbDeclaration) {
        self.declaration = declaration
        footprint = declaration.footprint
    }

    /// The verb's key in the task file.
    public var name: String { type(of: declaration).name }

    /// Returns whether two verbs have the same declaration.
    public static func == (left: Self, right: Self) -> Bool {
        AnyHashable(left.declaration) == AnyHashable(right.declaration)
    }

    /// Hashes the declaration, which ``==(_:_:)`` compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(AnyHashable(declaration))
    }
}

/// The names of all verbs.
public var verbNames: [String] { verbTypes.map { $0.name } }

/// A verb that can be read from a task file.
protocol ReadableVerb: VerbDeclaration {
    /// The work of a task with this verb, in a sentence without a full stop.
    static var summary: String { get }

    /// The verb's keys in the task file.
    static var keys: [Key<Self>] { get }

    /// The keys that are also allowed in the task itself instead of below the verb.
    static var taskLevelKeys: [String] { get }

    /// The key of ``taskLevelKeys`` that selects the verb without the verb's own key, if there is one.
    static var shorthandKey: String? { get }

    /// Whether a task with the verb creates, changes or deletes objects as the user of its kubeconfig.
    static var changesObjects: Bool { get }

    /// Reads the verb's keys.
    ///
    /// - Returns: The verb, or `nil` after reporting why it could not be read.
    static func read(_ fields: ConfigValue, _ context: VerbContext) -> ReadVerb?
}

extension ReadableVerb {
    static var taskLevelKeys: [String] { [] }
    static var shorthandKey: String? { nil }
    static var changesObjects: Bool { false }

    /// The entries of the verb's keys in the reference.
    static var descriptions: [KeyDescription] { keys.map(\.description) }
}

/// The facts about the cluster and the node that verbs use when they are read.
@dynamicMemberLookup
struct VerbContext {
    let task: TaskContext
    /// The roles of the node for which the task is read.
    let roles: [String]

    subscript<Value>(dynamicMember fact: KeyPath<TaskContext, Value>) -> Value { task[keyPath: fact] }
}

/// A verb after reading: complete, or complete once its kubeconfig is known.
enum ReadVerb {
    /// The declaration is complete.
    case complete(Verb)
    /// The task connects to an API server and does not name a kubeconfig.
    case needsKubeconfig(name: String, (LocatedPath) -> any VerbDeclaration)

    /// The verb's key in the task file.
    var name: String {
        switch self {
        case .complete(let verb): verb.name
        case .needsKubeconfig(let name, _): name
        }
    }

    /// The footprint, if it is known before the kubeconfig is.
    var footprint: Footprint? {
        if case .complete(let verb) = self { verb.footprint } else { nil }
    }

    /// Whether the verb only speaks to a server, with any kubeconfig.
    var changesNothing: Bool {
        switch self {
        case .complete(let verb): verb.footprint.isConfined
        case .needsKubeconfig(_, let make): make(LocatedPath("/", location: .nowhere)).footprint.isConfined
        }
    }

    /// Creates a verb that is complete.
    init(_ declaration: any VerbDeclaration) {
        self = .complete(Verb(declaration))
    }

    /// Creates a verb that connects to an API server and is complete if the task names a kubeconfig.
    init<Declaration: VerbDeclaration>(
        _ declaration: Declaration,
        _ property: WritableKeyPath<Declaration, LocatedPath>
    ) {
        guard !declaration[keyPath: property].isSet else {
            self.init(declaration)
            return
        }
        self = .needsKubeconfig(name: Declaration.name) { kubeconfig in
            var declaration = declaration
            declaration[keyPath: property] = kubeconfig
            return declaration
        }
    }
}
