import Base
import Certificates
import Reporting

/// Command `certificates`: the certificates of all nodes, on the operator's machine.
struct CertificatesCommand: Command {
    static let name = "certificates"

    static let help = CommandHelp(
        summary: "check and renew the certificates of all nodes, and replace their CA",
        description:
            "Compares the certificates and encrypted keys of all nodes with section 'certificates' of the task file, "
            + "and issues those that are due or differ. It runs on the operator's machine. docs/certificates.md "
            + "describes the files.",
        usage: [
            "nest-bootstrap certificates check [FLAG]...", "nest-bootstrap certificates renew [FLAG]...",
            "nest-bootstrap certificates rotate-ca [--step STEP] [FLAG]...",
        ],
        details: [
            "'check' shows the CA and every certificate with its end and its problems. It changes nothing. 'renew' makes the "
                + "certificates that have a problem, each with a new key, which 'age' encrypts to the operators and the node, "
                + "and removes those that no declaration names, unless '--node' or '--name' is given.",
            "'rotate-ca' replaces the CA in three steps: 'add' makes the new CA beside the old one, 'issue' makes all "
                + "certificates by the new CA, 'remove' removes the old one. Without '--step' it shows how far the rotation "
                + "is, what to install and to restart.",
            "The directory of the set is replaced in one step: if the program fails or is killed, the set is as it was.",
        ],
        exitCodes: [
            Row("0", "check: every certificate is as declared; renew, rotate-ca: done"),
            Row("1", "check: a certificate has a problem; renew, rotate-ca: failed"),
            Row("64", "wrong usage, also an unknown node or name"),
            Row("65", "the public key of a node is missing or wrong"), Row("78", "the task file is wrong"),
        ],
        examples: [
            "certificates check -c ./bootstrap.yaml",
            "certificates renew -c ./bootstrap.yaml --identity ~/nest.key",
            "certificates renew --name kube-proxy --all --dry-run",
            "certificates rotate-ca --step add -c ./bootstrap.yaml",
        ],
    )

    static let flags: [Flag<Self>] = [
        Flag("--dry-run", "renew: show what would be created and changed, write nothing", \.isDryRun),
        Flag("--node", "HOST", "only the certificates of this node; may be given several times", \.nodes),
        Flag(
            "--name",
            "NAME",
            "only the certificates of this name, such as kubelet; may be given several times",
            \.names
        ),
        Flag("--all", "renew: also what is not due and as declared", \.isForced),
        Flag(
            "--step",
            "add|issue|remove",
            "rotate-ca: do this step, if it is the next one (default: show which one is)"
        ) { (command, _, value) throws(UsageError) in command.step = try choice("step", value) },
        Flag(
            "--confirm",
            "rotate-ca: every node has the files of the step before, and what uses them was restarted",
            \.isConfirmed
        ),
        Flag(
            "--identity",
            "FILE",
            "a private key of an operator, of age or SSH, that decrypts the keys of the set",
            \.identities
        ),
        .config, .output,
    ]

    enum Action: String, Sendable, CaseIterable {
        case check
        case renew
        case rotateAuthority = "rotate-ca"
    }

    var action = Action.check
    var nodes: [String] = []
    var names: [String] = []
    var identities: [String] = []
    var isForced = false
    var step: RotationStep?
    var isConfirmed = false
    var isDryRun = false

    /// Whether the command changes the certificate set.
    var acts: Bool {
        switch action {
        case .check: false
        case .renew: !isDryRun
        case .rotateAuthority: step != nil
        }
    }

    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        let known = Action.allCases.map(\.rawValue)
        guard let name = names.first, names.count == 1 else {
            throw UsageError("'certificates' takes one of \(known.map { "'\($0)'" }.joined(separator: ", "))")
        }
        guard let action = Action(rawValue: name) else { throw .unknown("action", name, among: known) }
        self.action = action
        try checkFlags()
    }

    /// Refuses flags of other actions, and flags that are only valid with a step if no step is given.
    private func checkFlags() throws(UsageError) {
        let given: [(flag: String, isGiven: Bool, actions: [Action])] = [
            ("--all", isForced, [.renew]), ("--dry-run", isDryRun, [.renew]),
            ("--node", !nodes.isEmpty, [.check, .renew]), ("--name", !names.isEmpty, [.check, .renew]),
            ("--step", step != nil, [.rotateAuthority]), ("--confirm", isConfirmed, [.rotateAuthority]),
        ]
        for entry in given where entry.isGiven {
            guard entry.actions.contains(action) else {
                let owners = quotedList(entry.actions.map(\.rawValue))
                throw UsageError(
                    "'certificates \(action.rawValue)' has no flag '\(entry.flag)' (it belongs to \(owners))"
                )
            }
            if action == .rotateAuthority, step == nil {
                throw UsageError("'\(entry.flag)' requires '--step STEP'")
            }
        }
    }

    static func completion(_ completer: Completer) -> Completion { completer.first(of: Action.allCases) }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        try await CertificateMaintenance(options: options, command: self, output: program.output).run()
    }
}
