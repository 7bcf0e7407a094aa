import Base
import Planning
import Testing

/// Key `report` of section `cluster`, and the units that follow from it.
@Suite(.timeLimit(.minutes(15))) struct ReportTests {
    private static let kubelet = """
        tasks:
          kubelet:
            kubeconfig: {path: /etc/k/kubelet.conf, user: "system:node:${node.name}", certificate: /run/a/u.crt,
              key: /run/a/u.key, certificateAuthority: /run/a/ca.crt, server: "https://10.0.0.1:6443"}

        """
    private static let wellKnown = [
        "/etc/kubernetes/kubelet.conf", "/var/lib/rancher/k3s/agent/kubelet.kubeconfig",
        "/var/lib/rancher/rke2/agent/kubelet.kubeconfig",
    ]

    private func kubeconfigs(_ text: String) throws -> [String]? {
        let declarations = try declarations(text)
        return declarations.cluster.report.map { $0.kubeconfigs(declarations.plan) }
    }

    @Test(arguments: ["", "cluster: {report: true}\n", "cluster: {name: c}\n"])
    func `a node reports as its kubelet, whose kubeconfig a task may write`(cluster: String) throws {
        #expect(try kubeconfigs(cluster + "tasks: {}\n") == Self.wellKnown)
        #expect(try kubeconfigs(cluster + Self.kubelet) == ["/etc/k/kubelet.conf"] + Self.wellKnown)
    }

    @Test func `the task file says as which user and about which Node, or that the node does not report`() throws {
        let named = "cluster: {report: {kubeconfig: \"/etc/${node.name}.conf\", node: \"${node.name}.lan\"}}\n"
        #expect(try kubeconfigs(named + Self.kubelet) == ["/etc/node.conf"])
        #expect(try declarations(named + Self.kubelet).cluster.report?.node == "node.lan")
        #expect(try kubeconfigs("cluster: {report: {node: n1}}\n" + Self.kubelet)?.first == "/etc/k/kubelet.conf")
        #expect(try kubeconfigs("cluster: {report: false}\n" + Self.kubelet) == nil)
    }

    @Test(
        arguments: [
            ("report: kubelet", "1:19: 'cluster.report' must be true, false or a mapping, found 'kubelet'"),
            ("report: {kubeconf: /x}", "1:20: unknown key 'kubeconf' in 'cluster.report'"),
            ("report: {node: Upper}", "1:26: 'cluster.report.node' must be the name of a Node, found 'Upper'"),
        ]
    )
    func `what is wrong with it is said with its place`(text: String, expected: String) {
        #expect(isReported(problems("cluster: {\(text)}\ntasks: {}\n"), expected))
    }

    /// The units of a task file.
    private func units(_ text: String, _ call: ProgramInvocation = UnitsTests.call) throws -> [String: String] {
        let declarations = try declarations(text)
        let files = declarations.plan.units(call, report: declarations.cluster.report)
        let pairs = files.compactMap { file in
            if case .text(let text) = file.content { (file.path, text) } else { nil }
        }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    @Test func `the service reports where there is a kubelet, and sees no secrets of others`()
        throws
    {
        var call = UnitsTests.call
        call.flags = ["--role", "worker"]
        let files = try units(Self.kubelet, call)
        let service = try #require(files["k8s-bootstrap--report.service"])
        #expect(service.contains("\nExecStart=-:/usr/bin/nest-bootstrap supervise --only-report --role worker\n"))
        for path in ["/etc/k/kubelet.conf"] + Self.wellKnown {
            #expect(service.contains("\nConditionPathExists=|\(path)\n"))
        }
        for line in [
            "Type=exec", "LogLevelMax=notice\nSyslogLevel=notice",
            "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "User=nest-bootstrap",
            "CapabilityBoundingSet=CAP_DAC_READ_SEARCH", "TemporaryFileSystem=/:ro /run:ro",
            "BindReadOnlyPaths=-/etc/k/kubelet.conf", "BindReadOnlyPaths=-/var/lib/kubelet/pki",
            "BindReadOnlyPaths=-/etc/nest-bootstrap/bootstrap.yaml",
        ] { #expect(service.contains("\n\(line)\n"), "\(line)") }
        for path in ["/run/dbus", "/etc/kubernetes/pki/ca.key", "/etc/kubernetes\n", "/etc\n", "/var/lib\n", "/root"] {
            #expect(!service.contains("BindReadOnlyPaths=-\(path)"), "\(path)")
        }
        // Every unit sees the rest of this directory.
        #expect(service.contains("\nInaccessiblePaths=-/etc/ssl/private\n"))
        #expect(service.contains("\nAfter=k8s-bootstrap.target\n"))
        let target = try #require(files["k8s-bootstrap.target.d/50-tasks.conf"])
        #expect(target.contains("\nWants=k8s-bootstrap--report.service k8s-bootstrap--report.timer\n"))
        // Nothing is ordered after the report.
        for (name, text) in files {
            #expect(!text.contains("After=k8s-bootstrap--report"), "\(name)")
        }
    }

    @Test func `the nodes of a fleet do not start their reports at the same time`() throws {
        let timer = try #require(try units(Self.kubelet)["k8s-bootstrap--report.timer"])
        let settings = timer.split(separator: "\n").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        func setting(_ key: String) -> String? { settings.first { $0.first == key }?.last }
        // A time of the calendar is the same on all nodes. Each has its own delay, as long as the interval.
        #expect(setting("OnCalendar") == "*:0/10")
        #expect(setting("RandomizedDelaySec") == "10min")
        #expect(setting("FixedRandomDelay") == "yes")
        // That delay would be one of the first report too.
        #expect(setting("OnActiveSec") == nil)
    }

    @Test func `the service reads the files that its kubeconfig refers to, also those of other users`() throws {
        func service(_ text: String) throws -> String {
            try #require(try units(text)["k8s-bootstrap--report.service"])
        }
        let written = """
            cluster: {report: {kubeconfig: /etc/r.conf}}
            tasks:
              r:
                kubeconfig: {path: /etc/r.conf, user: r, certificate: /etc/ssl/r.crt, key: /etc/ssl/private/r.key,
                  certificateAuthority: /etc/ca.crt, server: "https://10.0.0.1:6443"}

            """
        let ofTask = try service(written)
        #expect(ofTask.contains("\nTemporaryFileSystem=/:ro /run:ro\n"))
        for path in ["/etc/r.conf", "/etc/ssl/r.crt", "/etc/ssl/private/r.key", "/etc/ca.crt"] {
            #expect(ofTask.contains("\nBindReadOnlyPaths=-\(path)\n"), "\(path)")
        }
        #expect(!ofTask.contains("BindReadOnlyPaths=-/etc/ssh\n"))
        #expect(!ofTask.contains("InaccessiblePaths=-/etc/ssl/private\n"))
        #expect(ofTask.contains("\nCapabilityBoundingSet=CAP_DAC_READ_SEARCH\n"))
        // What one refers to that no task writes is not known.
        let ofOthers = try service("cluster: {report: {kubeconfig: /etc/r.conf}}\ntasks: {}\n")
        for path in ["/etc/ssl/private", "/etc/ssh", "/etc/kubernetes/pki/etcd"] {
            #expect(!ofOthers.contains("InaccessiblePaths=-\(path)\n"), "\(path)")
        }
        for path in ["/etc/kubernetes/pki/ca.key", "/etc/shadow", "/run/dbus", "/var/lib/etcd"] {
            #expect(ofOthers.contains("\nInaccessiblePaths=-\(path)\n"), "\(path)")
        }
        #expect(ofOthers.contains("\nCapabilityBoundingSet=CAP_DAC_READ_SEARCH\n"))
        #expect(ofOthers.contains("\nProtectSystem=strict\nTemporaryFileSystem=/run:ro\n"))
    }

    @Test func `a named kubeconfig is reported when it is missing, and never hidden`() throws {
        let text = "cluster: {report: {kubeconfig: /etc/ssh/report.conf}}\ntasks: {}\n"
        let service = try #require(try units(text)["k8s-bootstrap--report.service"])
        #expect(!service.contains("ConditionPathExists"))
        #expect(!service.contains("InaccessiblePaths=-/etc/ssh\n"))
        #expect(service.contains("InaccessiblePaths=-/var/lib/etcd\n"))
    }

    @Test func `without reports there are no units for them`() throws {
        let files = try units("cluster: {report: false}\n" + Self.kubelet)
        #expect(!files.contains { $0.key.contains("report") || $0.value.contains("report.") })
    }

    @Test func `an invalid task file is reported too`() {
        let files = unitsForInvalidConfiguration(
            Problems([]),
            UnitsTests.call,
            isPublic: true,
            report: ReportDeclaration()
        )
        #expect(files.contains { $0.path == "k8s-bootstrap--report.service" })
        #expect(
            !unitsForInvalidConfiguration(Problems([]), UnitsTests.call, isPublic: true).contains {
                $0.path.contains("report")
            }
        )
    }
}
