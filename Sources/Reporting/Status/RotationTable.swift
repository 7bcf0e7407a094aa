public import Certificates

/// Returns instructions for the nodes after a step of a rotation, in the order in which to follow them.
///
/// - Parameter step: The completed step, whose files are in the set.
/// - Returns: Sentences without a full stop.
public func rotationInstructions(after step: RotationStep) -> [String] {
    let readers = [
        "restart the members of etcd, one after the other (--trusted-ca-file, --peer-trusted-ca-file)",
        "restart the API servers, one after the other (--client-ca-file, --etcd-cafile, --kubelet-certificate-authority)",
        "restart the controller managers, which publish the CA to pods (--root-ca-file), and the schedulers",
        "restart kubelets (clientCAFile), kube-proxies and all other clients",
    ]
    let kubeconfigs = "write kubeconfigs again that have the CA in them (certificate-authority-data)"
    let pods = "restart the pods that use the API server, for example with 'kubectl rollout restart'"
    switch step {
    case .add:
        let signer =
            "leave the CA of --cluster-signing-cert-file as it is: a controller manager accepts one certificate there"
        return ["install the file of the CA on every node", kubeconfigs] + readers + [pods, signer]
    case .issue:
        let leaves = "install every certificate and key on its node, and in kubeconfigs that have them in them"
        let signer =
            "give --cluster-signing-cert-file and --cluster-signing-key-file the new CA, and tasks with verb 'certificate'; "
            + "then renew what nodes have had issued"
        return ["install the file of the CA on every node", leaves] + readers + [signer]
    case .remove: return ["install the file of the CA on every node", kubeconfigs] + readers + [pods]
    }
}

/// Returns the progress of a CA rotation as human-readable lines.
///
/// - Parameters:
///   - status: The progress of the rotation.
///   - done: The step that was done last, if the status does not contain it.
///   - command: The command that performs the next step.
/// - Returns: The lines.
public func rotationLines(_ status: RotationStatus, done: RotationStep?, next command: String) -> [String] {
    var lines: [String] = []
    if let step = done ?? status.done {
        lines.append("step '\(step.rawValue)' is done: \(step.result) ('\(status.authorityPath)')")
        lines.append("on the nodes:")
        lines += rotationInstructions(after: step).map { "  \($0)" }
    } else {
        lines.append("'\(status.authorityPath)' has one CA, which is not being replaced")
    }
    if status.progress == .issued { lines += [""] + serialLines(status) }
    guard done != .remove else { return lines }
    return lines + ["", "\(status.progress == .notRotating ? "next" : "when all of this is done"): \(command)"]
}

/// Returns the serial numbers of all certificates, for comparison with the certificates on the nodes.
///
/// - Parameter status: The progress of the rotation.
/// - Returns: The lines, the heading first.
public func serialLines(_ status: RotationStatus) -> [String] {
    let rows = status.leaves.map { [$0.node, $0.name, $0.serialNumber ?? "-"] }
    return tableLines(["NODE", "NAME", "SERIAL"], rows) + [
        "note: the cluster does not report the certificates of its nodes; 'openssl x509 -noout -serial -in FILE' prints "
            + "the serial number of one there"
    ]
}

extension RotationStep {
    /// The state of the CA after the step.
    fileprivate var result: String {
        switch self {
        case .add: "the new CA is trusted beside the old one, which issues certificates"
        case .issue: "the new CA has issued all certificates, and the old one is trusted beside it"
        case .remove: "the old CA is no longer trusted"
        }
    }
}
