import Glibc
import TestSupport
import Testing

extension IndependentBootedTests {
    /// The worker of `examples/bare-debian`, on a Debian without a container runtime and a kubelet.
    ///
    /// The example fetches what a node is installed from; here it is in the cache, because the machine has no network but a
    /// relay to the API server. Variables have the digests of what this machine has in the place of the projects' archives.
    @Suite(.temporaryDirectory, .serialized) struct BareDebianTests {
        private static let example = "\(TestCluster.sourceRoot)/examples/bare-debian/bootstrap.yaml"
        private static let configuration = "/etc/nest-bootstrap"
        /// The files of the node, which get there when the machine has been looked at.
        private static let prepared = "/root/configuration"
        private static let node = "worker-01"
        /// The units that have failed, of those that the example is about.
        private static let failures =
            "systemctl list-units --failed --plain --no-legend 'k8s-bootstrap*' containerd.service kubelet.service"
        /// The tasks that load modules and set values of the kernel in every run.
        private static let repeated = ["modules", "kernel-settings"]
        private static let image = "nest-bootstrap.test/pause:1"
        private static let token = (id: "abcdef", secret: "0123456789abcdef")

        /// The token, and the rights of its group, as kubeadm gives them.
        private static let access = """
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: bootstrap-token-\(token.id), namespace: kube-system}
            type: bootstrap.kubernetes.io/token
            stringData:
              token-id: \(token.id)
              token-secret: "\(token.secret)"
              usage-bootstrap-authentication: "true"
              auth-extra-groups: system:bootstrappers:worker

            """
            + [
                ("bootstrap", "system:node-bootstrapper", "system:bootstrappers:worker"),
                ("approve", "\(certificates):nodeclient", "system:bootstrappers:worker"),
                ("renew", "\(certificates):selfnodeclient", "system:nodes"),
            ].map { name, role, group in
                """
                ---
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRoleBinding
                metadata: {name: test-\(name)}
                roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "\(role)"}
                subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "\(group)"}]

                """
            }.joined()
        private static let certificates = "system:certificates.k8s.io:certificatesigningrequests"

        /// A kubelet and a containerd that run in a container, and have no groups of processes to make.
        private static let adaptations = [
            "/etc/kubernetes/kubelet.conf.d/90-test.conf": TestMachine.kubeletConfiguration,
            "/etc/containerd/conf.d/90-test.toml": """
            version = 2
            [plugins."io.containerd.grpc.v1.cri"]
            restrict_oom_score_adj = true
            [plugins."io.containerd.grpc.v1.cri".cni]
            bin_dir = "/opt/cni/bin"
            conf_dir = "/etc/cni/net.d"
            [plugins."io.containerd.grpc.v1.cri".containerd]
            snapshotter = "native"

            """,
            // The kubelet finds its values in the place of the kernel's, which are those of this machine.
            "/etc/kernel-values/1": "1\n",
            "/etc/kernel-values/10": "10\n",
            "/etc/systemd/system/kubelet.service.d/test.conf": """
            [Service]
            ExecStartPre=mount --bind /etc/kernel-values/1 /proc/sys/vm/overcommit_memory
            ExecStartPre=mount --bind /etc/kernel-values/1 /proc/sys/kernel/panic_on_oops
            ExecStartPre=mount --bind /etc/kernel-values/10 /proc/sys/kernel/panic

            """,
            // A container may not load modules.
            "/etc/systemd/system/systemd-modules-load.service.d/test.conf": """
            [Unit]
            ConditionCapability=
            [Service]
            ExecStart=
            ExecStart=true

            """,
            "/etc/systemd/network/10-host0.network": """
            [Match]
            Name=host0
            [Network]
            Address=192.168.1.201/24
            Gateway=192.168.1.1

            """,
        ]

        @Test func `a bare Debian 12 becomes a ready node, stays as it is, and is reset`() async throws {
            let archives = TemporaryDirectory.file("archives")
            let made = try await Tool.run("\(TestMachine.scripts)/archives", [archives])
            try #require(made.status == 0, "\(made.errors)")
            try await TestCluster.withFresh(options: ["--", "--enable-bootstrap-token-auth"]) { cluster in
                let given = try await cluster.kubectl("apply", "-f", "-", input: Self.access)
                try #require(given.status == 0, "\(given.errors)")
                try await MachineNetwork.withFresh { network in
                    try await TestMachine.withFresh(Self.node) { machine in
                        try await prepare(machine, cluster, made.outputLines)
                        let before = try await boot(machine, at: network, cluster) {
                            let before = try await Self.state(of: machine)
                            try await becomeReady(machine, cluster)
                            try await repeatTasks(machine)
                            return before
                        }
                        try await machine.halt()
                        try await boot(machine, at: network, cluster) {
                            try await isReadyAfterReboot(machine)
                            try await reset(machine, to: before)
                        }
                    }
                }
            }
        }

        /// Puts onto the disk what the guide says is there before the first boot.
        private func prepare(_ machine: TestMachine, _ cluster: TestCluster, _ digests: [String]) async throws {
            let archives = TemporaryDirectory.file("archives")
            var variables = "cluster: {servers: \"\(cluster.server)\"}\nvariables:\n"
            for line in digests {
                let words = line.split(separator: " ").map(String.init)
                try #require(words.count == 2, "\(line)")
                let copy = machine.disk("/var/lib/nest-bootstrap/cache/\(words[1])")
                try Files.write(Files.read("\(archives)/\(words[0])"), to: copy, mode: 0o644)
                variables +=
                    "  \(words[0])URL: https://archives.invalid/\(words[0])\n  \(words[0])Digest: \(words[1])\n"
            }
            // The machine has no crictl.
            try machine.write(
                variables + "  pauseImage: \(Self.image)\ntasks: {crictl: {enable: false}, images: {enable: true}}\n",
                to: "\(Self.prepared)/bootstrap.d/50-test.yaml",
            )
            for (path, text) in Self.adaptations { try machine.write(text, to: path) }
            try Files.write(
                Files.read(cluster.credentials + "/k8s-ca.crt"),
                to: machine.disk("\(Self.prepared)/ca.crt"),
                mode: 0o644,
            )
            let archive = machine.disk("\(Self.prepared)/images/pause.tar")
            try Files.makeDirectories(machine.disk("\(Self.prepared)/images"))
            let content = TemporaryDirectory.file("image")
            try Files.makeDirectories(content)
            let makeImage = "\(TestCluster.sourceRoot)/Tests/cluster/make-image"
            let image = try await Tool.run(makeImage, [archive, content, Self.image])
            try #require(image.status == 0, "\(image.errors)")
            let wanted = machine.disk("/etc/systemd/system/multi-user.target.wants")
            try Files.makeDirectories(wanted)
            let unit = "systemd-networkd.service"
            try Files.makeSymbolicLink(at: "\(wanted)/\(unit)", to: "/lib/systemd/system/\(unit)")
            let token = Array("\(Self.token.id).\(Self.token.secret)\n".utf8)
            let path = machine.disk("\(Self.prepared)/secrets/bootstrap-token")
            try Files.write(token, to: path, mode: 0o600)
        }

        /// Boots the machine, and connects it to the API server while the body runs.
        private func boot<Value>(
            _ machine: TestMachine,
            at network: MachineNetwork,
            _ cluster: TestCluster,
            _ body: () async throws -> Value,
        ) async throws -> Value {
            // The kubelet reads the kernel's log.
            try await machine.boot(at: network, "--bind-ro=/dev/null:/dev/kmsg")
            let port = try #require(cluster.server.split(separator: ":").last.map(String.init))
            let relay = try Tool("\(TestMachine.scripts)/relay", [machine.directory, port])
            let result: Result<Value, any Error>
            do {
                result = .success(try await body())
            } catch {
                result = .failure(error)
            }
            relay.signal(SIGTERM)
            _ = await relay.result()
            return try result.get()
        }

        /// Files of the machine where tasks and services write.
        private static func state(of machine: TestMachine) async throws -> Set<String> {
            try await machine.must("systemctl is-system-running --wait || true")
            let others =
                "-not -path '/var/lib/systemd/*' -not -path '/var/lib/nest-bootstrap*' -not -path '\(configuration)/*'"
            let files = "find /etc /opt /usr/local /var/lib \(others) -printf '%p %y %m %l\\n'"
            return Set(try await machine.must(files).split(separator: "\n").map(String.init))
        }

        /// Starts the tasks as after an edit.
        private func becomeReady(_ machine: TestMachine, _ cluster: TestCluster) async throws {
            try await machine.place(Files.text(Self.example), at: "\(Self.prepared)/bootstrap.yaml")
            try await machine.must("cp -r \(Self.prepared)/. \(Self.configuration)")
            let check = try await machine.run("nest-bootstrap", "check")
            #expect(check.status == 0, "\(check)")
            let result = try await machine.run("nest-bootstrap", "up")
            let log = try await machine.output("journalctl --sync; journalctl -b -o cat -n 40 -u containerd -u kubelet")
            try #require(result.status == 0, "\(result)\n\(log)")
            let list = ["get", "nodes", "-o", "wide", "--no-headers"]
            let isReady = try await TestSupport.becomes {
                try await cluster.kubectl(list).output.contains(/^worker-01\s+Ready\s/)
            }
            #expect(isReady, "\(log)")
            #expect(try await machine.becomes(Self.failures) { $0.isEmpty })
            let warnings = "journalctl --sync; journalctl -b -q -o cat -p warning -u 'k8s-bootstrap*'"
            // Debian's containerd is older than pins of images.
            let warned = try await machine.output(warnings).split(separator: "\n").filter { !$0.contains("pin") }
            #expect(warned.isEmpty, "\(warned)")
            let images = try await machine.output("ctr --namespace k8s.io images list --quiet")
            #expect(images.split(separator: "\n").contains(Self.image[...]), "\(images)")
        }

        /// A second run of all tasks changes nothing, and restarts nothing.
        private func repeatTasks(_ machine: TestMachine) async throws {
            let processes = "systemctl show -p MainPID containerd kubelet"
            let before = try await machine.output(processes)
            let again = try await machine.run("nest-bootstrap", "up")
            #expect(again.output.hasSuffix("nothing has changed since the last success\n"))
            try await machine.must(TestMachine.restartAllTasks)
            var records = try await machine.records()
            for task in Self.repeated { #expect(records.removeValue(forKey: task) == "changed", "\(task)") }
            #expect(Set(records.values) == ["unchanged"], "\(records)")
            #expect(try await machine.output(processes) == before)
        }

        /// Both services are started at the boot, and the tasks find everything as it is to be.
        private func isReadyAfterReboot(_ machine: TestMachine) async throws {
            #expect(try await machine.becomes("systemctl is-active k8s-bootstrap.target") { $0 == "active\n" })
            var records = try await machine.records()
            #expect(records["joined"] == "unchanged")
            // A task may start its service before systemd does.
            for service in ["containerd", "kubelet"] + Self.repeated { records[service] = nil }
            #expect(Set(records.values) == ["unchanged"], "\(records)")
            #expect(try await machine.becomes(Self.failures) { $0.isEmpty })
        }

        private func reset(_ machine: TestMachine, to before: Set<String>) async throws {
            let result = try await machine.run("nest-bootstrap", "reset", "--yes")
            #expect(result.status == 0, "\(result)")
            #expect(try await machine.output("ls -l /proc/[0-9]*/exe | grep -E 'containerd|kubelet'") == "")
            let units = "systemctl list-units --plain --no-legend 'k8s-bootstrap*' containerd.service kubelet.service"
            #expect(try await machine.output("\(units) --state=active,activating,failed") == "")
            try await machine.must("rm -r \(Self.configuration)/bootstrap.*")
            #expect(try await Self.state(of: machine).symmetricDifference(before) == [])
            #expect(try await machine.output("nest-bootstrap reset --yes") == "nothing to reset\n")
        }
    }
}
