import Actions
import Base
import Diagnosis
import Planning
import Reporting

/// Command `doctor`: why this machine is not a Ready node.
struct DoctorCommand: Command {
    static let name = "doctor"

    static let help = CommandHelp(
        summary: "say why this machine is not a Ready node, and how to fix it",
        description:
            "Looks at the kubelet, the container runtime, the network, the certificates, the clock, the disks, the API "
            + "server and the Node, and prints the first cause why this machine is not a Ready node, and its fix.",
        usage: ["nest-bootstrap doctor [FLAG]..."],
        details: [
            "It changes nothing, needs no task file, and runs for some seconds at most. Without root, it does not see all: "
                + "'--all' prints what it could not look at.",
            "The first line is the first cause, the second line its fix. Faults that come first keep later stages from "
                + "working, so fix this one, and run it again; '--all' prints everything that was found.",
            "Requests for certificates are looked at with the kubeconfig of an administrator: the one of '--kubeconfig', or "
                + "one of the kubelet's cluster that the task file, kubeadm or k3s has on this machine.",
            "With '--root', only files are looked at, and the API server that they name: not the kernel, processes, units, "
                + "mounts and clock.",
        ],
        exitCodes: [
            Row("0", "nothing is wrong, and the server has sent the Node"),
            Row("1", "something is wrong, the Node was not seen, or the file of '--kubeconfig' cannot be used"),
            .usageError,
        ],
        examples: ["doctor", "doctor --all", "doctor --kubeconfig ./admin.kubeconfig --output json"],
        files: Row.taskFiles + [
            Row("/etc/kubernetes", "what kubeadm has made"), Row("/var/lib/kubelet", "the kubelet's files"),
            Row("/etc/cni/net.d", "the networks of pods"), Row("/etc/containerd/config.toml", "settings of containerd"),
        ],
    )

    static let flags: [Flag<Self>] = [
        Flag("--all", "print everything that was found, and what could not be looked at", \.isComplete),
        Flag("--kubeconfig", "FILE", "the kubeconfig of an administrator", \.kubeconfig),
        .config, .role, .hostName,
        .root("look at the files below DIR, which is the root of another machine"), .output,
    ]

    /// Whether everything is printed.
    var isComplete = false

    /// The kubeconfig of an administrator, if one is given.
    var kubeconfig: String?

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        let given = try kubeconfig.map { try Collector.administrator(Configuration.absolute($0)) }
        let plan = (try? Configuration(checking: options))?.plan
        let facts = await Collector(options, plan: plan, givenAdministrator: given).facts()
        let diagnosis = diagnose(facts)
        let report = DiagnosisReport(facts: facts, diagnosis: diagnosis)
        if options.output.isForPrograms {
            program.output.writeObjects(report.json, as: options.output)
        } else {
            program.output.write(report.lines(isComplete: isComplete).map { printable($0) + "\n" }.joined())
        }
        return diagnosis.isSound ? .success : .failure
    }
}

extension Collector {
    /// Creates a collector of the facts of this node.
    ///
    /// - Parameters:
    ///   - options: The options of the command, with the root directory.
    ///   - plan: The tasks of this node, whose kubeconfigs may be those of administrators.
    ///   - givenAdministrator: The kubeconfig that was given.
    init(_ options: Options, plan: Plan?, givenAdministrator: KubeconfigFact? = nil) {
        let ofTasks = plan?.steps.compactMap(\.task.footprint.kubeconfig?.path) ?? []
        self.init(
            root: options.root.map(Configuration.absolute) ?? "",
            environment: options.environment,
            administrators: ofTasks.unique() + Collector.usualAdministrators,
            givenAdministrator: givenAdministrator,
            advice: { _, _, _ in nil }
        )
    }
}
