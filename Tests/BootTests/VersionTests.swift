import TestSupport
import Testing

extension IndependentBootedTests {
    /// Two machines that have an addon in two versions.
    @Suite struct VersionTests {
        private static let orders = ["older-first", "newer-first", "at-once"]

        private static func tasks(_ order: String, _ name: String, _ version: String) -> String {
            """
            cluster: {certificateAuthority: /run/agenix/k8s-ca.crt}
            nodes: {"cp-*": {role: control-plane}}
            tasks:
              kubelet:
                kubeconfig:
                  {path: /etc/kubernetes/kubelet.kubeconfig, user: "system:node:\(name)",
                   certificate: /run/agenix/kubelet-\(name).crt, key: /run/agenix/kubelet-\(name).key}
              admin:
                kubeconfig:
                  {path: /etc/kubernetes/admin.kubeconfig, user: kubernetes-admin,
                   certificate: /run/agenix/kube-admin.crt, key: /run/agenix/kube-admin.key}
              \(order):
                after: [admin]
                apply: {kubeconfig: /etc/kubernetes/admin.kubeconfig, manifests: [addon.yaml], prune: true, version: \(version)}

            """
        }

        private static func addon(_ order: String, _ version: String) -> String {
            ["common", "only-\(version)"].map { name in
                """
                {apiVersion: v1, kind: ConfigMap, metadata: {name: "\(name)", namespace: \(order)}, data: {a: "\(version)"}}

                """
            }.joined(separator: "---\n")
        }

        @Test func `two machines with two versions, booted in any order, end at the newer one`() async throws {
            let options = ["--no-controller-manager", "--", "--enable-admission-plugins=NodeRestriction"]
            try await TestCluster.withFresh(options: options) { cluster in
                var objects: [String] = []
                for name in ["cp-1", "cp-2"] {
                    try await cluster.makeCertificate(
                        "kubelet-\(name)",
                        subject: "/O=system:nodes/CN=system:node:\(name)"
                    )
                    objects.append("{apiVersion: v1, kind: Node, metadata: {name: \(name)}}\n")
                }
                objects += Self.orders.map { "{apiVersion: v1, kind: Namespace, metadata: {name: \($0)}}\n" }
                // A text that begins with a brace is JSON to kubectl.
                let input = objects.map { "---\n\($0)" }.joined()
                let created = try await cluster.kubectl("create", "-f", "-", input: input)
                try #require(created.status == 0, "\(created.errors)")
                try await cluster.withMachine("cp-1", tasks: "tasks: {}\n") { older in
                    try await cluster.withMachine("cp-2", tasks: "tasks: {}\n") { newer in
                        for order in Self.orders { try await boot(older, newer, order, cluster) }
                    }
                }
            }
        }

        private func boot(
            _ older: TestMachine,
            _ newer: TestMachine,
            _ order: String,
            _ cluster: TestCluster
        ) async throws {
            for (machine, name, version) in [(older, "cp-1", "3.18"), (newer, "cp-2", "3.22")] {
                try machine.write(Self.tasks(order, name, version), to: "/etc/nest-bootstrap/bootstrap.yaml")
                try machine.write(Self.addon(order, version), to: "/etc/nest-bootstrap/addon.yaml")
            }
            let isApplied = { (machine: TestMachine) in
                try await machine.becomes("systemctl is-active k8s-bootstrap-\(order)") { $0 == "active\n" }
            }
            let option = cluster.credentialsOption
            switch order {
            case "older-first":
                try await older.boot(option)
                #expect(try await isApplied(older))
                try await newer.boot(option)
            case "newer-first":
                try await newer.boot(option)
                #expect(try await isApplied(newer))
                try await older.boot(option)
            default:
                async let first: Void = older.boot(option)
                async let second: Void = newer.boot(option)
                _ = try await (first, second)
            }
            #expect(try await isApplied(newer))
            // The older machine may have been first, and says that it is older in its next run; the present one deletes
            // what it created too late.
            let state = "systemctl is-active k8s-bootstrap-\(order)"
            // The restart would wait for a boot that does not end.
            try #require(try await older.becomes(state) { ["active\n", "failed\n"].contains($0) })
            _ = try await older.run("systemctl", "restart", "k8s-bootstrap-\(order)")
            let refusal = "applied at 3.22 by node cp-2 "
            let journal = "journalctl -b -o cat -u k8s-bootstrap-\(order)"
            #expect(try await older.becomes(journal) { $0.contains(refusal) })
            let ending = "this file has 3.18; update this node's files, or write 'allowOlder: true'"
            #expect(try await older.output(journal).contains(ending))
            let maps = try await cluster.kubectl("get", "configmaps", "-n", order, "-o", "name").output
            #expect(maps.contains("/only-3.22") && !maps.contains("/only-3.18"), "\(maps)")
            let common = try await cluster.kubectl(
                "get",
                "configmap",
                "common",
                "-n",
                order,
                "-o",
                "jsonpath={.data.a}"
            )
            #expect(common.output == "3.22")
            let all = "nest-bootstrap status --all-nodes --kubeconfig /etc/kubernetes/admin.kubeconfig"
            let isShown = try await newer.becomes(all) {
                $0.contains("failed: '\(order)' (") && $0.contains(refusal) && $0.contains(#/cp-2 +ready /#)
            }
            let shown = try await newer.output(all)
            show("status --all-nodes, \(order)", shown)
            #expect(isShown, "\(shown)")
            try await older.halt()
            try await newer.halt()
        }
    }
}
