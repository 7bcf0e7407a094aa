import Base

/// All verbs, in the order in which messages and documents list them.
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

/// The declaration of a task's verb with all variables and defaults resolved.
public protocol VerbDeclaration: Sendable, Hashable {
    /// The verb's key in the task file.
    static var name: String { get }
    var footprint: Footprint { get }
}

/// A verb's declaration with its footprint, which is computed only once.
public struct Verb: Sendable, Hashable {
    public let declaration: any VerbDeclaration
    public let footprint: Footprint

    public init(_ declaration: any VerbDeclaration) {
        self.declaration = declaration
        footprint = declaration.footprint
    }

    /// The verb's key in the task file.
    public var name: String { type(of: declaration).name }

    public static func == (left: Self, right: Self) -> Bool {
        AnyHashable(left.declaration) == AnyHashable(right.declaration)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(AnyHashable(declaration))
    }
}

public var verbNames: [String] { verbTypes.map { $0.name } }

/// A verb that can be read from a task file.
protocol ReadableVerb: VerbDeclaration {
    /// The work of a task with this verb, as a phrase without a full stop.
    static var summary: String { get }
    static var keys: [Key<Self>] { get }

    /// The keys of the verb that may also be written in the task itself.
    static var taskLevelKeys: [String] { get }

    /// The key of ``taskLevelKeys`` that selects the verb without the verb's own key, or `nil` if there is none.
    static var shorthandKey: String? { get }

    /// Whether a task with the verb creates, changes or deletes objects as the user of its kubeconfig.
    static var changesObjects: Bool { get }

    /// Reads the verb from its keys, or returns `nil` if they have errors, which are reported.
    static func read(_ fields: ConfigValue, _ context: VerbContext) -> ReadVerb?
}

extension ReadableVerb {
    static var taskLevelKeys: [String] { [] }
    static var shorthandKey: String? { nil }
    static var changesObjects: Bool { false }

    static var descriptions: [KeyDescription] { keys.map(\.description) }
}

/// The facts about the cluster and the node that readers of verbs use.
@dynamicMemberLookup
struct VerbContext {
    let task: TaskContext
    /// The roles of the node for which the task is read.
    let roles: [String]

    subscript<Value>(dynamicMember fact: KeyPath<TaskContext, Value>) -> Value { task[keyPath: fact] }
}

/// A verb that was read, possibly without its kubeconfig.
enum ReadVerb {
    case complete(Verb)
    /// The task connects to an API server and names no kubeconfig.
    case needsKubeconfig(name: String, (LocatedPath) -> any VerbDeclaration)

    var name: String {
        switch self {
        case .complete(let verb): verb.name
        case .needsKubeconfig(let name, _): name
        }
    }

    /// The footprint, or `nil` if it depends on a kubeconfig that is not known yet.
    var footprint: Footprint? {
        if case .complete(let verb) = self { verb.footprint } else { nil }
    }

    /// Whether the verb only connects to servers and changes nothing on the node; see ``Footprint/isConfined``.
    var changesNothing: Bool {
        switch self {
        case .complete(let verb): verb.footprint.isConfined
        case .needsKubeconfig(_, let make): make(LocatedPath("/", location: .nowhere)).footprint.isConfined
        }
    }

    init(_ declaration: any VerbDeclaration) {
        self = .complete(Verb(declaration))
    }

    /// Creates a verb that is complete if the property with its kubeconfig is set.
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
