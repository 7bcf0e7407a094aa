import Base
import Certificates
import Host
import Planning
import Reporting

struct CertificatesCommand: Command {
    static let name = "certificates"

    static let help = CommandHelp(
        summary: "check and renew the certificates of all nodes, and replace their CA",
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
        Flag("--all", "renew: all, with other keys, also keys that sign tokens", \.isForced),
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
        try checkFlags(options)
    }

    /// Refuses flags of other actions, and a confirmation without a step.
    private func checkFlags(_ options: Options) throws(UsageError) {
        let given: [(flag: String, isGiven: Bool, actions: [Action])] = [
            ("--all", isForced, [.renew]), ("--dry-run", isDryRun, [.renew]),
            ("--node", !nodes.isEmpty, [.check, .renew]), ("--name", !names.isEmpty, [.check, .renew]),
            ("--step", step != nil, [.rotateAuthority]), ("--confirm", isConfirmed, [.rotateAuthority]),
            ("--output json", options.output.isForPrograms, [.check]),
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

/// The actions of command `certificates`.
struct CertificateMaintenance {
    let options: Options
    let command: CertificatesCommand
    let output: ConsoleOutput

    func run() async throws -> ExitCode {
        let declarations = try accepted(try CertificateDeclarations(options))
        let selection = CertificateSelection(nodes: command.nodes, names: command.names)
        let leaves = try selection.leaves(of: declarations)
        let set = try accepted(try CertificateSet(declarations), orExitWith: .data)
        try age.checkIdentities()
        return switch command.action {
        case .check: try await check(set, leaves)
        case .renew: try await renew(set, selection)
        case .rotateAuthority: try await rotate(set)
        }
    }

    private var age: Age { Age(environment: options.environment, identities: command.identities) }

    /// The quoted command line that shows which certificates would be renewed.
    private var renewalCall: String {
        let selection = command.nodes.flatMap { ["--node", $0] } + command.names.flatMap { ["--name", $0] }
        let flags = options.commonArguments + selection + ["--dry-run"]
        return quotedShellLine(["nest-bootstrap", "certificates", "renew"] + flags)
    }

    // MARK: check

    private func check(_ set: CertificateSet, _ leaves: [LeafDeclaration]) async throws(Problem) -> ExitCode {
        let now = Timestamp.now()
        let inspection = try await set.inspect(leaves, at: now, age)
        let faulty = inspection.all.count { !$0.faults.isEmpty }
        if options.output.isForPrograms {
            output.writeObjects(certificatesJSON(inspection))
        } else {
            write(certificateLines(inspection, at: now))
            if faulty > 0 {
                let verb = faulty == 1 ? "has a problem" : "have problems"
                let hint = "run \(renewalCall) to see what can be renewed"
                output.report(Problem("\(faulty) of \(inspection.all.count) certificates \(verb)", hint: hint))
            }
        }
        return faulty == 0 ? .success : .failure
    }

    // MARK: renew

    private func renew(_ set: CertificateSet, _ selection: CertificateSelection) async throws(Problem) -> ExitCode {
        let lock = command.isDryRun ? nil : HeldLock(try await lock(set))
        defer { withExtendedLifetime(lock) {} }
        let renewal = Renewal(set, selection, isForced: command.isForced, at: .now(), age)
        let plan = try await renewal.plan()
        if !plan.authorityFaults.isEmpty {
            let text = "CA \(set.declarations.authority.name): \(plan.authorityFaults.joined(separator: ", "))"
            let hint = "it is kept; run \(quotedShellLine(rotationCall)) to see how it is replaced"
            output.report(warnings: [Problem(text, hint: hint)])
        }
        if !command.isDryRun { try await renewal.perform(plan, onProgress: reportProgress) }
        write(lines(plan, set))
        return .success
    }

    func lock(_ set: CertificateSet) async throws(Problem) -> FileLock {
        try await set.lock { output.write("waiting for another renewal of '\(set.directory)'\n") }
    }

    /// Prints the expiry of an issued certificate or, if the expiry is `nil`, that the key was encrypted again.
    @Sendable func reportProgress(_ leaf: LeafDeclaration, _ end: Timestamp?) {
        let change = end.map { "made, expires \("\($0)".prefix(10))" } ?? "key encrypted again"
        output.write("\(leaf.node)/\(leaf.name): \(change)\n")
    }

    /// Formats a renewal; for a dry run, which prints no progress, every affected certificate is listed.
    private func lines(_ plan: RenewalPlan, _ set: CertificateSet) -> [String] {
        let isDryRun = command.isDryRun
        let verb = isDryRun ? "would be " : ""
        let authority = "CA \(set.declarations.authority.name)"
        var lines: [String] = []
        switch plan.authority {
        case .keep: break
        case .make: lines.append("\(authority): \(verb)made")
        case .encryptAgain(let reasons):
            lines.append("\(authority): key \(verb)encrypted again (\(text(reasons)))")
        }
        if isDryRun {
            lines += plan.made.map { line($0, $0.keepsKey ? "made for the same key" : "made") }
            lines += plan.encrypted.map { line($0, "kept, with its key encrypted again") }
        }
        lines += plan.removed.map { "\($0): \(verb)removed, as no declaration names it" }
        let count = "\(plan.made.count) certificate\(plan.made.count == 1 ? "" : "s")"
        let keptCount = plan.keptCount + plan.encrypted.count
        lines += plan.limits.map { "note: \($0)" }
        if isDryRun, plan.needsIdentity, command.identities.isEmpty {
            lines.append("note: this needs the private key of an operator: pass '--identity FILE'")
        }
        return lines + ["\(count) \(verb)made, \(keptCount) kept in '\(set.directory)'"]
    }

    private func line(_ item: RenewalPlan.Item, _ change: String) -> String {
        "\(item.leaf.node)/\(item.leaf.name): would be \(change) (\(text(item.reasons)))"
    }

    private func text(_ reasons: [String]) -> String {
        reasons.isEmpty ? "as asked for" : reasons.joined(separator: ", ")
    }
}

extension CertificateMaintenance {
    /// The words of the command line that shows the progress of the rotation.
    var rotationCall: [String] { ["nest-bootstrap", "certificates", "rotate-ca"] + options.commonArguments }

    private func call(for step: RotationStep) -> [String] {
        let given = command.identities.flatMap { ["--identity", $0] }
        let identity = step.needsIdentity ? (given.isEmpty ? ["--identity", "FILE"] : given) : []
        return rotationCall + ["--step", step.rawValue] + identity + (step.needsConfirmation ? ["--confirm"] : [])
    }

    /// Shows the progress of the rotation, or performs a step.
    func rotate(_ set: CertificateSet) async throws(Problem) -> ExitCode {
        let rotation = Rotation(set, at: .now(), age)
        guard let step = command.step else {
            show(try rotation.status())
            return .success
        }
        let lock = try await lock(set)
        let before = try rotation.status()
        guard try before.isDue(step) else {
            // If step `remove` is not due, the rotation is complete or has not begun, so no next step is suggested.
            show(before, invites: step != .remove)
            return .success
        }
        try requireConfirmation(of: step, before)
        try await rotation.performNextStep(onProgress: reportProgress)
        let after = try rotation.status()
        lock.release()
        show(after, done: step)
        return .success
    }

    /// Refuses a step without `--confirm` if it breaks connections of nodes that lack the files of the previous step.
    private func requireConfirmation(of step: RotationStep, _ status: RotationStatus) throws(Problem) {
        guard step.needsConfirmation, !command.isConfirmed else { return }
        let call = quotedShellLine(call(for: step))
        if step == .remove {
            write(serialLines(status))
            throw Problem(
                "step 'remove' makes the certificates of the old CA invalid: every node must have those of the set, and use "
                    + "them",
                hint: "compare the serial numbers with those of the nodes, then run \(call)"
            )
        }
        throw Problem(
            "step 'issue' makes certificates that only the new CA has issued: every node must trust it",
            hint: "install '\(status.authorityPath)' on every node, restart what reads it, then run \(call)"
        )
    }

    private func show(_ status: RotationStatus, done: RotationStep? = nil, invites: Bool = true) {
        write(rotationLines(status, done: done, next: invites ? shellLine(call(for: status.next)) : nil))
    }

    private func write(_ lines: [String]) { output.write(lines.map { $0 + "\n" }.joined()) }
}

extension CertificateDeclarations {
    /// Reads the `certificates` section of the task files; a missing section is a problem.
    init(_ options: Options) throws(Problems) {
        let sources = try Configuration.sources(options)
        guard let read = try Planning.readCertificates(sources, hostName: Machine.hostName()) else {
            let location = SourceLocation(file: options.config)
            let hint = "write certificates: as docs/certificates.md describes, or pass '--config FILE'"
            throw Problems([Problem("no certificates are declared", at: location, hint: hint)])
        }
        self = read
    }
}
