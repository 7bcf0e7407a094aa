import Actions
import Base
import HTTP
import Host
import Kubernetes
import Planning

/// A check of the task files of this node, and of everything that they name.
struct PlanCheck {
    /// The task files, with the address of this node if it is known.
    let configuration: Configuration

    /// The task files as units read them, before they know the address.
    let configurationWithoutAddress: Configuration

    /// The choice of this node's address, `nil` without a rule or for another machine.
    let choice: AddressChoice?

    /// Whether the task files are valid; if not, only manifests are checked.
    var isReadable: Bool { configuration.problems.isEmpty }

    /// Reads the task files.
    ///
    /// - Throws: ``Base/Problems`` if a file cannot be opened, or is wrong for this node's address.
    init(_ options: Options) throws(Problems) {
        let read = try Configuration(checking: options)
        configurationWithoutAddress = read
        choice = options.isOffline || !read.problems.isEmpty ? nil : read.addressChoice
        configuration = try choice?.address.map { address throws(Problems) in try read.with(.known(address)) } ?? read
    }

    /// Checks manifests, paths and certificates.
    ///
    /// - Returns: The findings, with the problems of the task files first.
    func findings() async throws -> NodeCheck.Findings {
        let options = configuration.options
        let check = NodeCheck(configuration.environment(HTTPClient()), isOffline: options.isOffline)
        var findings = isReadable ? await check.findings() : await check.manifestFindings()
        if let absence = Configuration.absence(options) { findings.warnings.append(absence) }
        if !options.isOffline { findings.add(.distrust(of: Configuration.distrusted(options))) }
        if let rule = configuration.declarations.cluster.addressRule, let choice, choice.chosen == nil {
            let message = "no address of this node matches, so tasks that use it wait for one: \(choice.summary)"
            findings.warnings.append(Problem(message, at: rule.location, hint: NodeAddress.advice(rule)))
        }
        findings.problems = configuration.problems + findings.problems
        return findings
    }
}
