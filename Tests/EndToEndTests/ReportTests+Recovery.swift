import Glibc
import TestSupport
import Testing

extension ReportTests {
    @Test func `a failure that recovers while its report cannot be sent is reported, also if the service is stopped`()
        async throws
    {
        try await TestCluster.withFresh(options: Self.options) { cluster in
            try await cluster.createNodes(["w1"])
            let reporting = try await ReportingNode("w1", on: cluster)
            let node = reporting.node
            let silent = try SilentListener()
            let server = "https://127.0.0.1:\(silent.port)"
            let kubelet = ReportingNode.kubeconfig(of: "kubelet-w1", on: cluster, server: server)
            try node.write(kubelet, to: "kubelet.conf", mode: 0o600)
            // Below a root a run does not report.
            #expect(try await node.run("run").status == 1)
            let service = try node.start(["supervise", "--only-report"])
            let isNoted = try await becomes {
                try Files.exists(node.written("/run/nest-bootstrap/report/report.json"))
            }
            #expect(isNoted)
            service.signal(SIGTERM)
            _ = await service.result()
            try reporting.heal()
            #expect(try await node.run("run").status == 0)
            let reachable = ReportingNode.kubeconfig(of: "kubelet-w1", on: cluster)
            try node.write(reachable, to: "kubelet.conf", mode: 0o600)
            #expect(try await node.run("supervise", "--only-report").status == 0)
            #expect(
                try await cluster.events(of: "w1") == ["BootstrapTaskFailed x1", "BootstrapTaskRecovered x1"]
            )
        }
    }

    @Test func `a report does not go on while another process sends one, which would lose what either has seen`()
        async throws
    {
        try await TestCluster.withFresh(options: Self.options) { cluster in
            try await cluster.createNodes(["w1"])
            let reporting = try await ReportingNode("w1", on: cluster)
            let node = reporting.node
            try reporting.heal()
            // A run gives up a report that takes longer than 5 s; on a busy machine it may need several attempts.
            func runReports(_ reason: String, status: Int32) async throws -> Bool {
                try await becomes {
                    #expect(try await node.runWithoutRoot("run").status == status)
                    return try await cluster.reported("w1")?["reason"]?.string == reason
                }
            }
            #expect(try await runReports("TasksSucceeded", status: 0))
            try Files.remove(node.path("go"))
            let lock = node.written("/run/nest-bootstrap/report")
            let other = try Tool("flock", ["--no-fork", lock, "sleep", "100000"])
            let isTaken = try await becomes { try await Tool.run("flock", ["-n", lock, "true"]).status == 1 }
            #expect(isTaken)
            #expect(try await node.runWithoutRoot("run").status == 1)
            #expect(try await cluster.reported("w1")?["reason"]?.string == "TasksSucceeded")
            // It belongs to the process with the lock.
            #expect(try !Files.exists(node.written("/run/nest-bootstrap/report/report.json")))
            other.signal(SIGTERM)
            _ = await other.result()
            #expect(try await runReports("TasksFailed", status: 1))
        }
    }

    @Test func `an Event that the server refuses is a warning, keeps no condition back, and is sent later`()
        async throws
    {
        try await TestCluster.withFresh(options: Self.options) { cluster in
            try await cluster.createNodes(["w1"])
            let reporting = try await ReportingNode("w1", on: cluster)
            let authority = try TestAuthority()
            let webhook = try WebhookServer(
                try authority.issue("webhook", names: ["IP:127.0.0.1"]),
                refusing: "no Events here"
            )
            let bundle = base64(try Files.read(authority.certificatePath))
            try await cluster.mustApply(
                """
                apiVersion: admissionregistration.k8s.io/v1
                kind: ValidatingWebhookConfiguration
                metadata: {name: events}
                webhooks:
                  - name: events.example.test
                    clientConfig: {url: "\(webhook.url)/hook", caBundle: "\(bundle)"}
                    rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [events]}]
                    admissionReviewVersions: [v1beta1]
                    sideEffects: None

                """
            )
            // A webhook is in effect some moments later.
            let probe =
                #"{"apiVersion":"v1","kind":"Event","metadata":{"generateName":"p","namespace":"default"},"#
                + #""involvedObject":{"kind":"Node","name":"other"}}"#
            let isRefused = try await becomes {
                try await cluster.kubectl("create", "-f", "-", input: probe).errors.contains("denied the request")
            }
            try #require(isRefused)
            // A run gives up a report that takes longer than 5 s; on a busy machine it may need several attempts.
            let isWarned = try await becomes {
                _ = try await reporting.node.runWithoutRoot("run")
                return try await reporting.node.runWithoutRoot("status").output.contains("no Events here")
            }
            #expect(isWarned)
            #expect(try await cluster.reported("w1")?["reason"]?.string == "TasksFailed")
            try await cluster.mustRunKubectl("delete", "validatingwebhookconfiguration", "events")
            let isSent = try await becomes {
                _ = try await reporting.node.runWithoutRoot("run")
                return try await cluster.events(of: "w1").first?.hasPrefix("BootstrapTaskFailed x") == true
            }
            #expect(isSent)
        }
    }
}
