import TestSupport
import Testing

/// The machines of `examples/ha-control-plane`, with what its README says is on a node, on a network of their own.
///
/// What differs from the example: the name of the interface, and settings without which no kubelet runs in a container.
struct ControlPlanes: Sendable {
    /// The control planes, in the order of the example.
    let servers: [Member]
    let worker: Member
    let virtualAddress: String

    private let network: MachineNetwork
    private let options: [String]

    /// A machine, and what the task file says of it.
    struct Member: Sendable {
        let name: String
        let address: String
        let isControlPlane: Bool
        let machine: TestMachine
    }

    private static let example = "\(TestCluster.sourceRoot)/examples/ha-control-plane"

    /// Lends four machines that are off: the control planes and a worker.
    static func withFresh(_ body: (ControlPlanes) async throws -> Void) async throws {
        let file = try #require(try await Files.text("\(example)/bootstrap.yaml").yamlDocuments().first)
        let nodes = (file["nodes"]?.entries ?? []).filter { $0.key != "worker-02" }
        let virtualAddress = try #require(file["cluster"]?["vip"]?.string)
        try await issueCertificates(to: nodes.map(\.key) + ["worker-02"])
        let (kubelet, kubectl) = try await programs()
        try await MachineNetwork.withFresh { network in
            try await withMachines(nodes.map(\.key)[...], []) { machines in
                var members: [Member] = []
                for (node, machine) in zip(nodes, machines) {
                    let address = try #require(node.value["address"]?.string)
                    let isServer = node.value["role"]?.string == "control-plane"
                    let member = Member(name: node.key, address: address, isControlPlane: isServer, machine: machine)
                    try await member.install()
                    members.append(member)
                }
                let planes = ControlPlanes(
                    servers: members.filter(\.isControlPlane),
                    worker: try #require(members.first { !$0.isControlPlane }),
                    virtualAddress: virtualAddress,
                    network: network,
                    options: [
                        "--bind-ro=\(kubelet.dropLast("/kubelet".count)):/usr/local/bin",
                        "--bind-ro=\(kubectl):/usr/bin/kubectl", "--bind-ro=/dev/null:/dev/kmsg",
                    ],
                )
                try await body(planes)
            }
        }
    }

    /// The paths of kubelet, beside which are the other programs of Kubernetes, and of kubectl.
    private static func programs() async throws -> (kubelet: String, kubectl: String) {
        let library = ". '\(TestCluster.sourceRoot)/Tests/cluster/lib.sh'"
        let find = "\(library); binary kubelet; realpath \"$(kubectl_path)\""
        let paths = try await Tool.run("bash", ["-c", find]).outputLines
        try #require(paths.count == 2, "\(paths)")
        return (paths[0], paths[1])
    }

    private static func withMachines(
        _ names: ArraySlice<String>,
        _ machines: [TestMachine],
        _ body: ([TestMachine]) async throws -> Void,
    ) async throws {
        guard let name = names.first else { return try await body(machines) }
        try await TestMachine.withFresh(name, variant: "cluster") { machine in
            try await withMachines(names.dropFirst(), machines + [machine], body)
        }
    }

    /// Does what the operator does on a machine of theirs: in the directory of the test, with the task file of the example.
    private static func issueCertificates(to hosts: [String]) async throws {
        try Files.makeDirectories(TemporaryDirectory.file("keys"), mode: 0o700)
        for host in hosts + ["operator"] {
            let key = TemporaryDirectory.file("keys/\(host)")
            let made = try await Tool.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", host, "-f", key])
            try #require(made.status == 0, "\(made.errors)")
            let published = TemporaryDirectory.file("ssh-host-keys/\(host)/ssh_host_ed25519_key.pub")
            if host != "operator" { try Files.write(Files.read("\(key).pub"), to: published, mode: 0o644) }
        }
        let operatorKey = String(
            decoding: try Files.read(TemporaryDirectory.file("keys/operator.pub")),
            as: UTF8.self
        )
        let recipients = "certificates: {recipients: [\"\(operatorKey.filter { $0 != "\n" })\"]}\n"
        let config = TemporaryDirectory.file("bootstrap.yaml")
        try Files.write(Files.read("\(example)/bootstrap.yaml"), to: config, mode: 0o644)
        let dropIn = TemporaryDirectory.file("bootstrap.d/50-test.yaml")
        try Files.write(Array(recipients.utf8), to: dropIn, mode: 0o644)
        let made = try await Tool.run(TestNode.program, ["certificates", "renew", "--config", config])
        try #require(made.status == 0, "\(made.errors)")
    }

    /// Boots machines at the same time.
    func boot(_ members: [Member]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for member in members {
                group.addTask {
                    try await member.machine.boot(at: network, options[0], options[1], options[2])
                }
            }
            try await group.waitForAll()
        }
    }

    /// The machines, of those that are on, that have the virtual IP address.
    func holders(of members: [Member]) async throws -> [String] {
        var names: [String] = []
        for member in members {
            let addresses = try await member.machine.output("ip -4 -o address show dev host0")
            if addresses.contains(" \(virtualAddress)/") { names.append(member.name) }
        }
        return names
    }
}

extension TestMachine {
    /// The configuration of a kubelet that runs in a container, and has no groups of processes to make.
    static let kubeletConfiguration = """
        apiVersion: kubelet.config.k8s.io/v1beta1
        kind: KubeletConfiguration
        failCgroupV1: false
        cgroupDriver: cgroupfs
        cgroupsPerQOS: false
        enforceNodeAllocatable: []

        """
}

extension ControlPlanes.Member {
    private static let directory = "\(TestCluster.sourceRoot)/examples/ha-control-plane"

    /// Puts onto the disk what is there before the first boot, on a worker the kubelet too.
    func install() async throws {
        let configuration = "/etc/nest-bootstrap"
        try copy("bootstrap.yaml", to: "\(configuration)/bootstrap.yaml")
        let set = try await Tool.run("cp", ["-r", TemporaryDirectory.file("secrets"), machine.disk(configuration)])
        try #require(set.status == 0, "\(set.errors)")
        let key = try Files.read(TemporaryDirectory.file("keys/\(name)"))
        try Files.write(key, to: machine.disk("/etc/ssh/ssh_host_ed25519_key"), mode: 0o600)
        try change("variables: {interface: host0}\n")

        let servers = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"]
        for service in isControlPlane ? servers : ["kubelet"] {
            try copy("\(service).service", to: "/etc/systemd/system/\(service).service")
            try enable("\(service).service", of: "multi-user.target", in: "/etc/systemd/system")
        }
        for service in ["etcd", "keepalived"] {
            if isControlPlane {
                try copy("\(service).service.conf", to: "/etc/systemd/system/\(service).service.d/nest-bootstrap.conf")
            } else {
                let path = machine.disk("/etc/systemd/system/\(service).service")
                try Files.makeSymbolicLink(at: path, to: "/dev/null")
            }
        }
        try installNetwork()
        if !isControlPlane { try adaptKubelet() }
    }

    /// Writes the drop-in of the task file.
    func change(_ text: String) throws { try machine.write(text, to: "/etc/nest-bootstrap/bootstrap.d/50-test.yaml") }

    private func copy(_ file: String, to path: String) throws {
        try Files.write(Files.read("\(Self.directory)/\(file)"), to: machine.disk(path), mode: 0o644)
    }

    private func enable(_ unit: String, of target: String, in directory: String) throws {
        let link = machine.disk("/etc/systemd/system/\(target).wants/\(unit)")
        try Files.makeDirectories(machine.disk("/etc/systemd/system/\(target).wants"))
        try Files.makeSymbolicLink(at: link, to: "\(directory)/\(unit)")
    }

    private func installNetwork() throws {
        let network = "[Match]\nName=host0\n[Network]\nAddress=\(address)/24\n"
        try machine.write(network, to: "/etc/systemd/network/10-host0.network")
        let units = "/lib/systemd/system"
        try enable("systemd-networkd.service", of: "multi-user.target", in: units)
        try enable("systemd-networkd-wait-online.service", of: "network-online.target", in: units)
    }

    /// A kubelet that may neither set the machine's kernel parameters nor make its groups of processes.
    private func adaptKubelet() throws {
        let directory = "/etc/kubernetes/test"
        try machine.write(TestMachine.kubeletConfiguration, to: "\(directory)/50-test.conf")
        try machine.write("1\n", to: "\(directory)/1")
        try machine.write("10\n", to: "\(directory)/10")
        let service = """
            [Service]
            BindReadOnlyPaths=\(directory)/1:/proc/sys/vm/overcommit_memory
            BindReadOnlyPaths=\(directory)/1:/proc/sys/kernel/panic_on_oops \(directory)/10:/proc/sys/kernel/panic
            ExecStart=
            ExecStart=/usr/local/bin/kubelet $FLAGS --config-dir=\(directory)

            """
        try machine.write(service, to: "/etc/systemd/system/kubelet.service.d/test.conf")
    }
}
