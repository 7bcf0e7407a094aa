import Base
import Certificates
import Host
import Planning
import Reporting

/// The replacement of the CA.
extension SetMaintenance {
    /// What to type to see how far the rotation is; a step may follow.
    var rotationCall: [String] { ["nest-bootstrap", "certificates", "rotate-ca"] + options.commonArguments }

    /// What to type for a step.
    private func call(for step: RotationStep) -> [String] {
        let given = command.identities.flatMap { ["--identity", $0] }
        let identity = step.needsIdentity ? (given.isEmpty ? ["--identity", "FILE"] : given) : []
        return rotationCall + ["--step", step.rawValue] + identity + (step.needsConfirmation ? ["--confirm"] : [])
    }

    /// Shows how far the rotation is, or does a step.
    func rotate(_ set: CertificateSet) async throws(Problem) -> ExitCode {
        let rotation = Rotation(set, at: .now(), access)
        guard let step = command.step else {
            show(try rotation.status())
            return .success
        }
        guard !command.isDryRun else {
            try showPlan(of: step, rotation.status())
            return .success
        }
        let lock = try await lock(set)
        let before = try rotation.status()
        guard try before.isDue(step) else {
            showDone(step, before)
            return .success
        }
        try requireConfirmation(of: step, before)
        try await rotation.performNextStep(onProgress: reportProgress)
        let after = try rotation.status()
        lock.release()
        show(after, done: step)
        return .success
    }

    /// Refuses a step that would make nodes refuse each other if they have not got the files of the step before.
    private func requireConfirmation(of step: RotationStep, _ status: RotationStatus) throws(Problem) {
        guard step.needsConfirmation, !command.isConfirmed else { return }
        let call = quotedShellLine(call(for: step))
        if step == .remove {
            if !options.output.isForPrograms { write(serialLines(status)) }
            throw Problem(
                "step 'remove' makes the certificates of the old CA invalid: every node must have those of the set, and use "
                    + "them",
                hint: "compare the serial numbers with those of the nodes, then run \(call)"
            )
        }
        throw Problem(
            "step 'issue' makes certificates that only the new CA has issued: every node must trust it",
            hint: "install '\(status.authorityPath)' on every node, restart what \(quotedShellLine(rotationCall)) "
                + "lists, then run \(call)"
        )
    }

    private func show(_ status: RotationStatus, done: RotationStep? = nil) {
        if options.output.isForPrograms {
            output.writeObjects(rotationJSON(status, done: done, isDryRun: false), as: options.output)
        } else {
            write(rotationLines(status, done: done, next: shellLine(call(for: status.next))))
        }
    }

    /// Shows that there is nothing to do for a step.
    private func showDone(_ step: RotationStep, _ status: RotationStatus) {
        guard !options.output.isForPrograms else { return show(status) }
        let text =
            step == .remove
            ? "there is no old CA: the rotation is complete, or was not begun"
            : "step '\(step.rawValue)' is done already; \(quotedShellLine(rotationCall)) says what follows"
        write([text])
    }

    /// Shows what a step would do.
    private func showPlan(of step: RotationStep, _ status: RotationStatus) throws(Problem) {
        let isDue = try status.isDue(step)
        guard !options.output.isForPrograms else {
            return output.writeObjects(rotationJSON(status, done: nil, isDryRun: true), as: options.output)
        }
        guard isDue else { return showDone(step, status) }
        switch step {
        case .add: write(["the certificate of a new CA would be added to '\(status.authorityPath)'"])
        case .issue:
            let kept = status.leaves.filter(\.keepsKey).map {
                "\($0.node)/\($0.name): would keep its key, which signs tokens"
            }
            let identity = "note: this needs the private key of an operator: pass '--identity FILE'"
            write(
                kept + (command.identities.isEmpty ? [identity] : [])
                    + ["\(status.leaves.count) certificates would be made by the new CA"]
            )
        case .remove: write(["the certificate of the old CA would be removed from '\(status.authorityPath)'"])
        }
    }

    private func write(_ lines: [String]) { output.write(lines.map { $0 + "\n" }.joined()) }
}
