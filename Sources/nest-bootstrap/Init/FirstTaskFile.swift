import Base
import Planning
import YAML

/// The text of a first task file.
struct FirstTaskFile {
    let survey: MachineSurvey

    /// The role of the machine, or several roles separated by commas; `nil` for the detected role.
    let role: String?

    /// The paths of the schema and the documents.
    let installation: Installation

    /// The complete text of the file.
    var text: String {
        ([heading] + [cluster, nodes, tasks]).map { $0.map { $0 + "\n" }.joined() }.joined(separator: "\n")
    }

    private var roles: [String] {
        role?.split(separator: ",").map(String.init) ?? [survey.isControlPlane ? "control-plane" : "worker"]
    }

    private var roleName: String { roles.first ?? "" }

    private var nodeRoles: String {
        roles.count > 1 ? "roles: [\(roles.map(yamlScalar).joined(separator: ", "))]" : "role: \(yamlScalar(roleName))"
    }

    private var heading: [String] {
        var lines = [
            "yaml-language-server: $schema=\(installation.schema)", "",
            "The task file of node \(printable(survey.hostName)), as 'nest-bootstrap init' has begun it.",
            "'nest-bootstrap explain' describes every key. After a change:",
            "    nest-bootstrap up", "",
            "Found on this machine:", "* \(distribution)",
        ]
        lines += survey.kubeconfigs.map { "* kubeconfig \(printable($0))" }
        if let credentials = survey.adminCredentials {
            lines.append("* the administrator's certificate \(printable(credentials.certificate))")
        }
        if survey.isNixOS { lines.append("* NixOS, where tasks can be options of the system: see docs/nixos.md") }
        return lines.map { $0.isEmpty ? "#" : "# \($0)" }
    }

    private var distribution: String {
        let kind = survey.isControlPlane ? "a control plane" : "a worker"
        switch survey.distribution {
        case .kubeadm: return "\(kind) of kubeadm"
        case .k3s: return survey.isControlPlane ? "a server of k3s" : "an agent of k3s"
        case .credentials: return "credentials of \(kind), and no Kubernetes yet"
        case .none: return "no Kubernetes, and no credentials for it"
        }
    }

    private var cluster: [String] {
        var lines = ["cluster:"]
        if let authority = survey.authority {
            lines += [
                "  # The CA of the API server's certificate.", "  certificateAuthority: \(yamlScalar(authority))",
            ]
        }
        lines.append("  # The API server, as the nodes of each role reach it.")
        if let server {
            lines += ["  servers:", "    \(yamlScalar(roleName)): \(yamlScalar(server))"]
        } else {
            lines.append("  # servers: {control-plane: \"https://127.0.0.1:6443\", worker: \"https://HOST:6443\"}")
        }
        lines.append("  # How ${node.address} is chosen; 'nest-bootstrap check' says which it is, and why.")
        if let chosen = survey.address?.chosen, let address = chosen.address {
            lines += ["  # Now it is \(address).", "  nodeAddress: {interfaces: [\(yamlScalar(chosen.interface))]}"]
        } else {
            lines.append("  nodeAddress: {}")
        }
        return lines
    }

    /// The API server named in a kubeconfig, or the local API server if the machine has administrator credentials.
    private var server: String? {
        survey.server ?? (survey.adminCredentials == nil ? nil : "https://127.0.0.1:6443")
    }

    private var nodes: [String] {
        [
            "# The role of every node, so that all nodes can have the same file.", "nodes:",
            "  \(yamlScalar(survey.hostName)): {\(nodeRoles)}",
        ]
    }

    private var tasks: [String] {
        var lines = ["tasks:"]
        let kubeconfig = survey.adminKubeconfig ?? "/etc/kubernetes/cluster-admin.kubeconfig"
        if survey.adminKubeconfig != nil {
            lines += [
                "  api:", "    description: Wait for the API server", "    roles: [\(yamlScalar(roleName))]",
                "    wait: {apiServer: \(yamlScalar(kubeconfig))}",
            ]
        } else if let credentials = survey.adminCredentials {
            lines += [
                "  api:", "    description: Write the administrator's kubeconfig",
                "    roles: [\(yamlScalar(roleName))]",
                "    kubeconfig:", "      path: \(yamlScalar(kubeconfig))", "      user: kubernetes-admin",
                "      certificate: \(yamlScalar(credentials.certificate))",
                "      key: \(yamlScalar(credentials.key))",
            ]
        } else if survey.distribution == .kubeadm || survey.distribution == .k3s {
            let unit = survey.distribution == .kubeadm ? "kubelet.service" : "k3s-agent.service"
            lines += ["  node:", "    description: Wait for the node", "    wait: {unit: \(unit)}"]
        }
        lines += [
            "", "  # Examples; to use one, remove the '#' in front of its lines, but not in front of its description.",
        ]
        return lines + addressExample + (lines.contains("  api:") ? manifestExample(kubeconfig: kubeconfig) : [])
    }

    /// An example task that writes the node's address to a file for the kubelet or k3s.
    private var addressExample: [String] {
        if survey.distribution == .k3s {
            let unit = survey.isControlPlane ? "k3s.service" : "k3s-agent.service"
            return [
                "", "  # Gives k3s its address. In a drop-in of \(unit): After=k8s-bootstrap-node-ip.service.",
                "  #node-ip:", "  #  wantedBy: [\(unit)]",
                "  #  file: {path: /etc/rancher/k3s/config.yaml.d/node-ip.yaml, "
                    + "content: \"node-ip: ${node.address}\\n\"}",
            ]
        }
        return [
            "", "  # Gives the kubelet its address. In the kubelet's unit: EnvironmentFile=/etc/kubernetes/kubelet.env",
            "  # and After=k8s-bootstrap-kubelet-address.service.",
            "  #kubelet-address:", "  #  wantedBy: [kubelet.service]",
            "  #  file: {path: /etc/kubernetes/kubelet.env, content: \"NODE_IP=${node.address}\\n\"}",
        ]
    }

    /// Returns an example task that applies a manifest, with a reference to its guide.
    private func manifestExample(kubeconfig: String) -> [String] {
        let guide =
            switch survey.distribution {
            case .k3s: "migration/from-k3s-manifests.md"
            case .kubeadm: "migration/from-kubeadm-addons.md"
            case .credentials, .none: "task-file.md"
            }
        return [
            "", "  # Applies a manifest once the task above has succeeded. See, in package nest-bootstrap-examples,",
            "  # \(installation.documents)/\(guide).", "  #manifests:",
            "  #  roles: [\(yamlScalar(roleName))]", "  #  after: [api]",
            "  #  apply: {kubeconfig: \(yamlScalar(kubeconfig)), manifests: [/etc/nest-bootstrap/monitoring.yaml]}",
        ]
    }
}

/// Formats a YAML scalar, in quotes unless it is a plain word, path or URL.
func yamlScalar(_ text: String) -> String {
    let isPlain =
        text.utf8.first.map { $0.isASCIILetter || $0 == UInt8(ascii: "/") } == true
        && text.utf8.allSatisfy { $0.isASCIILetter || (48...57).contains($0) || "/.-_:".utf8.contains($0) }
        && !text.hasSuffix(":")
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
    return isPlain ? text : String(decoding: Node.string(text).json(), as: UTF8.self)
}

extension UInt8 {
    fileprivate var isASCIILetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
}
