import Base
import Certificates
import Host
import Planning
import Reporting

/// A check or a change of the certificates of all nodes.
struct SetMaintenance {
    let options: Options
    let command: CertificatesCommand
    let output: ConsoleOutput

    /// Checks the set, renews it, or replaces its CA.
    ///
    /// - Throws: ``Base/Problems`` for nodes and names that are not declared.
    func run() async throws -> ExitCode {
        let declarations: CertificateDeclarations
        do throws(Problems) {
            declarations = try readDeclarations()
        } catch {
            output.report(error, as: options.output, .taskFileWrong)
            return .configuration
        }
        let selection = CertificateSelection(nodes: command.nodes, names: command.names)
        let leaves = try selection.leaves(of: declarations)
        let set: CertificateSet
        do throws(Problems) {
            set = try CertificateSet(declarations)
        } catch {
            output.report(error, as: options.output)
            return .data
        }
        do throws(Problem) {
            try access.check()
            switch command.action {
            case .check: return try await check(set, leaves)
            case .renew: return try await renew(set, selection)
            case .rotateAuthority: return try await rotate(set)
            }
        } catch {
            output.report(error, as: options.output)
            return .failure
        }
    }

    private func readDeclarations() throws(Problems) -> CertificateDeclarations {
        let sources = try Configuration.sources(options)
        if let read = try Planning.readCertificates(sources, hostName: Machine.hostName()) { return read }
        let location = SourceLocation(file: options.config)
        let hint = "write certificates: as docs/certificates.md describes, or pass '--config FILE'"
        throw Problems([Problem("no certificates are declared", at: location, hint: hint)])
    }

    /// How keys are encrypted and decrypted.
    var access: KeyAccess {
        KeyAccess(environment: options.environment, identities: command.identities)
    }

    /// What to type to see what can be renewed, for a sentence.
    private var renewalCall: String {
        let selection = command.nodes.flatMap { ["--node", $0] } + command.names.flatMap { ["--name", $0] }
        let flags = options.commonArguments + selection + ["--dry-run"]
        return quotedShellLine(["nest-bootstrap", "certificates", "renew"] + flags)
    }

    // MARK: check

    private func check(_ set: CertificateSet, _ leaves: [LeafDeclaration]) async throws(Problem) -> ExitCode {
        let now = Timestamp.now()
        let inspection = try await set.inspect(leaves, at: now, access)
        let faulty = inspection.all.count { !$0.faults.isEmpty }
        if options.output.isForPrograms {
            output.writeObjects(certificatesJSON(inspection), as: options.output)
        } else {
            output.write(certificateLines(inspection, at: now).map { $0 + "\n" }.joined())
            if faulty > 0 {
                let count = "\(faulty) of \(inspection.all.count) certificates"
                let hint = "run \(renewalCall) to see what can be renewed"
                output.report(Problem("\(count) \(faulty == 1 ? "has a problem" : "have problems")", hint: hint))
            }
        }
        return faulty == 0 ? .success : .failure
    }

    // MARK: renew

    private func renew(_ set: CertificateSet, _ selection: CertificateSelection) async throws(Problem) -> ExitCode {
        guard !command.isDryRun else {
            let plan = try await renewal(set, selection).plan()
            reportFaults(of: plan, set)
            if !options.output.isForPrograms {
                output.write(lines(plan, set, isDryRun: true).map { $0 + "\n" }.joined())
            }
            return finish(plan)
        }
        let lock = try await lock(set)
        let renewal = renewal(set, selection)
        let plan = try await renewal.plan()
        reportFaults(of: plan, set)
        try await renewal.perform(plan, onProgress: reportProgress)
        lock.release()
        if !options.output.isForPrograms { output.write(lines(plan, set, isDryRun: false).map { $0 + "\n" }.joined()) }
        return finish(plan)
    }

    /// Takes the lock of the set.
    func lock(_ set: CertificateSet) async throws(Problem) -> FileLock {
        try await set.lock {
            if !options.output.isForPrograms { output.write("waiting for another renewal of '\(set.directory)'\n") }
        }
    }

    /// Reports a certificate that was made, or whose key was encrypted again.
    @Sendable func reportProgress(_ leaf: LeafDeclaration, _ end: Timestamp?) {
        let change = end.map { "made, expires \("\($0)".prefix(10))" } ?? "key encrypted again"
        if !options.output.isForPrograms { output.write("\(leaf.node)/\(leaf.name): \(change)\n") }
    }

    private func renewal(_ set: CertificateSet, _ selection: CertificateSelection) -> Renewal {
        Renewal(set, selection, isForced: command.isForced, at: .now(), access)
    }

    private func finish(_ plan: RenewalPlan) -> ExitCode {
        guard options.output.isForPrograms else { return .success }
        output.writeObjects(renewalJSON(plan, isDryRun: command.isDryRun), as: options.output)
        return .success
    }

    /// Warns of what is wrong with a CA that is kept.
    private func reportFaults(of plan: RenewalPlan, _ set: CertificateSet) {
        guard !options.output.isForPrograms, !plan.authorityFaults.isEmpty else { return }
        let text = "CA \(set.declarations.authority.name): \(plan.authorityFaults.joined(separator: ", "))"
        let hint = "it is kept; run \(quotedShellLine(rotationCall)) to see how it is replaced"
        output.report(warnings: [Problem(text, hint: hint)])
    }

    /// The lines of a plan: everything in a dry run, where there was no progress, then the numbers.
    private func lines(_ plan: RenewalPlan, _ set: CertificateSet, isDryRun: Bool) -> [String] {
        let verb = isDryRun ? "would be " : ""
        var lines: [String] = []
        switch plan.authority {
        case .keep: break
        case .make: lines.append("CA \(set.declarations.authority.name): \(verb)made")
        case .encryptAgain(let reasons):
            lines.append("CA \(set.declarations.authority.name): key \(verb)encrypted again (\(text(reasons)))")
        }
        if isDryRun {
            let changes = [(plan.made, "made"), (plan.encrypted, "kept, with its key encrypted again")]
            for (items, change) in changes {
                lines += items.map { "\($0.leaf.node)/\($0.leaf.name): would be \(change) (\(text($0.reasons)))" }
            }
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

    private func text(_ reasons: [String]) -> String {
        reasons.isEmpty ? "as asked for" : reasons.joined(separator: ", ")
    }
}
