import Actions
import Base
import Host
import Kubernetes
import Planning

/// The facts about a machine on which a first task file is based.
struct MachineSurvey {
    /// The tool that set up Kubernetes on the machine.
    enum Distribution {
        /// `kubeadm init` or `kubeadm join`.
        case kubeadm
        /// A server or an agent of k3s.
        case k3s
        /// None of these: the machine has credentials, for example decrypted by agenix, but no files of Kubernetes.
        case credentials
        /// Neither Kubernetes nor credentials.
        case none
    }

    /// A client certificate with its key.
    struct Credentials {
        let certificate: String
        let key: String
    }

    let hostName: String

    let distribution: Distribution

    /// Whether the API server runs on the machine.
    let isControlPlane: Bool

    /// Whether the machine runs NixOS.
    let isNixOS: Bool

    /// The administrator's kubeconfig, if there is one.
    let adminKubeconfig: String?

    /// The URL of the API server in a kubeconfig.
    let server: String?

    /// The CA of the API server's certificate.
    let authority: String?

    /// The administrator's certificate, if there is one.
    let adminCredentials: Credentials?

    /// All kubeconfigs that were found.
    let kubeconfigs: [String]

    /// The address that the default rule chooses, or `nil` for another machine, which a root or another host name means.
    let address: AddressChoice?

    private static let directories = ["/run/agenix", "/etc/kubernetes/pki"]

    /// Surveys a machine.
    ///
    /// - Parameters:
    ///   - root: The root directory of the machine's files, or `nil` for this machine.
    ///   - hostName: The host name to use instead of the name of the machine.
    /// - Throws: ``Base/SystemError`` if the root cannot be listed.
    init(root: String?, hostName: String?) throws(SystemError) {
        let files = try Files(root: root)
        self.hostName = hostName ?? root.flatMap { _ in files.hostName } ?? Machine.hostName()
        let kubeadm = files.has("/etc/kubernetes/manifests/kube-apiserver.yaml")
        let k3s = files.has("/etc/rancher/k3s/k3s.yaml")
        let authorities = Self.directories.flatMap { files.list($0, suffix: "ca.crt") }
        // The certificate directory of kubeadm also contains other CAs.
        let authority = authorities.first { !$0.contains("front-proxy") && !$0.contains("etcd") }
        let certificates = Self.directories.flatMap { files.list($0, suffix: "admin.crt") }
        let pairs = certificates.map { (certificate: $0, key: "\($0.dropLast(".crt".count)).key") }
        let pair = pairs.first { files.has($0.key) }
        adminCredentials = authority == nil ? nil : pair.map { Credentials(certificate: $0.certificate, key: $0.key) }
        if kubeadm || files.has("/etc/kubernetes/kubelet.conf") {
            distribution = .kubeadm
        } else if k3s || files.has("/var/lib/rancher/k3s/agent/kubelet.kubeconfig") {
            distribution = .k3s
        } else {
            distribution = authority == nil ? .none : .credentials
        }
        isControlPlane = kubeadm || k3s || adminCredentials != nil
        isNixOS = files.has("/etc/NIXOS")
        let admin = ["/etc/kubernetes/admin.conf", "/etc/rancher/k3s/k3s.yaml"].first(where: files.has)
        adminKubeconfig = admin
        kubeconfigs =
            files.list("/etc/kubernetes", suffix: ".conf") + files.list("/etc/kubernetes", suffix: ".kubeconfig")
            + ["/etc/rancher/k3s/k3s.yaml", "/root/.kube/config"].filter(files.has)
        let node = ["/etc/kubernetes/kubelet.conf", "/var/lib/rancher/k3s/agent/kubelet.kubeconfig"].first(
            where: files.has
        )
        server = (admin ?? node).flatMap(files.server)
        self.authority = authority
        let isThisMachine = root == nil && self.hostName == Machine.hostName()
        address = isThisMachine ? (try? NetworkInterface.all()).map { AddressRule().choose(among: $0) } : nil
    }
}

/// The files of a machine; unreadable files count as missing.
private struct Files {
    private let files: NodeFiles

    /// Opens the files below a root, or the files of this machine if the root is `nil`.
    init(root: String?) throws(SystemError) {
        if let root { _ = try FileSystem.list(root) }
        files = NodeFiles(root: root.map(FileSystem.existingRealPath), isDryRun: false)
    }

    /// Returns the location of a path of the surveyed machine; links are resolved within the root.
    private func place(of path: String) -> String? { try? files.location(ofTarget: path) }

    func has(_ path: String) -> Bool { place(of: path).flatMap { try? FileSystem.exists($0) } == true }

    /// Returns the files in a directory with the given name suffix, as paths on the surveyed machine.
    func list(_ directory: String, suffix: String) -> [String] {
        let names = place(of: directory).flatMap { try? FileSystem.list($0, limit: 1000) } ?? []
        return names.filter { $0.hasSuffix(suffix) && !$0.hasPrefix(".") }.map { "\(directory)/\($0)" }
    }

    private func read(_ path: String, limit: Int) -> [UInt8]? {
        place(of: path).flatMap { try? FileSystem.read($0, limit: limit) }
    }

    var hostName: String? {
        let name = String(decoding: read("/etc/hostname", limit: 1 << 10) ?? [], as: UTF8.self)
            .split(whereSeparator: \.isWhitespace).first
        return name.map(String.init)
    }

    /// Returns the URL of the API server in a kubeconfig.
    func server(_ kubeconfig: String) -> String? {
        read(kubeconfig, limit: 1 << 20).flatMap { try? Kubeconfig($0, path: kubeconfig).server }
    }
}
