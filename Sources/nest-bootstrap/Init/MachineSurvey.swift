import Actions
import Base
import Host
import Kubernetes
import Planning

/// The facts about a machine from which a task file can begin.
struct MachineSurvey {
    /// Who set up Kubernetes on the machine.
    enum Distribution {
        /// `kubeadm init` or `kubeadm join`.
        case kubeadm
        /// A server or an agent of k3s.
        case k3s
        /// Credentials that are there before any other file, decrypted by agenix for example.
        case credentials
        /// No one yet.
        case none
    }

    /// A client certificate with its key.
    struct Credentials {
        let certificate: String
        let key: String
    }

    let hostName: String

    /// Who set up Kubernetes.
    let distribution: Distribution

    /// Whether the API server runs on the machine.
    let isControlPlane: Bool

    /// Whether the machine runs NixOS.
    let isNixOS: Bool

    /// The administrator's kubeconfig, if there is one.
    let adminKubeconfig: String?

    /// The API server's URL of a kubeconfig.
    let server: String?

    /// The CA of the API server's certificate.
    let authority: String?

    /// The administrator's certificate, if there is one.
    let adminCredentials: Credentials?

    /// All kubeconfigs that were found.
    let kubeconfigs: [String]

    /// The address that the default rule chooses, `nil` for another machine.
    let address: AddressChoice?

    private static let directories = ["/run/agenix", "/etc/kubernetes/pki"]

    /// Looks at a machine.
    ///
    /// - Parameters:
    ///   - root: Where its files are, `nil` for this machine.
    ///   - hostName: The host name, if it is not the one that the machine has.
    /// - Throws: ``Base/SystemError`` if there is no such directory.
    init(root: String?, hostName: String?) throws(SystemError) {
        let files = try Files(root: root)
        self.hostName = hostName ?? root.flatMap { _ in files.hostName } ?? Machine.hostName()
        let kubeadm = files.has("/etc/kubernetes/manifests/kube-apiserver.yaml")
        let k3s = files.has("/etc/rancher/k3s/k3s.yaml")
        let authorities = Self.directories.flatMap { files.list($0, suffix: "ca.crt") }
        // kubeadm's directory of certificates has other CAs in it as well.
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
        address = root == nil ? (try? NetworkInterface.all()).map { AddressRule().choose(among: $0) } : nil
    }
}

/// The files of a machine; what cannot be read is not there.
private struct Files {
    private let files: NodeFiles

    /// Opens the files below a root, `nil` for this machine.
    init(root: String?) throws(SystemError) {
        if let root { _ = try FileSystem.list(root) }
        files = NodeFiles(root: root.map(FileSystem.existingRealPath), isDryRun: false)
    }

    /// Where a path of the machine is: links of the root lead to paths in it.
    private func place(of path: String) -> String? { try? files.location(ofTarget: path) }

    func has(_ path: String) -> Bool { place(of: path).flatMap { try? FileSystem.exists($0) } == true }

    /// The files of a directory whose names have an end, as paths of the machine.
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

    /// The API server of a kubeconfig.
    func server(_ kubeconfig: String) -> String? {
        read(kubeconfig, limit: 1 << 20).flatMap { try? Kubeconfig($0, path: kubeconfig).server }
    }
}
