import Base
import HTTP
import Host
import Kubernetes
import TLS

/// Finds faults of the connection to the API server, of its state and of its clock.
func serverFindings(_ facts: Facts) -> [Finding] {
    guard let url = facts.server.url else { return [] }
    var findings = clockFindings(facts)
    if let fault = facts.server.proxyFault { findings.append(proxyFinding(fault, url, facts)) }
    if let fault = facts.server.fault {
        return findings + [linkFinding(fault, url, facts) ?? connectionFinding(fault, url, facts)]
    }
    if let status = facts.server.readyStatus, status >= 500 || !facts.server.failedChecks.isEmpty {
        let checks = facts.server.failedChecks.map { String($0.prefix { $0 != ":" }) }
        let names = checks.isEmpty ? "" : ": \(checks.joined(separator: ", "))"
        let isStore = checks.contains { $0.hasPrefix("etcd") }
        findings.append(
            Finding(
                "server-not-ready",
                in: .server,
                url,
                "the server is not ready (status \(status))\(names)",
                fix: isStore
                    ? "check etcd on the control plane: 'crictl ps -a --name etcd' and its log"
                    : "see the log of kube-apiserver on the control plane"
            )
        )
    }
    return findings + identityFindings(facts, url) + versionFindings(facts)
}

/// Describes a proxy of the kubelet through which the server does not answer.
private func proxyFinding(_ fault: TransportError, _ url: String, _ facts: Facts) -> Finding {
    let kubelet = facts.kubelet
    let variable = kubelet.proxy?.variable ?? "HTTPS_PROXY"
    let place = kubelet.proxySource.map { "'\(printable($0.path))'" } ?? "the environment of \(kubelet.unitName)"
    let isAnswered = facts.server.identityStatus != nil ? ", and the server answers without it" : ""
    return Finding(
        "proxy",
        in: .server,
        blocks: facts.waitsForCertificate ? stage(facts) : .server,
        "proxy \(printable(kubelet.proxy?.url ?? "")) (\(variable) in \(place))",
        "the kubelet uses it for \(url)\(isAnswered): \(shortened(fault.message))",
        fix: "correct or remove \(variable) in \(place), or add the host of the server to NO_PROXY there, and run "
            + "'\(kubelet.restart(afterChange: kubelet.proxySource))'"
    )
}

private func clockFindings(_ facts: Facts) -> [Finding] {
    var difference = facts.server.clockDifference
    var evidence = "by the clock of the API server"
    if difference == nil, let peer = facts.server.fault?.peer, facts.server.fault?.kind == .serverCertificateNotYetValid
    {
        // Only a lower bound is known.
        difference = .seconds(max(0, peer.validFrom.seconds - facts.now.seconds))
        evidence = "by the server's certificate, which is valid from \(peer.validFrom)"
    }
    guard let difference else { return [] }
    let seconds = difference.components.seconds
    guard abs(seconds) > 60 else { return [] }
    let isBehind = seconds > 0
    // A difference does harm only if a certificate or token is not valid at that time.
    let kinds: [TransportError.Kind] = [
        .serverCertificateNotYetValid, .serverCertificateExpired, .clientCertificateRefused,
    ]
    let isHarmful = facts.server.identityStatus == 401 || facts.server.fault.map { kinds.contains($0.kind) } == true
    return [
        Finding(
            "clock",
            isHarmful ? .cause : .note,
            in: .machine,
            blocks: isHarmful ? .credentials : .pods,
            "clock of this node (\(facts.now))",
            "is \(Duration.seconds(abs(seconds)).humanReadable) \(isBehind ? "behind" : "ahead"), \(evidence)",
            fix:
                "run 'timedatectl set-ntp true', or set it with 'date -s', and restart \(facts.kubelet.unitName); if this clock is "
                + "right, correct the server's"
        )
    ]
}

/// Describes the interface that is down and through which the node reaches the server.
private func linkFinding(_ fault: TransportError, _ url: String, _ facts: Facts) -> Finding? {
    guard let link = facts.server.linkFault else { return nil }
    return Finding(
        "link-down",
        in: .machine,
        blocks: facts.waitsForCertificate ? stage(facts) : .server,
        "interface '\(printable(link.name))'",
        "\(link.reason), and this node reaches \(url) through it: \(shortened(fault.message))",
        fix:
            "\(link.advice); if 'ip address' and 'ip route' then lack its address or route, restart the service that configures it"
    )
}

/// Returns the code of a fault of the connection, and the advice.
private func advice(on fault: TransportError, _ url: String, _ facts: Facts) -> (code: String, fix: String?) {
    let source = facts.server.source ?? "the kubeconfig"
    var fix = facts.server.advice ?? fault.advice
    let code: String
    switch fault.kind {
    case .resolve:
        code = "dns"
        let servers = facts.server.nameServers.map(printable).joined(separator: ", ")
        let asked = servers.isEmpty ? "which names no DNS server" : "where DNS server \(servers) does not resolve it"
        fix =
            fix
            ?? "add 'ADDRESS NAME' of the server to /etc/hosts, correct 'nameserver' in /etc/resolv.conf (\(asked)), or correct "
            + "the server in \(source); 'getent hosts NAME' shows the result"
    case .refused:
        code = "server-refused"
        let port = (try? WebAddress(url).port) ?? 6443
        let usual = [443, 6443].contains(port) ? "" : ", whose port \(port) is not the usual 6443"
        fix = fix ?? "start kube-apiserver there, or correct the server in \(source)\(usual)"
    case .unreachable: (code, fix) = ("no-route", fix ?? "see 'ip route' and 'ip link'")
    case .timedOut where fault.message.contains("no response") || fault.message.contains("TLS handshake"):
        code = "server-hangs"
        fix =
            "the port is open: see the logs of kube-apiserver and etcd on the control plane; it is overloaded, or etcd does not "
            + "answer it"
    case .timedOut:
        code = "server-silent"
        fix = fix ?? "check that the machine runs and that no firewall drops the port (see 'nft list ruleset' on both)"
    case .untrusted, .selfSigned:
        (code, fix) = ("wrong-ca", "\(authorityAdvice(source, facts)); or correct 'server' there")
    case .hostName, .noNames:
        code = "server-name"
        fix =
            fix
            ?? "use a name of the certificate as the server in \(source), or issue the server's certificate for this name"
    case .serverCertificateExpired:
        code = "server-certificate-expired"
        fix =
            "run 'kubeadm certs renew apiserver' on the control plane, and restart kube-apiserver; check also this node's clock"
    case .serverCertificateNotYetValid:
        code = "clock"
        fix = "set this node's clock ('timedatectl set-ntp true')"
    case .clientCertificateRefused:
        code = "client-certificate-refused"
        fix =
            "have the CA of the server's '--client-ca-file' issue the kubelet's certificate again: \(joiningAgain)"
    default:
        code = "server-unusable"
        fix = fix ?? "check the server in \(source)"
    }
    return (code, fix)
}

private func connectionFinding(_ fault: TransportError, _ url: String, _ facts: Facts) -> Finding {
    let source = facts.server.source ?? "the kubeconfig"
    let (code, advice) = advice(on: fault, url, facts)
    var fix = advice
    // The API server of a control plane is a pod of its kubelet.
    let isOwn = facts.kubelet.staticPods.hasServer && [.refused, .timedOut].contains(fault.kind)
    if isOwn, fault.kind == .refused { fix = ownServerAdvice(facts) }
    let entry = facts.server.hostEntry
    let known = entry.map { " ('\($0.host)' is \(printable($0.address)) by \($0.place))" } ?? ""
    // Another address may be the mistake if this one does not answer, and the port if it does.
    let isUsualPort = [443, 6443].contains((try? WebAddress(url).port) ?? 6443)
    let mayBeOther = fault.kind == .refused && isUsualPort || fault.kind == .timedOut && facts.server.advice == nil
    if let entry, !isOwn, !mayBeOther {
        // The node shows the reason, whichever address it is.
        fix = "\(fix ?? ""); or correct \(entry.place) if \(printable(entry.address)) is not the server's address"
    } else if let entry, !isOwn {
        fix =
            "correct \(entry.place) if \(printable(entry.address)) is not the server's address; otherwise \(fix ?? "check the server in \(source)")"
    }
    // A kubelet that asks for its first certificate ends if it does not reach the server.
    let isBootstrap = facts.waitsForCertificate
    return Finding(
        code,
        isOwn || fault.kind == .serverCertificateNotYetValid && facts.isThisMachine ? .symptom : .cause,
        in: .server,
        blocks: isBootstrap ? stage(facts) : .server,
        url,
        shortened(fault.message) + known
            + (isOwn ? facts.server.podErrors : []).map { "; \(printable(shortened($0)))" }.joined(),
        fix: fix ?? "check the server in \(source)"
    )
}

/// Returns the advice on an API server that is a pod of this node and does not run.
private func ownServerAdvice(_ facts: Facts) -> String {
    let name = facts.server.podErrors.first.map { String($0.prefix { $0 != ":" }) }
    let file = facts.kubelet.staticPods.files.first { file in
        name.map { file.pathParts.last.map(String.init) == "\($0).yaml" } ?? false
    }
    return (file.map { "correct the error in '\(printable($0))', or what it names; " } ?? "")
        + "see 'crictl ps -a --name \"kube-apiserver|etcd\"' and 'crictl logs ID' of the one that has ended"
}

/// Returns the advice to replace the CA of a kubeconfig.
func authorityAdvice(_ source: String, _ facts: Facts) -> String {
    let kubelet = facts.kubelet
    let fact = kubelet.usesBootstrap ? kubelet.bootstrap : kubelet.kubeconfig
    let restart = "and run 'systemctl restart \(kubelet.unitName)'"
    switch fact.kubeconfig?.certificateAuthority {
    case .data?:
        return
            "replace 'certificate-authority-data' in \(source) by the output of 'base64 -w0 /etc/kubernetes/pki/ca.crt' on a "
            + "control plane, \(restart)"
    case .file(let path)?:
        return "copy /etc/kubernetes/pki/ca.crt of a control plane to '\(path)' here, \(restart)"
    case nil:
        return
            "write 'certificate-authority: /etc/kubernetes/pki/ca.crt' in \(source), with this file of a control plane, "
            + restart
    }
}

private func identityFindings(_ facts: Facts, _ url: String) -> [Finding] {
    let isBootstrap = facts.kubelet.usesBootstrap
    let source = facts.server.source ?? "the kubeconfig"
    switch facts.server.identityStatus {
    case 401 where isBootstrap:
        return [
            Finding(
                "bootstrap-token",
                in: .credentials,
                blocks: stage(facts),
                source,
                "the server does not accept its bootstrap token, which has expired or is unknown there",
                fix: joiningAgain
            )
        ]
    case 401:
        let reason = facts.kubelet.kubeconfig.credentials?.doubt.map { ": \($0.reason)" } ?? ""
        let fix = facts.kubelet.kubeconfig.credentials?.doubt?.advice
        return [
            Finding(
                "unauthorized",
                in: .credentials,
                source,
                "the server does not accept its user (401 Unauthorized)\(reason)",
                fix: fix
                    ?? "give the kubelet a certificate of the CA in the server's '--client-ca-file': "
                    + renewal(source, facts, code: "kubeconfig")
            )
        ]
    case 403:
        var finding = Finding(
            "forbidden",
            .report,
            in: .credentials,
            source,
            "the server forbids it to read its Node: \(shortened(facts.server.identityMessage))",
            fix: "check that the server has '--authorization-mode=Node,RBAC', and that the certificate is of group "
                + "system:nodes and user system:node:\(facts.cluster.nodeName)"
        )
        finding.explainedBy = ["node-name", "wrong-user"]
        return [finding]
    default: break
    }
    guard isBootstrap, facts.server.mayRequestCertificate == false else { return [] }
    return [
        Finding(
            "bootstrap-forbidden",
            in: .credentials,
            blocks: stage(facts),
            source,
            "its user may not create a CertificateSigningRequest",
            fix:
                "bind its group to ClusterRole system:node-bootstrapper: 'kubectl create clusterrolebinding kubelet-bootstrap "
                + "--clusterrole=system:node-bootstrapper --group=system:bootstrappers'"
        )
    ]
}

private func versionFindings(_ facts: Facts) -> [Finding] {
    guard let text = facts.server.version, let own = facts.kubelet.version, let server = KubernetesVersion(text),
        let kubelet = KubernetesVersion(own)
    else { return [] }
    func finding(_ cause: String, fix: String) -> [Finding] {
        let kind: Finding.Kind = facts.cluster.node == nil ? .cause : .note
        let subject = "kubelet \(own) with API server \(text)"
        return [Finding("version-skew", kind, in: .configuration, blocks: .node, subject, cause, fix: fix)]
    }
    if kubelet > server {
        return finding(
            "a kubelet must not be newer than its server",
            fix: "install kubelet \(server), or upgrade the control plane first"
        )
    }
    let allowed = server >= KubernetesVersion(minor: 28) ? 3 : 2
    guard server.minor - kubelet.minor > allowed else { return [] }
    return finding(
        "a kubelet may be at most \(allowed) minor versions older than its server",
        fix: "upgrade the kubelet to \(server)"
    )
}
