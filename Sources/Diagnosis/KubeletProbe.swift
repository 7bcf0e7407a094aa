import Base
import Glibc
import HTTP
import Host
import Kubernetes

/// A probe of the kubelet's unit, process and files below a root directory.
struct KubeletProbe {
    var root: String
    var now = Timestamp.now()

    private func exists(_ path: String) -> Bool { (try? FileSystem.exists(root + path)) == true }

    func facts() -> KubeletFacts {
        var facts = KubeletFacts()
        if let unit = UnitFile(facts.unitName, root: root) {
            let command = unit.arguments
            facts.unitPath = unit.path
            (facts.program, facts.arguments) = (command.first?.text, Array(command.dropFirst()))
        }
        let others = ["k3s.service", "k3s-agent.service", "rke2-server.service", "rke2-agent.service"]
        facts.foreignUnit = others.first { UnitFile($0, root: root) != nil }
        if root.isEmpty, let running = processes(named: ["kubelet"]).first {
            facts.process = running
            if facts.program?.isAbsolutePath != true { facts.program = running.program ?? facts.program }
            let files = facts.arguments
            facts.arguments = running.arguments.map { text in (text, files.first { $0.text == text }?.file) }
        }
        let usual = ["/usr/bin/kubelet", "/usr/local/bin/kubelet", "/opt/bin/kubelet"]
        facts.program = facts.program ?? usual.first(where: exists)
        if let path = facts.flag("config") { facts.configuration = file(path) }
        facts.kubeconfig = kubeconfig(facts.flag("kubeconfig"))
        facts.bootstrap = kubeconfig(facts.flag("bootstrap-kubeconfig"))
        facts.staticPods = staticPods(facts.setting("staticPodPath", flag: "pod-manifest-path"))
        return facts
    }

    /// Reads a YAML file; its first document with content must be a mapping.
    func file(_ path: String) -> FileFact {
        var fact = FileFact(path: path)
        do throws(SystemError) {
            let bytes = try readFile(root + path, limit: 1 << 20)
            if bytes.allSatisfy({ $0 <= 0x20 }) {
                fact.fault = "is empty"
                return fact
            }
            do throws(Problems) {
                fact.root = try readDocuments(bytes, file: path).compactMap(\.root).first
                if fact.root?.mapping == nil { fact.fault = "has no settings: expected a mapping" }
            } catch {
                fact.fault = error.all.first?.message ?? "is not valid YAML"
                fact.place = place(of: error.all.first, in: path)
            }
        } catch {
            fact.isDenied = error.code == EACCES
            fact.fault = error.isNotFound ? "does not exist" : "cannot be read: \(error.reason)"
        }
        return fact
    }

    private func place(of problem: Problem?, in path: String) -> String {
        guard problem?.location?.file == path else { return "" }
        return problem?.location?.position.map { ":\($0.line):\($0.column)" } ?? ""
    }

    func kubeconfig(_ path: String?) -> KubeconfigFact {
        guard let path, !path.isEmpty else { return KubeconfigFact() }
        let file = file(path)
        var fact = KubeconfigFact(path: path, exists: file.fault != "does not exist")
        (fact.fault, fact.place, fact.isDenied) = (file.fault, file.place, file.isDenied)
        guard let root = file.root, file.fault == nil else { return fact }
        // The kubelet accepts these settings, but this program refuses them.
        let users = (root["users"]?.sequence ?? []).compactMap { $0["user"] }
        let clusters = (root["clusters"]?.sequence ?? []).compactMap { $0["cluster"] }
        fact.isForeign =
            users.contains { $0["exec"] != nil || $0["auth-provider"] != nil || $0["username"] != nil }
            || clusters.contains { $0["insecure-skip-tls-verify"]?.boolean == true }
        do throws(Problems) {
            let bytes = try? readFile(self.root + path, limit: 1 << 20)
            fact.kubeconfig = try Kubeconfig(bytes ?? root.json(), path: path)
        } catch {
            fact.fault = error.all.first?.message ?? "is not a kubeconfig"
            fact.place = place(of: error.all.first, in: path)
        }
        if let kubeconfig = fact.kubeconfig { readCredentials(kubeconfig, &fact) }
        return fact
    }

    private func readCredentials(_ kubeconfig: Kubeconfig, _ fact: inout KubeconfigFact) {
        func bytes(_ material: Kubeconfig.Material?) -> [UInt8]? {
            switch material {
            case .data(let bytes)?: bytes
            case .file(let file)?: try? readFile(root + file, limit: 1 << 20)
            case nil: nil
            }
        }
        fact.authorities = bytes(kubeconfig.certificateAuthority).flatMap { try? Certificate.read(pem: $0) } ?? []
        fact.certificate = bytes(kubeconfig.clientCertificate).flatMap { try? Certificate.read(pem: $0) }?.first
        if case .file(let file)? = kubeconfig.clientCertificate { fact.certificatePath = file }
        let denied = Locked(false)
        do throws(Problem) {
            fact.credentials = try Credentials(kubeconfig, now: now) { file in
                do throws(SystemError) {
                    return try readFile(root + file, limit: 1 << 20)
                } catch {
                    if error.code == EACCES { denied.withLock { $0 = true } }
                    throw error
                }
            }
        } catch {
            fact.isDenied = denied.withLock { $0 }
            fact.fault = error.message
            if let path = fact.certificatePath, !exists(path),
                let target = ((try? FileSystem.status(root + path)) ?? nil)?.target
            {
                fact.fault = "its client certificate '\(path)' is a link to '\(target)', which does not exist"
            }
        }
    }

    /// Reads the static pod manifests in a directory or a single file, and finds expired control plane certificates.
    func staticPods(_ path: String?) -> StaticPodFacts {
        var facts = StaticPodFacts(path: path)
        facts.isControlPlane = exists("/etc/kubernetes/pki/apiserver.crt")
        facts.expiredCertificates = expiredCertificates()
        guard let path, !path.isEmpty else { return facts }
        let status = (try? FileSystem.status(root + path)) ?? nil
        let names = (try? FileSystem.list(root + path, limit: 1000)) ?? []
        // The kubelet reads every file whose name does not begin with a dot.
        let paths =
            status?.kind == .regular ? [path] : names.filter { !$0.hasPrefix(".") }.sorted().map { "\(path)/\($0)" }
        for path in paths where ((try? FileSystem.status(root + path)) ?? nil)?.kind != .directory {
            let file = file(path)
            facts.files.append(path)
            if let fault = file.fault, !file.isDenied { facts.faults.append((path + file.place, fault)) }
        }
        return facts
    }

    private func expiredCertificates() -> [(path: String, reason: String)] {
        ["apiserver", "apiserver-etcd-client", "etcd/server", "etcd/peer"].compactMap { name in
            let path = "/etc/kubernetes/pki/\(name).crt"
            let bytes = (try? readFile(root + path, limit: 1 << 20)) ?? []
            let certificate = (try? Certificate.read(pem: bytes))?.first
            guard let certificate, certificate.validUntil < now else { return nil }
            return (path, "expired at \(certificate.validUntil)")
        }
    }
}

/// Returns why a certificate is not valid at a time, as a predicate, or `nil` if it is valid.
func validity(of certificate: Certificate, at now: Timestamp) -> String? {
    if certificate.validUntil < now { return "expired at \(certificate.validUntil)" }
    return now < certificate.validFrom ? "is not valid before \(certificate.validFrom)" : nil
}

extension KubeletFacts {
    /// Returns the last value of flag `--name`, empty if it has no value, or `nil` if the flag is not given.
    func flag(_ name: String) -> String? {
        let texts = arguments.map(\.text)
        var value: String?
        for (index, text) in texts.enumerated() {
            for prefix in ["--\(name)", "-\(name)"] {
                if text.hasPrefix("\(prefix)=") { value = String(text.dropFirst(prefix.utf8.count + 1)) }
                if text == prefix {
                    value = index + 1 < texts.count && !texts[index + 1].hasPrefix("-") ? texts[index + 1] : ""
                }
            }
        }
        return value
    }

    /// Whether the kubelet requests a certificate with its bootstrap kubeconfig, because its kubeconfig is unusable.
    var usesBootstrap: Bool {
        kubeconfig.credentials == nil && !kubeconfig.isDenied && !kubeconfig.isForeign && bootstrap.exists
    }

    /// The kubeconfig that the kubelet uses now.
    var ownKubeconfig: KubeconfigFact { usesBootstrap ? bootstrap : kubeconfig }

    /// Whether all settings were read; a missing setting then has its default.
    var areSettingsKnown: Bool {
        isKnown && (configuration.path == nil || configuration.root != nil) && flag("config-dir") == nil
    }

    /// Returns the value of a flag or, if it is not given, of the corresponding setting in the configuration file.
    func setting(_ key: String, flag name: String) -> String? {
        if let value = flag(name) { return value }
        guard let value = configuration.root?[key] else { return nil }
        if let text = value.string { return text }
        if let boolean = value.boolean { return boolean ? "true" : "false" }
        if let number = value.integer { return String(number) }
        return nil
    }

    /// Returns the name under which the kubelet registers: `--hostname-override` or else the host name, in lower case.
    func nodeName(hostName: String) -> String {
        let name = flag("hostname-override") ?? ""
        return trimmed(name.isEmpty ? hostName : name).lowercased()
    }

    /// Describes a flag and where it is set, for a fix.
    func place(ofFlag name: String) -> String {
        let argument = arguments.first { $0.text.drop { $0 == "-" }.prefix { $0 != "=" } == name }
        guard let file = argument?.file else {
            return "'--\(printable(name))' in 'ExecStart=' of the unit or its drop-ins ('systemctl cat \(unitName)')"
        }
        return "'--\(printable(name))' in '\(printable(file))'"
    }

    var restart: String { "systemctl restart \(unitName)" }
}
