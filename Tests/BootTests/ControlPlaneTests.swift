import TestSupport
import Testing

extension IndependentBootedTests {
    /// Three control planes and a worker, as `examples/ha-control-plane` describes them, with etcd and Kubernetes' own
    /// programs.
    @Suite(.temporaryDirectory) struct ControlPlaneTests {
        @Test func `three machines become one cluster, which outlives a power failure of one and of all`() async throws
        {
            try await ControlPlanes.withFresh { planes in
                try await becomeOneCluster(planes)
                try await joinWorker(planes)
                try await losePower(planes)
                try await startOneByOne(planes)
                try await reset(planes.worker)
            }
        }

        /// All at once, from cold, without anything in etcd.
        private func becomeOneCluster(_ planes: ControlPlanes) async throws {
            try await planes.boot(planes.servers)
            for server in planes.servers { try await succeed(server, as: ["changed", "unchanged"]) }
            try await areOneCluster(planes)
            let versions = try await versions(planes.servers[0].machine)
            try await restart(planes.servers)
            #expect(try await self.versions(planes.servers[0].machine) == versions)
            #expect(!versions.isEmpty)
        }

        /// A worker knows the virtual IP address only.
        private func joinWorker(_ planes: ControlPlanes) async throws {
            try await planes.boot([planes.worker])
            try await succeed(planes.worker, as: ["changed", "unchanged"])
            let servers = try await planes.worker.machine.output("grep -h server: /etc/kubernetes/*.kubeconfig")
            let isVirtual = servers.split(separator: "\n").allSatisfy { $0.contains("//\(planes.virtualAddress):6443") }
            #expect(isVirtual && !servers.isEmpty, "\(servers)")
            let list = "kubectl get nodes -o wide --no-headers"
            let hasJoined = try await administrator(planes.servers[0].machine, becomes: list) {
                $0.hasPrefix("\(planes.worker.name) ") && $0.contains(planes.worker.address)
            }
            let journal = try await planes.worker.machine.output(
                "journalctl --sync; journalctl -b -o cat -n 20 -u kubelet"
            )
            try #require(hasJoined, "\(journal)")
        }

        /// The machine with the virtual IP address is off from one moment to the next, and comes back.
        private func losePower(_ planes: ControlPlanes) async throws {
            let name = try #require(try await planes.holders(of: planes.servers).first)
            let holder = try #require(planes.servers.first { $0.name == name })
            let others = planes.servers.filter { $0.name != name }
            let probe = try probe(planes)
            func lastAnswer() -> Int64 { answered(in: probe.outputSoFar()) }
            #expect(try await becomes { lastAnswer() > 0 })
            try await holder.machine.cutPower()
            let cut = secondsSince1970()
            #expect(try await becomes { lastAnswer() > cut + 10 }, "no answer any more")
            probe.signal(15)
            _ = await probe.result()
            #expect(try await becomes { try await planes.holders(of: others).count == 1 })

            try await restart(others)
            try await renewLease(of: planes.worker, at: others[0].machine)

            let successors = try await planes.holders(of: others)
            try await planes.boot([holder])
            try await succeed(holder, as: ["changed", "unchanged"])
            try await areOneCluster(planes)
            #expect(try await planes.holders(of: planes.servers) == successors, "the address went back")
        }

        /// All are off; the last is alone until its deadline has passed, then the second comes.
        private func startOneByOne(_ planes: ControlPlanes) async throws {
            for server in planes.servers { try await server.machine.cutPower() }
            let task = """
                variables: {interface: host0}
                tasks:
                  api-server-ready:
                    {roles: [control-plane], after: [admin-kubeconfig], timeout: 5s, wait: {apiServer: true}}

                """
            for server in planes.servers { try server.change(task) }
            let (last, second) = (planes.servers[2], planes.servers[1])
            try await planes.boot([last])
            #expect(try await last.machine.fails("api-server-ready"))
            #expect(try await planes.holders(of: [last]).isEmpty)
            try await planes.boot([second])
            for server in [second, last] { try await succeed(server, as: ["changed", "unchanged"], hasFailed: true) }
        }
    }
}

extension IndependentBootedTests.ControlPlaneTests {
    /// A machine that has left the cluster has nothing more of it.
    private func reset(_ member: ControlPlanes.Member) async throws {
        let result = try await member.machine.run("nest-bootstrap", "reset", "--yes")
        #expect(result.status == 0, "\(result.errors)")
        let places = "/etc/kubernetes/pki /etc/kubernetes/*.kubeconfig /run/kubernetes /var/lib/cni/net.d"
        let left = try await member.machine.output("find \(places) ! -type d 2>/dev/null")
        #expect(left == "")
        let units = "systemctl list-units --plain --no-legend 'k8s-bootstrap*' kubelet.service"
        #expect(try await member.machine.output("\(units) --state=active,activating,failed") == "")
        #expect(try await member.machine.output("nest-bootstrap reset --yes") == "nothing to reset\n")
    }

    /// Waits until all tasks have succeeded on a machine.
    ///
    /// Unless a task may have failed before, no unit has on this boot.
    private func succeed(
        _ member: ControlPlanes.Member,
        as states: Set<String>,
        hasFailed: Bool = false,
    ) async throws {
        let ask = "systemctl is-active k8s-bootstrap.target"
        let isSettled = try await member.machine.becomes(ask) { $0 == "active\n" }
        let status = try await member.machine.status()
        try #require(isSettled, "\(member.name): \(status)")
        let records = try await member.machine.records()
        #expect(records.count == (member.isControlPlane ? 37 : 14))
        #expect(Set(records.values).isSubset(of: states), "\(member.name): \(records)")
        #expect(try await member.machine.becomes("systemctl --failed --plain --no-legend") { $0.isEmpty })
        guard !hasFailed else { return }
        let read = "journalctl --sync; journalctl -b -q -o cat -u 'k8s-bootstrap*' -g 'Failed with result'"
        let failures = try await member.machine.output(read)
        #expect(failures.isEmpty, "\(member.name): \(failures)")
    }

    /// One etcd with three members, three API servers that are ready, one virtual IP address.
    private func areOneCluster(_ planes: ControlPlanes) async throws {
        for server in planes.servers {
            let members = try await etcdctl(server, "member list").split(separator: "\n")
            #expect(members.count == 3 && members.allSatisfy { $0.contains(", started, ") }, "\(members)")
            let isHealthy = try await becomes {
                try await etcdctl(server, "endpoint health 2>&1 || true").contains(" is healthy")
            }
            #expect(isHealthy, "\(server.name)")
            let isReady = try await administrator(server.machine, becomes: "kubectl get --raw=/readyz") { $0 == "ok" }
            #expect(isReady, "\(server.name)")
        }
        let isServed = try await administrator(
            planes.servers[0].machine,
            becomes: "kubectl get endpointslice kubernetes -o jsonpath='{.endpoints[*].addresses[0]}'",
        ) { Set($0.split(separator: " ").map(String.init)) == Set(planes.servers.map(\.address)) }
        #expect(isServed, "service 'kubernetes' has other addresses")
        #expect(try await becomes { try await planes.holders(of: planes.servers).count == 1 })
    }

    /// Runs all tasks of some control planes again, at the same time; nothing is to be changed.
    private func restart(_ servers: [ControlPlanes.Member]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for server in servers {
                group.addTask { try await server.machine.must(TestMachine.restartAllTasks) }
            }
            try await group.waitForAll()
        }
        for server in servers { try await succeed(server, as: ["unchanged"]) }
    }

    private func etcdctl(_ server: ControlPlanes.Member, _ command: String) async throws -> String {
        let set = "/etc/nest-bootstrap/secrets/certs/derived/\(server.name)"
        return try await server.machine.must(
            """
            etcdctl --cacert /etc/kubernetes/pki/ca.crt --cert \(set)/k8s-etcd-server.crt \
                --key /run/kubernetes/etcd-server.key --endpoints https://127.0.0.1:2379 \(command)
            """
        )
    }

    private static let kubeconfig = "KUBECONFIG=/etc/kubernetes/cluster-admin.kubeconfig"

    private func administrator(_ machine: TestMachine, _ command: String) async throws -> String {
        try await machine.must("\(Self.kubeconfig) \(command)")
    }

    private func administrator(
        _ machine: TestMachine,
        becomes command: String,
        _ isSo: (String) -> Bool,
    ) async throws -> Bool {
        try await machine.becomes("\(Self.kubeconfig) \(command)", isSo)
    }

    /// The versions of all objects of the tasks that no controller writes to, and the generations of the others.
    private func versions(_ machine: TestMachine) async throws -> [Substring] {
        let access = "clusterroles,roles,clusterrolebindings,rolebindings,serviceaccounts"
        let others = "configmaps,services,customresourcedefinitions,ippools"
        let list = "\(Self.kubeconfig) kubectl get -A --no-headers -l app.kubernetes.io/managed-by=nest-bootstrap"
        let columns = "-o custom-columns=K:.kind,N:.metadata.name,G:.metadata.generation"
        let text = try await machine.must(
            """
            \(list) \(access),\(others) \(columns),V:.metadata.resourceVersion
            \(list) daemonsets,deployments \(columns)
            """
        )
        return text.split(separator: "\n").sorted()
    }

    /// Asks the API server at the virtual IP address five times a second, from the worker, until it is ended.
    private func probe(_ planes: ControlPlanes) throws -> Tool {
        let ask = "curl -s -o /dev/null -m 5 --cacert /etc/kubernetes/pki/ca.crt -w '%{http_code}'"
        let url = "https://\(planes.virtualAddress):6443/readyz"
        let loop = "while :; do echo $(date +%s%3N) $(\(ask) \(url)); sleep 0.2; done"
        return try Tool("\(TestMachine.scripts)/inside", [planes.worker.machine.directory, "sh", "-c", loop])
    }

    /// When the last request was made that was answered, in seconds since 1970, 0 if none was.
    private func answered(in output: String) -> Int64 {
        let last = output.split(separator: "\n").last { $0.hasSuffix(" 200") }
        return Int64(last?.split(separator: " ").first ?? "").map { $0 / 1000 } ?? 0
    }

    /// The kubelet goes on at the virtual IP address.
    private func renewLease(of worker: ControlPlanes.Member, at machine: TestMachine) async throws {
        let read = "kubectl get lease -n kube-node-lease \(worker.name) -o jsonpath='{.spec.renewTime}'"
        let before = try await administrator(machine, read)
        #expect(try await administrator(machine, becomes: read) { !$0.isEmpty && $0 != before })
    }
}
