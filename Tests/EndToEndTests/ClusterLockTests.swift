import Glibc
import TestSupport
import Testing

/// Tasks with `lock: cluster`, run by several agents on a real API server.
@Suite(.needsAPIServer, .temporaryDirectory, .timeLimit(.minutes(15)))
struct ClusterLockTests {
    /// When programs of a task began and ended, in seconds since the boot of the machine.
    private struct Visit: Sendable {
        var name: String
        var begin: Double
        var end: Double
    }

    /// The file that the programs of all nodes write.
    private let file = TemporaryDirectory.file("visits")

    /// Makes a node whose task writes down when its program begins and ends.
    func node(_ name: String, task: String, _ kubeconfig: String, seconds: String = "1") throws -> TestNode {
        let node = try TestNode(
            """
            tasks:
              \(task): {lock: {kubeconfig: \(kubeconfig)}, exec: {script: visit.sh, args: ["\(seconds)"]}}
            """,
            in: TemporaryDirectory.file(name)
        )
        try node.write(
            """
            #!/bin/sh
            note() { echo "\(name) $1 $(cut -d ' ' -f 1 /proc/uptime)" >> \(file); }
            trap 'note end; exit 1' TERM
            echo $$ > \(file).\(name).pid
            note begin
            sleep "$1" & wait
            note end
            """,
            to: "visit.sh",
            mode: 0o755
        )
        return node
    }

    /// What the programs have written so far; one that has not ended ends never.
    private func visits() throws -> [Visit] {
        guard try Files.exists(file) else { return [] }
        var visits: [Visit] = []
        for line in try Files.text(file).split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 3, let time = Double(words[2]) else { continue }
            if words[1] == "begin" {
                visits.append(Visit(name: words[0], begin: time, end: .infinity))
            } else if let index = visits.firstIndex(where: { $0.name == words[0] && $0.end == .infinity }) {
                visits[index].end = time
            }
        }
        return visits
    }

    private func isInside(_ name: String) throws -> Bool { try visits().contains { $0.name == name } }

    /// Starts to watch the Lease of a task, which is created without a holder.
    private func watch(_ task: String, _ cluster: TestCluster) async throws -> LeaseWatch {
        let name = "nest-bootstrap-\(task)"
        try await cluster.mustApply(
            """
            apiVersion: coordination.k8s.io/v1
            kind: Lease
            metadata: {name: \(name), namespace: kube-system}
            spec: {holderIdentity: ""}
            """
        )
        let watch = try LeaseWatch(name, cluster)
        try #require(try await becomes { !watch.states.isEmpty })
        return watch
    }

    func lease(_ task: String, _ cluster: TestCluster) async throws -> JSON {
        try await cluster.object("lease", "nest-bootstrap-\(task)", namespace: "kube-system")
    }

    @Test func `agents that begin at the same moment are inside one after the other`() async throws {
        let cluster = try await TestCluster.shared.value
        let watch = try await watch("together", cluster)
        let results = try await withThrowingTaskGroup(of: ToolResult.self) { group in
            for name in ["a", "b", "c", "d"] {
                let node = try node(name, task: "together", cluster.kubeconfig)
                group.addTask { try await node.run("run") }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for result in results {
            #expect(result.status == 0, "\(result.output)\(result.errors)")
            #expect(result.output.contains("together: holds Lease kube-system/nest-bootstrap-together since "))
        }
        let visits = try visits().sorted { $0.begin < $1.begin }
        #expect(visits.count == 4)
        for (one, next) in zip(visits, visits.dropFirst()) { #expect(one.end <= next.begin) }
        // Each was released before another one took it, so that nobody waited until it expired.
        #expect(try await becomes { watch.holders.count == 9 })
        #expect(watch.holders.enumerated().allSatisfy { ($1 == "") == $0.isMultiple(of: 2) }, "\(watch.holders)")
    }

    @Test func `while it waits or holds the Lease, status says who holds it and since when`() async throws {
        let cluster = try await TestCluster.shared.value
        let watch = try await watch("shown", cluster)
        let (one, two) = (
            try node("one", task: "shown", cluster.kubeconfig, seconds: "100000"),
            try node("two", task: "shown", cluster.kubeconfig)
        )
        let holder = try one.start(["run"])
        #expect(try await becomes { try isInside("one") })
        let waiter = try two.start(["run"])
        #expect(try await becomes { waiter.outputSoFar().contains("shown: waiting: ") })
        let spec = try await lease("shown", cluster)["spec"]
        let identity = try #require(spec?["holderIdentity"]?.string)
        let since = try #require(spec?["acquireTime"]?.string).prefix(19) + "Z"
        #expect(identity.hasPrefix("\(TestProcess.hostName)_"))
        let own = try await one.run("status")
        #expect(own.output.contains("  holds Lease kube-system/nest-bootstrap-shown since \(since)\n"))
        let other = try await two.run("status")
        let words = "waits for Lease kube-system/nest-bootstrap-shown, held by '\(identity)' since \(since)"
        #expect(other.output.contains("  \(words)\n"), "\(other.output)")
        let json = try await two.run("status", "-o", "json").output.json["tasks"]?[0]?["lease"]
        #expect(json?["holder"]?.string == identity)
        #expect(json?["held"]?.boolean == false)
        // Interrupted, it releases the Lease, and the other one takes it without waiting until it expires.
        holder.signal(SIGTERM)
        #expect(await holder.result().status == 143)
        #expect(await waiter.result().status == 0)
        #expect(try await becomes { watch.holders.count == 5 })
        #expect(watch.holders[1] == identity && watch.holders[2] == "", "\(watch.holders)")
        let after = try await two.run("status", "-o", "json").output.json["tasks"]?[0]
        #expect(after?["lease"] == nil)
    }

    @Test func `a task that fails releases the Lease, and dry runs need none`() async throws {
        let cluster = try await TestCluster.shared.value
        let node = try node("one", task: "fails", cluster.kubeconfig, seconds: "no number")
        #expect(try await node.run("run", "--dry-run").status == 0)
        #expect(try await node.run("diff").status == 1)
        let lease = ["get", "lease", "-n", "kube-system", "nest-bootstrap-fails", "-o", "name"]
        #expect(try await cluster.kubectl(lease).status == 1)
        try node.write("#!/bin/sh\nexit 7\n", to: "visit.sh", mode: 0o755)
        let result = try await node.run("run", "--task", "fails")
        #expect(result.status == 1)
        #expect(result.errors.contains("exited with code 7"), "\(result.errors)")
        #expect(try await self.lease("fails", cluster)["spec"]?["holderIdentity"]?.string == "")
    }

    @Test func `a Lease that is deleted during a task shorter than a renewal is noticed at the end of the task`()
        async throws
    {
        let cluster = try await TestCluster.shared.value
        let node = try node("one", task: "short", cluster.kubeconfig)
        let isDeleted = TemporaryDirectory.file("deleted")
        try node.write(
            "#!/bin/sh\necho one begin 0 >> \(file)\nuntil test -e \(isDeleted); do sleep 0.1; done\n",
            to: "visit.sh",
            mode: 0o755
        )
        let run = try node.start(["run"])
        #expect(try await becomes { try isInside("one") })
        let deletion = try await cluster.kubectl("delete", "lease", "-n", "kube-system", "nest-bootstrap-short")
        try #require(deletion.status == 0, "\(deletion.errors)")
        try Files.write([], to: isDeleted, mode: 0o600)
        let result = await run.result()
        #expect(result.status == 0)
        let words = "Lease/kube-system/nest-bootstrap-short was lost while the task ran (deleted), so another node may"
        #expect(result.errors.contains(words), "\(result.errors)")
    }

    @Test func `a holder that loses the API server ends its task before another one begins`() async throws {
        let cluster = try await TestCluster.shared.value
        let watch = try await watch("cut", cluster)
        let port = try #require(cluster.server.split(separator: ":").last.flatMap { UInt16($0) })
        var proxy: LoopbackProxy? = try LoopbackProxy(to: port)
        let text = try Files.text(cluster.kubeconfig).replacing(
            ":\(port)",
            with: ":\(try #require(proxy).port)"
        )
        let kubeconfig = TemporaryDirectory.file("proxy.kubeconfig")
        try Files.write(Array(text.utf8), to: kubeconfig, mode: 0o600)
        let one = try node("one", task: "cut", kubeconfig, seconds: "100000")
        let holder = try one.start(["run"])
        #expect(try await becomes { try isInside("one") })
        let two = try node("two", task: "cut", cluster.kubeconfig)
        let waiter = try two.start(["run"])
        #expect(try await becomes { waiter.outputSoFar().contains("cut: waiting: ") })
        proxy = nil
        let result = await holder.result()
        #expect(result.status == 1)
        let words = "Lease/kube-system/nest-bootstrap-cut was lost while the task ran (not renewed for 30s: "
        #expect(result.errors.contains(words), "\(result.errors)")
        #expect(await waiter.result().status == 0)
        let visits = try visits()
        let end = try #require(visits.first { $0.name == "one" }).end
        let begin = try #require(visits.first { $0.name == "two" }).begin
        // The holder stops after 30 s without a renewal, and another one begins after 60 s.
        #expect(end < begin)
        #expect(try await becomes { watch.holders.count == 4 })
        #expect(try await watch.secondsUntilTakeover() >= 59)
    }

    /// Root without `CAP_KILL` cannot end a process of another user, just as nothing ends one that waits for a hung disk.
    @Test(.enabled(if: geteuid() == 0)) func `the Lease is not released while the program cannot be ended`()
        async throws
    {
        let cluster = try await TestCluster.shared.value
        let node = try node("one", task: "survives", cluster.kubeconfig)
        try node.write(
            """
            #!/bin/sh
            setpriv --reuid=65534 sleep 100000 &
            echo $! > \(file).pid
            until grep -q '^Uid:.65534' /proc/$!/status; do sleep 0.1; done
            echo started
            wait

            """,
            to: "visit.sh",
            mode: 0o755
        )
        let options = ["--bounding-set=-kill", "--inh-caps=-kill"]
        let agent = try Tool(
            "setpriv",
            options + [TestNode.program, "run", "--config", node.config, "--root", node.root],
            environment: ["NEST_ROLE": nil, "JOURNAL_STREAM": nil]
        )
        #expect(try await becomes { agent.outputSoFar().contains("survives: | started") })
        let process = try #require(Int32(try Files.text("\(file).pid").split(separator: "\n").first ?? ""))
        agent.signal(SIGTERM)
        let result = await agent.result()
        #expect(result.status == 143)
        #expect(kill(process, SIGKILL) == 0)
        let words = "not released, because process \(process) of the task still runs; it expires within 1m"
        #expect(
            (result.output + result.errors).contains("warning: Lease/kube-system/nest-bootstrap-survives: \(words)"),
            "\(result.output)\(result.errors)"
        )
        #expect(try await lease("survives", cluster)["spec"]?["holderIdentity"]?.string != "")
    }
}

/// Other tasks beside those with `lock: cluster`, and the rights that these need.
extension ClusterLockTests {
    @Test func `programs without a lock run while many tasks wait for their Leases`() async throws {
        let cluster = try await TestCluster.shared.value
        let names = (1...20).map { "waits-\($0)" }
        try await cluster.mustApply(
            names.map { name in
                """
                apiVersion: coordination.k8s.io/v1
                kind: Lease
                metadata: {name: nest-bootstrap-\(name), namespace: kube-system}
                spec: {holderIdentity: other, leaseDurationSeconds: 3600}

                """
            }.joined(separator: "---\n")
        )
        let waiting = names.map { "  \($0): {lock: {kubeconfig: \(cluster.kubeconfig)}, exec: {command: 'true'}}\n" }
        let node = try TestNode("tasks:\n\(waiting.joined())  works: {exec: {command: 'true'}}\n")
        let agent = try node.start(["run"])
        #expect(try await becomes { agent.outputSoFar().contains("works: changed") })
        agent.signal(SIGTERM)
        #expect(await agent.result().status == 143)
    }

    @Test func `the rights that rbac prints are enough, and without them the message has the rule`() async throws {
        let cluster = try await TestCluster.shared.value
        try await cluster.makeCertificate("locker", subject: "/CN=locker")
        let kubeconfig = TemporaryDirectory.file("locker.kubeconfig")
        let text = try Files.text(cluster.nobodyKubeconfig).replacing("nobody", with: "locker")
        try Files.write(Array(text.utf8), to: kubeconfig, mode: 0o600)
        let node = try node("one", task: "rights", kubeconfig)
        let refused = try await node.run("run")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("user 'locker' ("), "\(refused.errors)")
        let rule = #"resources: ["leases"], verbs: ["get", "create", "update"]}"#
        #expect(refused.errors.contains(rule), "\(refused.errors)")
        let roles = try await node.run("rbac", "--user", "locker")
        #expect(roles.status == 0)
        try await cluster.mustApply(roles.output)
        let result = try await node.run("run")
        #expect(result.status == 0, "\(result.errors)")
        let other = ["--kubeconfig", kubeconfig, "get", "secrets", "-n", "kube-system"]
        #expect(try await cluster.kubectl(other).errors.contains("orbidden"))
    }
}

/// The states of a Lease, as `kubectl get --watch` prints them.
final class LeaseWatch: Sendable {
    /// A state of the Lease.
    struct State: Sendable {
        var holder: String
        var renewedAt: String
    }

    private let tool: Tool

    /// Starts to watch.
    ///
    /// - Throws: ``SupportError`` if kubectl cannot be started.
    init(_ name: String, _ cluster: TestCluster) throws {
        tool = try cluster.startKubectl([
            "get", "lease", name, "--namespace", "kube-system", "--watch", "--output",
            "jsonpath=holder={.spec.holderIdentity} {.spec.renewTime}{\"\\n\"}",
        ])
    }

    deinit {
        tool.signal(SIGKILL)
        let tool = tool
        Task { _ = await tool.result() }
    }

    /// The states so far.
    var states: [State] {
        tool.outputSoFar().split(separator: "\n").map { line in
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            return State(holder: String(words[0].dropFirst("holder=".count)), renewedAt: String(words.last ?? ""))
        }
    }

    /// The holders one after another, an empty text while there is none.
    var holders: [String] {
        states.map(\.holder).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }

    /// The whole seconds from the last renewal of the first holder until the second one took the Lease.
    func secondsUntilTakeover() async throws -> Int {
        let holders = holders
        try #require(holders.count > 2 && holders[1] != "" && holders[2] != "", "\(holders)")
        let renewal = try #require(states.last { $0.holder == holders[1] }).renewedAt
        let take = try #require(states.first { $0.holder == holders[2] }).renewedAt
        let dates = try await Tool.run("date", ["+%s", "--file=-"], input: "\(renewal)\n\(take)\n").outputLines
        let times = dates.compactMap { Int($0) }
        try #require(times.count == 2, "\(dates)")
        return times[1] - times[0]
    }
}
