import Base
import Kubernetes

/// The advice to join a node again; kubeadm refuses to join a node that has the files of the last time.
let joiningAgain =
    "run 'kubeadm token create --print-join-command' on a control plane; then run 'kubeadm reset' and the printed command "
    + "here"

/// Finds faults of the kubeconfig, its certificate or token, and the request for a certificate.
func credentialFindings(_ facts: Facts) -> [Finding] {
    let kubelet = facts.kubelet
    guard kubelet.isKnown, kubelet.program != nil || kubelet.process != nil else { return [] }
    guard let path = kubelet.kubeconfig.path else {
        guard !kubelet.arguments.isEmpty, !kubelet.isK3s else { return [] }
        return [
            Finding(
                "standalone",
                in: .configuration,
                blocks: .credentials,
                kubelet.unitName,
                "has no '--kubeconfig', so that the kubelet connects to no API server",
                fix:
                    "add '--kubeconfig=/etc/kubernetes/kubelet.conf' to 'ExecStart=' in '\(kubelet.unitPath ?? "the unit")', "
                    + "with a kubeconfig there, and run '\(kubelet.restart(afterChangeOf: nil))'"
            )
        ]
    }
    let own = kubelet.kubeconfig
    if !own.isDenied, !own.exists || kubelet.usesBootstrap { return missingFindings(facts, path) }
    return fileFindings(own, facts, code: "kubeconfig") + nameFindings(facts) + requestFindings(facts)
}

/// The stage that wrong credentials block: the kubelet does not start with some of them, and with others it cannot connect.
func stage(_ facts: Facts) -> Area { facts.kubeletWorks ? .credentials : .kubelet }

/// Finds why there is no kubeconfig yet, although the kubelet could ask for a certificate.
private func missingFindings(_ facts: Facts, _ path: String) -> [Finding] {
    let bootstrap = facts.kubelet.bootstrap
    guard let bootstrapPath = bootstrap.path else {
        return [
            Finding(
                "kubeconfig-missing",
                in: .configuration,
                blocks: stage(facts),
                path,
                "does not exist, and '--bootstrap-kubeconfig' is not given",
                fix: "correct \(facts.kubelet.place(ofFlag: "kubeconfig")) and run "
                    + "'\(facts.kubelet.restart(afterChangeOf: "kubeconfig"))', or \(joiningAgain)"
            )
        ]
    }
    guard bootstrap.exists || bootstrap.isDenied else {
        return [
            Finding(
                "bootstrap-kubeconfig",
                in: .configuration,
                blocks: stage(facts),
                bootstrapPath,
                "does not exist, and neither does '\(path)': the node has no credentials",
                fix: joiningAgain
            )
        ]
    }
    return fileFindings(bootstrap, facts, code: "bootstrap-kubeconfig") + requestFindings(facts)
}

private func fileFindings(_ fact: KubeconfigFact, _ facts: Facts, code: String) -> [Finding] {
    guard let path = fact.path, let problem = fact.problem, !fact.isDenied, !fact.isForeign else { return [] }
    let isRead = fact.kubeconfig != nil
    let isPlaced = problem.location?.file == path
    let place = isPlaced ? problem.location?.position.map { ":\($0.line):\($0.column)" } ?? "" : ""
    let isExpired = problem.message.contains("expired")
    // The kubelet writes its certificate itself, so that nobody has a copy.
    let isMissing = fact.isCertificateUnusable && !problem.message.contains("is not valid before")
    // A file of another kind has advice for a task file.
    let isOther = !isRead && problem.hint == nil
    let isRenewed = isExpired || isMissing || fact.isEmpty || isOther
    let isOfAuthority = problem.message.contains("certificate-authority") || fact.isAuthorityUnusable
    let correction = correction(of: problem, in: path)
    let restart = "run 'systemctl restart \(facts.kubelet.unitName)'"
    let fix =
        if isOfAuthority, !isExpired {
            authorityAdvice(path, facts)
        } else if isRenewed, !isOfAuthority {
            // A file of which a line is wrong may be corrected by hand.
            (isOther && !isMissing && !place.isEmpty ? "correct that line, or " : "") + renewal(path, facts, code: code)
        } else {
            "\(correction); then \(restart)"
        }
    return [
        Finding(
            isExpired ? "certificate-expired" : isRead ? "credentials" : code,
            in: isRead ? .credentials : .configuration,
            blocks: stage(facts),
            "\(path)\(place)",
            fact.isEmpty ? "is empty" : problem.message,
            fix: fix
        )
    ]
}

/// Returns the advice on a problem of a file, with the file in which it is.
private func correction(of problem: Problem, in path: String) -> String {
    let line = problem.location?.position.map { " in line \($0.line)" } ?? ""
    guard let hint = problem.hint else { return "correct '\(printable(path))'\(line)" }
    // Some hints only say what there is.
    return ["there is", "did you mean", "the file"].contains(where: hint.hasPrefix)
        ? "correct '\(printable(path))'\(line): \(hint)" : hint
}

/// Returns the advice to replace the kubelet's kubeconfig, or to join again.
func renewal(_ path: String, _ facts: Facts, code: String) -> String {
    guard code == "kubeconfig" else { return joiningAgain }
    return "run 'kubeadm kubeconfig user --org system:nodes --client-name system:node:\(facts.cluster.nodeName) > "
        + "kubelet.conf' on a control plane, copy the file to '\(path)' here, and run 'systemctl restart "
        + "\(facts.kubelet.unitName)'; or join again: \(joiningAgain)"
}

extension KubeconfigFact {
    /// Whether the certificate or key of the kubelet is missing or unusable, rather than the CA.
    fileprivate var isCertificateUnusable: Bool {
        guard credentials == nil, let problem, !isAuthorityUnusable else { return false }
        let settings = ["client-certificate", "client-key"]
        return [kubeconfig?.clientCertificate, kubeconfig?.clientKey].contains { problem.names($0) }
            || settings.contains { problem.message.contains("\($0)-data of") }
    }

    /// Whether the CA is missing or unusable.
    fileprivate var isAuthorityUnusable: Bool {
        guard credentials == nil, let problem, let material = kubeconfig?.certificateAuthority else { return false }
        return problem.names(material) || problem.message.contains("certificate-authority-data of")
    }
}

extension Problem {
    /// Returns whether the problem is about the file of a kubeconfig's material.
    fileprivate func names(_ material: Kubeconfig.Material?) -> Bool {
        guard case .file(let path)? = material else { return false }
        return message.contains("'\(path)'")
    }
}

/// Compares the name of the Node with that of the certificate.
private func nameFindings(_ facts: Facts) -> [Finding] {
    let prefix = "system:node:"
    // The kubelet of k3s registers with the name in its certificate.
    guard !facts.kubelet.isK3s, let name = facts.kubelet.kubeconfig.credentials?.commonName,
        !facts.cluster.nodeName.isEmpty
    else {
        return []
    }
    let node = facts.cluster.nodeName
    guard name.hasPrefix(prefix) else {
        guard facts.server.identityStatus == 403 else { return [] }
        return [
            Finding(
                "wrong-user",
                in: .credentials,
                facts.kubelet.kubeconfig.path ?? "kubeconfig",
                "its user is '\(printable(name))', which may not read Node '\(node)': a kubelet is '\(prefix)\(node)' in "
                    + "group 'system:nodes'",
                fix: "issue a certificate with subject O=system:nodes, CN=\(prefix)\(node)"
            )
        ]
    }
    // A name that no Node can have is a fault of its own.
    guard name != prefix + node, SubjectName.isHostName(node), !node.contains("_") else { return [] }
    return [
        Finding(
            "node-name",
            in: .credentials,
            facts.kubelet.kubeconfig.path ?? "kubeconfig",
            "its certificate is for Node '\(printable(String(name.dropFirst(prefix.utf8.count))))', but the kubelet registers "
                + "as '\(node)', which the server forbids",
            fix: facts.kubelet.flag("hostname-override") == nil
                ? "if the name of this machine has changed, run 'hostnamectl hostname "
                    + "\(printable(String(name.dropFirst(prefix.utf8.count))))' and 'systemctl restart \(facts.kubelet.unitName)'; if it is "
                    + "'\(node)', the certificate is that of another node: \(joiningAgain)"
                : "correct \(facts.kubelet.place(ofFlag: "hostname-override")) and run "
                    + "'\(facts.kubelet.restart(afterChangeOf: "hostname-override"))', or issue a certificate for "
                    + "'\(prefix)\(node)'"
        )
    ]
}

/// Finds requests for certificates that nobody has approved or signed.
private func requestFindings(_ facts: Facts) -> [Finding] {
    let requests = (facts.cluster.requests ?? []).filter { $0.signer == "kubernetes.io/kube-apiserver-client-kubelet" }
    let isWaiting = facts.waitsForCertificate
    // A kubelet that reports has what it needs.
    if facts.isReady { return [] }
    guard let last = requests.min(by: { $0.age < $1.age }) else { return isWaiting ? waitFindings(facts) : [] }
    let subject = "CertificateSigningRequest '\(last.name)'"
    switch last.state {
    case .pending where last.age >= .seconds(10):
        return [
            Finding(
                "csr-pending",
                isWaiting ? .cause : .note,
                in: .credentials,
                blocks: isWaiting ? stage(facts) : .credentials,
                subject,
                "of this node waits for approval since \(last.age.humanReadable)",
                fix:
                    "run 'kubectl certificate approve \(last.name)', or bind the group of the bootstrap tokens to ClusterRole "
                    + "system:certificates.k8s.io:certificatesigningrequests:nodeclient, so that it is approved by itself"
            )
        ]
    case .denied, .failed:
        return [
            Finding(
                "csr-\(last.state.rawValue)",
                isWaiting ? .cause : .note,
                in: .credentials,
                blocks: isWaiting ? stage(facts) : .credentials,
                subject,
                "of this node is \(last.state.rawValue)" + (last.reason.isEmpty ? "" : " (\(printable(last.reason)))"),
                fix:
                    "run 'kubectl delete csr \(last.name)' and 'systemctl restart \(facts.kubelet.unitName)', and approve the new "
                    + "request"
            )
        ]
    case .approved where last.age >= .seconds(10):
        return [
            Finding(
                "csr-unsigned",
                isWaiting ? .cause : .note,
                in: .credentials,
                blocks: isWaiting ? stage(facts) : .credentials,
                subject,
                "of this node is approved, but not signed",
                fix: "check that kube-controller-manager runs, with '--cluster-signing-cert-file' and "
                    + "'--cluster-signing-key-file'"
            )
        ]
    default: return isWaiting ? waitFindings(facts) : []
    }
}

extension Facts {
    /// Whether the kubelet has no certificate yet and can ask for one.
    var waitsForCertificate: Bool {
        kubelet.usesBootstrap && kubelet.bootstrap.credentials != nil
    }
}

/// Finds a kubelet that waits for its first certificate, where its requests cannot be listed.
private func waitFindings(_ facts: Facts) -> [Finding] {
    guard facts.server.fault == nil, facts.server.mayRequestCertificate == true, facts.kubelet.process != nil else {
        return []
    }
    return [
        Finding(
            "csr-waiting",
            .symptom,
            in: .credentials,
            facts.kubelet.kubeconfig.path ?? "kubeconfig",
            "\(facts.kubelet.kubeconfig.exists ? "has no valid certificate" : "does not exist yet"): the kubelet waits for a "
                + "certificate",
            fix:
                "run 'kubectl get csr' on a control plane, and approve the request of this node with 'kubectl certificate "
                + "approve'"
        )
    ]
}
