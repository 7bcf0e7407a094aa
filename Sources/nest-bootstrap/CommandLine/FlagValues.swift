import Kubernetes
import Reporting

/// The values of all flags that were given.
struct FlagValues: Sendable {
    var config = Options.defaultConfig
    var output = OutputFormat.text
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
    var format: GraphFormat?
    var serverVersion: KubernetesVersion?
    var user = RBACCommand.defaultUser
    var certificates = CertificatesOptions()
    var initialise = InitOptions()
    var isConfirmed = false
    var runsCommandsWithRoot = false
    /// Whether `completion` lists what may follow, for a shell's script.
    var listsCandidates = false
}

/// A flag in the arguments.
struct GivenFlag {
    let flag: Flag
    let value: String
}
