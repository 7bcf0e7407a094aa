import Base
import HTTP
import Kubernetes

/// The rules for the kubelet's kubeconfigs, credentials and certificate request, and for the clock.
let credentialRules: [Rule] = [
    Rule("kubeconfig-missing", .configuration, blocks: .credentials) { facts in
        let kubelet = facts.kubelet
        guard let path = kubelet.kubeconfig.path, !kubelet.kubeconfig.exists, !kubelet.kubeconfig.isDenied,
            !kubelet.bootstrap.exists, !kubelet.bootstrap.isDenied
        else { return nil }
        let also =
            kubelet.bootstrap.path.map { ", and neither does '\($0)'" } ?? ", and '--bootstrap-kubeconfig' is not given"
        return (
            path, "does not exist\(also): the node has no credentials",
            "correct \(kubelet.place(ofFlag: "kubeconfig")) and run '\(kubelet.restart)', or \(joiningAgain)"
        )
    },
    Rule("clock", .machine, blocks: .credentials) { facts in
        guard let difference = facts.harmfulClockDifference else { return nil }
        return clock(facts, difference, "by the clock of the API server")
    },
    Rule("certificate-not-valid", .credentials) { facts in
        guard let (path, certificate) = facts.ownCertificate, facts.now < certificate.validFrom,
            facts.harmfulClockDifference == nil
        else { return nil }
        return (
            path,
            "its certificate is not valid before \(certificate.validFrom), and the clock of this node shows \(facts.now)",
            "set the clock ('timedatectl set-ntp true', or 'date -s'), and run '\(facts.kubelet.restart)'"
        )
    },
    Rule("certificate-expired", .credentials) { facts in
        guard let (path, certificate) = facts.ownCertificate, certificate.validUntil < facts.now,
            facts.harmfulClockDifference == nil, !facts.kubelet.usesBootstrap
        else { return nil }
        let age = Duration.seconds(facts.now.seconds - certificate.validUntil.seconds).humanReadable
        return (
            path,
            "its certificate expired at \(certificate.validUntil), \(age) ago by the clock of this node (\(facts.now))",
            renewal(facts)
        )
    },
    Rule("credentials", .credentials) { facts in
        let fact = facts.kubelet.ownKubeconfig
        guard let path = fact.path, fact.exists, let fault = fact.fault, !fact.isDenied, !fact.isForeign,
            facts.ownCertificate.map({ validity(of: $0.1, at: facts.now) == nil }) ?? true
        else { return nil }
        let isOfAuthority = fault.contains("certificate-authority")
        return (path + fact.place, fault, isOfAuthority ? authorityAdvice(facts) : renewal(facts))
    },
    Rule("node-name", .credentials, blocks: .node) { facts in
        let prefix = "system:node:"
        guard let name = facts.kubelet.kubeconfig.credentials?.commonName, name.hasPrefix(prefix),
            !facts.nodeName.isEmpty, name != prefix + facts.nodeName
        else { return nil }
        let other = name.dropFirst(prefix.utf8.count)
        let correction =
            facts.kubelet.flag("hostname-override") == nil
            ? "run 'hostnamectl hostname \(other)'" : "correct \(facts.kubelet.place(ofFlag: "hostname-override"))"
        return (
            facts.kubelet.kubeconfig.path ?? "kubeconfig",
            "its certificate is for Node '\(other)', but the kubelet registers as '\(facts.nodeName)', which the server forbids",
            "\(correction) and run '\(facts.kubelet.restart)' if the node is '\(other)'; else \(joiningAgain)"
        )
    },
    Rule("unauthorized", .credentials) { facts in
        guard facts.server.identityStatus == 401, facts.harmfulClockDifference == nil else { return nil }
        if facts.kubelet.usesBootstrap {
            return (
                facts.server.source,
                "the server does not accept its bootstrap token (401 Unauthorized), which has expired or is unknown there",
                joiningAgain
            )
        }
        let fact = facts.kubelet.kubeconfig
        let isForeign =
            fact.certificate.map { !fact.authorities.isEmpty && !$0.isIssued(by: fact.authorities) } ?? false
        let issuer = fact.certificate.map { certificate in
            ": CA '\(certificate.issuer)' issued its certificate"
                + (isForeign ? ", and not the CA of the kubeconfig" : "")
        }
        return (
            facts.server.source, "the server does not accept its user (401 Unauthorized)\(issuer ?? "")", renewal(facts)
        )
    },
    Rule("forbidden", .credentials) { facts in
        guard facts.server.identityStatus == 403, !facts.kubelet.usesBootstrap,
            facts.kubelet.kubeconfig.credentials?.commonName.map({
                $0 == "system:node:\(facts.nodeName)" || !$0.hasPrefix("system:node:")
            })
                ?? true
        else { return nil }
        return (
            facts.server.source, "the server forbids it to read its Node: \(facts.server.identityMessage)",
            "check that the server has '--authorization-mode=Node,RBAC', and that the certificate is of group system:nodes"
        )
    },
    Rule("csr-waiting", .credentials, kind: .symptom) { facts in
        guard facts.kubelet.usesBootstrap, facts.server.identityStatus == 200, facts.kubelet.process != nil
        else {
            return nil
        }
        return (
            facts.kubelet.kubeconfig.path ?? "kubeconfig", "has no valid certificate: the kubelet waits for one",
            "run 'kubectl get csr' on a control plane, and approve the request of this node with 'kubectl certificate approve'"
        )
    },
]

extension Facts {
    fileprivate var ownCertificate: (String, Certificate)? {
        let fact = kubelet.kubeconfig
        return fact.certificate.map { (fact.certificatePath ?? fact.path ?? "kubeconfig", $0) }
    }

    /// The seconds by which the server's clock is ahead, `nil` if the difference does not explain invalid credentials.
    fileprivate var harmfulClockDifference: Int64? {
        guard let difference = server.clockDifference, abs(difference) > 60 else { return nil }
        let isRefused = server.identityStatus == 401
        guard let (_, certificate) = ownCertificate else { return isRefused ? difference : nil }
        let right = Timestamp(seconds: now.seconds + difference)
        let isOfClock = validity(of: certificate, at: now) != nil && validity(of: certificate, at: right) == nil
        return isOfClock || isRefused && validity(of: certificate, at: right) == nil ? difference : nil
    }
}

private func clock(_ facts: Facts, _ difference: Int64, _ evidence: String) -> Rule.Found {
    let time = Duration.seconds(abs(difference)).humanReadable
    return (
        "clock of this node (\(facts.now))", "is \(time) \(difference > 0 ? "behind" : "ahead"), \(evidence)",
        "run 'timedatectl set-ntp true', or set it with 'date -s', and run '\(facts.kubelet.restart)'; if this clock is right, "
            + "correct the server's"
    )
}

/// Returns the instruction to replace the kubelet's kubeconfig, or to join the node again.
private func renewal(_ facts: Facts) -> String {
    let kubelet = facts.kubelet
    guard !kubelet.usesBootstrap, let path = kubelet.kubeconfig.path else { return joiningAgain }
    return
        "run 'kubeadm kubeconfig user --org system:nodes --client-name system:node:\(facts.nodeName) > kubelet.conf' on a "
        + "control plane, copy the file to '\(path)' here, and run '\(kubelet.restart)'; or join again: \(joiningAgain)"
}

/// Returns the instruction to replace the CA in a kubeconfig.
private func authorityAdvice(_ facts: Facts) -> String {
    let fact = facts.kubelet.ownKubeconfig
    let source = fact.path ?? "the kubeconfig"
    let restart = "and run '\(facts.kubelet.restart)'"
    if case .file(let path)? = fact.kubeconfig?.certificateAuthority {
        return "copy /etc/kubernetes/pki/ca.crt of a control plane to '\(path)' here, \(restart)"
    }
    return
        "replace 'certificate-authority-data' in '\(source)' by the output of 'base64 -w0 /etc/kubernetes/pki/ca.crt' on a "
        + "control plane, \(restart)"
}

/// The rules for the connection to the API server, its state, and a control plane on this node.
let serverRules: [Rule] = [
    // On a control plane, the API server is a static pod of the kubelet.
    Rule(all: "static-pod", .pods, blocks: .server) { facts in
        guard facts.server.fault != nil else { return [] }
        let pods = facts.kubelet.staticPods
        let ofServer = pods.faults.filter { fault in ["kube-apiserver", "etcd"].contains { fault.place.contains($0) } }
        return ofServer.map { fault in
            (fault.place, "\(fault.reason), so that the kubelet does not start this static pod", manifestFix)
        }
    },
    Rule(all: "control-plane-file", .server) { facts in
        guard facts.server.fault != nil else { return [] }
        return facts.kubelet.staticPods.expiredCertificates.prefix(1).map { path, reason in
            (path, reason, "run 'kubeadm certs renew all', and restart the pods of the control plane")
        }
    },
    Rule(all: "static-pod-missing", .pods, blocks: .server) { facts in
        let pods = facts.kubelet.staticPods
        guard facts.isThisMachine, facts.server.fault?.kind == .refused, pods.isControlPlane, let path = pods.path
        else { return [] }
        // The server can use etcd on other machines.
        let isStoreHere = facts.server.podErrors.contains { $0.error.contains("127.0.0.1:2379") }
        return (["kube-apiserver"] + (isStoreHere ? ["etcd"] : [])).filter { !pods.has($0) }.map { name in
            (
                "\(path)/\(name).yaml",
                "does not exist, so that the kubelet does not start \(name), although this node is a control plane",
                "restore it, such as with 'kubeadm init phase \(name == "etcd" ? "etcd local" : "control-plane apiserver")'"
            )
        }
    },
    Rule(all: "control-plane-pod", .server) { facts in
        guard facts.kubelet.staticPods.expiredCertificates.isEmpty, facts.kubelet.staticPods.faults.isEmpty else {
            return []
        }
        return facts.server.podErrors.prefix(1).map { name, error in
            let file = facts.kubelet.staticPods.files.first { $0.contains(name) } ?? "its manifest"
            return (
                "\(name) of this node", "its last error is: \(error)",
                "correct that, in '\(file)' or what it names; see 'crictl ps -a --name \(name)' and 'crictl logs ID'"
            )
        }
    },
    Rule("clock", .machine, blocks: .server) { facts in
        guard let fault = facts.server.fault, let peer = fault.peer, fault.kind == .serverCertificateNotYetValid else {
            return nil
        }
        let difference = max(0, peer.validFrom.seconds - facts.now.seconds)
        return clock(facts, difference, "by the server's certificate, which is valid from \(peer.validFrom)")
    },
    connectionRule("dns", .resolve) { facts, host in
        "add the server to /etc/hosts, correct 'nameserver' in /etc/resolv.conf, or correct 'server' in '\(facts.server.source)'; "
            + "'getent hosts \(host)' shows the result"
    },
    connectionRule("server-refused", .refused) { facts, _ in
        "start kube-apiserver there, or correct 'server' in '\(facts.server.source)'"
    },
    connectionRule("no-route", .unreachable) { facts, _ in
        "see 'ip route' and 'ip link', or correct 'server' in '\(facts.server.source)'"
    },
    connectionRule("server-silent", .timedOut) { facts, host in
        "check that the machine ('ping \(host)'), kube-apiserver and etcd run, and that no firewall drops the port, or correct "
            + "'server' in '\(facts.server.source)'"
    },
    connectionRule("wrong-ca", .untrusted) { facts, _ in
        authorityAdvice(facts) + "; or correct 'server' there"
    },
    connectionRule("server-name", .hostName) { facts, _ in
        "use a name of the certificate as the server in '\(facts.server.source)', or issue the server's certificate for this name"
    },
    connectionRule("server-certificate-expired", .serverCertificateExpired) { facts, _ in
        "run 'kubeadm certs renew apiserver' on the control plane, and restart kube-apiserver; check also this node's clock, which "
            + "shows \(facts.now)"
    },
    connectionRule("client-certificate-refused", .clientCertificateRefused) { facts, _ in renewal(facts) },
    connectionRule("server-unusable") { facts, _ in "check 'server' in '\(facts.server.source)'" },
    Rule("server-not-ready", .server) { facts in
        guard facts.server.fault == nil, let url = facts.server.url, let status = facts.server.readyStatus,
            status >= 500
        else {
            return nil
        }
        let checks = facts.server.failedChecks
        let isStore = checks.contains { $0.hasPrefix("etcd") }
        return (
            url,
            "the server is not ready (status \(status))"
                + (checks.isEmpty ? "" : ": \(checks.joined(separator: ", "))"),
            isStore
                ? "check etcd on the control plane: 'crictl ps -a --name etcd' and its log"
                : "see the log of kube-apiserver on the control plane"
        )
    },
]

let manifestFix = "correct the file, which the kubelet reads again by itself, or remove it"

/// Creates the rule for one kind of connection error or, without a kind, for all kinds that no other rule covers.
private func connectionRule(
    _ code: String,
    _ kind: TransportError.Kind? = nil,
    fix: @escaping @Sendable (_ facts: Facts, _ host: String) -> String,
) -> Rule {
    let others: Set<TransportError.Kind> = [
        .resolve, .refused, .unreachable, .timedOut, .untrusted, .hostName, .serverCertificateExpired,
        .clientCertificateRefused, .serverCertificateNotYetValid,
    ]
    return Rule(all: code, .server) { facts in
        guard let fault = facts.server.fault, let url = facts.server.url,
            kind == nil ? !others.contains(fault.kind) : kind == fault.kind
        else { return [] }
        let pods = facts.kubelet.staticPods
        // Other rules then report the kubelet, the API server's pod or its files.
        let isExplainedHere =
            !facts.kubeletWorks || !facts.server.podErrors.isEmpty
            || fault.kind == .refused && !pods.has("kube-apiserver")
        if pods.isControlPlane, [.refused, .timedOut].contains(fault.kind),
            !pods.expiredCertificates.isEmpty || facts.isThisMachine && isExplainedHere
        {
            return []
        }
        let host = (try? WebAddress(url).host) ?? url
        var cause = fault.message
        if kind == .untrusted {
            if let peer = fault.peer, !cause.contains("issue") { cause += ", whose issuer is '\(peer.issuer)'" }
            let authority = facts.kubelet.ownKubeconfig.authorities.first
            if let authority { cause += "; the CA of the kubeconfig is '\(authority.subject)'" }
        }
        return [(url, cause, fix(facts, host))]
    }
}
