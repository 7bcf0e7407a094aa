import TestSupport
import Testing

extension ThirdMachineTests {
    /// The units that do not run as root: what they may do, and how they get at what only root can read.
    @Suite struct UnitUserTests {
        /// Tries what the unit of a task of the cluster may not do, and prints what succeeded.
        private static let probe = """
            echo "user $(id -un)"
            grep '^Cap' /proc/self/status | grep -v '0000000000000000$'
            touch /run/nest-bootstrap/tasks/coredns/strayed && echo 'wrote its own directory'
            cat /run/nest-bootstrap/tasks/generate-kubeconfig/public.json >/dev/null && echo 'read a public record'
            for place in /run/nest-bootstrap /run/nest-bootstrap/tasks /run/nest-bootstrap/tasks/bootstrap-rbac \\
                /run/nest-bootstrap/tasks/generate-kubeconfig /etc /etc/kubernetes /var/lib /opt
            do touch "$place/strayed" 2>/dev/null && echo "wrote $place"; done
            for file in /run/agenix/kube-admin.key /etc/kubernetes/cluster-admin.kubeconfig \\
                /run/nest-bootstrap/tasks/generate-kubeconfig/record.json /run/nest-bootstrap/health.lock \\
                /etc/kubernetes/kube-proxy.kubeconfig /etc/shadow /etc/shadow- /etc/gshadow /etc/gshadow- \\
                /etc/ssh/host.key /etc/ssl/private/any.key /etc/credstore/any /var/lib/private/any
            do cat "$file" >/dev/null 2>&1 && echo "read $file"; done
            flock -n /run/nest-bootstrap/tasks/generate-kubeconfig true 2>/dev/null && echo 'locked a task of root'
            head -qn 1 "$CREDENTIALS_DIRECTORY"/*.key
            echo 'probed to the end'

            """

        private static let allowed = [
            "user nest-bootstrap", "wrote its own directory", "read a public record", "-----BEGIN PRIVATE KEY-----",
            "probed to the end",
        ]

        @Test func `the tasks that only talk to the API server have its credentials and nothing else`() async throws {
            try await TestCluster.withFresh { cluster in
                try await cluster.withRunningMachine { machine in
                    try await machine.place(Self.probe, at: "/opt/probe")
                    try await machine.startTasks()
                    let target = "systemctl is-active k8s-bootstrap.target"
                    #expect(try await machine.becomes(target) { $0 == "active\n" })
                    let applying = [
                        "bootstrap-rbac", "calico-crds", "calico-ip-pool", "calico-node", "calico-rbac", "coredns",
                        "kube-proxy-daemonset",
                    ]
                    let tasks = try await machine.tasks().keys.sorted()
                    #expect(tasks.count == 15)
                    for task in tasks {
                        let properties = "-p User -p AmbientCapabilities -p CapabilityBoundingSet"
                        let text = try await machine.output("systemctl show \(properties) k8s-bootstrap-\(task)")
                        let isLeast = text.contains("User=nest-bootstrap\n") && !text.lowercased().contains("=cap_")
                        #expect(isLeast == applying.contains(task), "\(task): \(text)")
                    }

                    let unit = "k8s-bootstrap-coredns.service"
                    // As the distribution and systemd have them.
                    try await machine.must(
                        """
                        umask 077; mkdir -p /etc/ssl/private /etc/credstore /var/lib/private
                        for file in /etc/ssh/host.key /etc/ssl/private/any.key /etc/credstore/any /var/lib/private/any
                        do echo secret >"$file"; done
                        cp -a /etc/shadow /etc/shadow-; cp -a /etc/gshadow /etc/gshadow-; umask 022
                        mkdir -p /run/systemd/system/\(unit).d
                        printf '[Service]\\nExecStart=\\nExecStart=sh /opt/probe\\nSyslogIdentifier=probe\\n' \\
                            >/run/systemd/system/\(unit).d/90-probe.conf
                        systemctl daemon-reload && systemctl restart \(unit)
                        """
                    )
                    let said = try await machine.output("journalctl --sync; journalctl -b -o cat -t probe")
                    #expect(said.split(separator: "\n").map(String.init) == Self.allowed)
                }
            }
        }

        /// In addition to the tasks of the example.
        private static let tasks = #"""
            tasks:
              other:
                kubeconfig: {path: /etc/kubernetes/other.conf, user: u, certificate: "${credentials}/kube-admin.crt",
                  key: "${credentials}/kube-admin.key"}
              missing: {after: [other], wait: {apiServer: true}}
              closed: {after: [generate-kubeconfig], apply: {manifests: [/opt/closed]}}
              late: {after: [generate-kubeconfig], apply: {manifests: [/opt/late.yaml]}}
              loose: {after: [generate-kubeconfig], apply: {manifests: [/opt/loose.yaml]}}
              foreign: {wait: {apiServer: /root/foreign.conf}}
              appears: {wait: {file: /root/appears}}
              pinned:
                after: [generate-kubeconfig]
                apply: {manifests: [{url: "URL/m.yaml", sha256: 414201c251f6bf8d39b0bf424808770aea0a557dfc22606f9b14beb425a67419}]}

            """#

        private static func manifest(_ name: String) -> String {
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \(name), namespace: default}\n"
        }

        @Test func `what the user of units cannot read is a credential, or read with a capability, or reported`()
            async throws
        {
            try await TestCluster.withFresh { cluster in
                try await cluster.withRunningMachine { machine in
                    let server = try LoopbackServer { _ in .response(200, body: Array(Self.manifest("pinned").utf8)) }
                    let tasks = Self.tasks.replacing("URL", with: server.url)
                    try await machine.place(tasks, at: "/etc/nest-bootstrap/bootstrap.d/60-tasks.yaml")
                    try await machine.place(Self.manifest("closed"), at: "/opt/closed/a.yaml")
                    try await machine.must("chmod 0700 /opt/closed")
                    try await machine.place(Self.manifest("loose"), at: "/opt/loose.yaml")
                    try await machine.must("chmod 0666 /opt/loose.yaml")
                    try await machine.startTasks()
                    // When the units were made, it was not there.
                    try await machine.must(
                        "printf '\(Self.manifest("late").replacing("\n", with: "\\n"))' >/opt/late.yaml; "
                            + "chmod 0600 /opt/late.yaml; touch /root/appears"
                    )
                    let states = "systemctl is-active k8s-bootstrap-other k8s-bootstrap-pinned"
                    #expect(try await machine.becomes(states) { $0 == "active\nactive\n" })
                    try await machine.must("cp /etc/kubernetes/other.conf /root/foreign.conf")
                    for task in ["closed", "foreign", "appears"] {
                        try await machine.must("systemctl start k8s-bootstrap-\(task)")
                    }
                    try await machine.must("rm /etc/kubernetes/other.conf")
                    for (task, message) in [
                        ("missing", "kubeconfig '/etc/kubernetes/other.conf' cannot be used: "),
                        ("loose", "cannot trust '/opt/loose.yaml': a user other than root can change it"),
                        ("late", "cannot read '/opt/late.yaml': its unit runs as user 'nest-bootstrap'"),
                    ] {
                        let result = try await machine.run("systemctl", "restart", "k8s-bootstrap-\(task)")
                        #expect(result.status != 0, "\(task)")
                        let said = try await machine.output("journalctl --sync; journalctl -b -o cat NEST_TASK=\(task)")
                        #expect(said.contains(message), "\(said)")
                    }
                    try await machine.must("chgrp nest-bootstrap /opt/late.yaml && chmod g+rX /opt/late.yaml")
                    try await machine.must("systemctl restart k8s-bootstrap-late")
                    try await sharesState(machine)
                }
            }
        }

        /// Records and cache work for a run in the shell's process and for the unit, one after the other, in either order.
        private func sharesState(_ machine: TestMachine) async throws {
            let record = "/run/nest-bootstrap/tasks/pinned"
            let cache = "/var/lib/nest-bootstrap/cache/pinned"
            try await machine.must("rm -rf \(record) \(cache); nest-bootstrap run --here --task pinned")
            #expect(try await machine.output("stat -c %U:%a \(record) \(record)/*") == "root:711\nroot:644\nroot:600\n")
            // The directory, the manifest, and what is known of its objects.
            let kept = "stat -c %U \(cache) \(cache)/*"
            #expect(try await machine.output(kept) == String(repeating: "root\n", count: 3))
            try await machine.must("systemctl restart k8s-bootstrap-pinned")
            let service = "nest-bootstrap\n"
            #expect(try await machine.output(kept) == String(repeating: service, count: 3))
            try await machine.must("rm \(record)/*; nest-bootstrap run --here --task pinned")
            let owners = try await machine.output("stat -c %U:%a \(record) \(record)/*")
            #expect(owners == "nest-bootstrap:711\nnest-bootstrap:644\nnest-bootstrap:600\n")
            try await machine.must("systemctl restart k8s-bootstrap-pinned")
            #expect(try await machine.records()["pinned"] == "unchanged")
        }

        @Test func `check reports that the user of units does not exist, and sysusers creates it`() async throws {
            try await TestMachine.withRunning { machine in
                let path = "/etc/nest-bootstrap/bootstrap.yaml"
                try await machine.place("tasks: {t: {wait: {tcp: \"h:1\"}}}\n", at: path)
                try await machine.startTasks()
                try await machine.must("systemctl stop k8s-bootstrap.target; sed -i /^nest-bootstrap:/d /etc/passwd")
                let result = try await machine.run("nest-bootstrap", "check")
                #expect(result.output == "1 task for this node, 1 warning\n")
                #expect(result.errors.contains("run 'systemd-sysusers nest-bootstrap.conf'"), "\(result.errors)")
                try await machine.must("systemd-sysusers nest-bootstrap.conf")
                #expect(try await machine.output("nest-bootstrap check") == "1 task for this node, nothing wrong\n")
            }
        }
    }
}
