import Kubernetes
import Reporting

/// The values of all flags that were given.
struct FlagValues: Sendable {
    var config = Options.defaultConfig
    var output = OutputFormat.text
    var isPlain = false
    var role: String?
    var root: String?
    var hostName: String?
    var isOffline = false
    var isForAllNodes = false
    var installedConfig: String?
    var run = RunOptions()
    /// What `supervise` does instead of all else, if that is only one thing.
    var supervision: Command?
    var status = StatusOptions()
    var logs = LogsOptions()
    var timeline: TimelineFormat?
    var format: GraphFormat?
    var showsStatus = false
    var serverVersion: KubernetesVersion?
    var user = RBACCommand.defaultUser
    var certificates = CertificatesOptions()
    var initialise = InitOptions()
    var isConfirmed = false
    var runsCommandsWithRoot = false
    /// Whether `completion` lists what may follow a line, for a shell's script.
    var listsCandidates = false

    mutating func set(_ choice: OutputChoice) {
        (output, isPlain) = (choice.format, choice == .plain)
    }
}

/// A flag in the arguments.
struct GivenFlag {
    let flag: Flag
    let value: String
}

/// The values of `--output`.
enum OutputChoice: String, Sendable, Hashable, CaseIterable {
    case text
    /// Another name of text, which kubectl users know.
    case table
    case json, yaml
    /// Text as if standard output were no terminal.
    case plain

    /// The format of results.
    var format: OutputFormat {
        switch self {
        case .text, .table, .plain: .text
        case .json: .json
        case .yaml: .yaml
        }
    }
}
