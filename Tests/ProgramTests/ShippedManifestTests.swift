import TestSupport
import Testing

/// What the workloads that are shipped may do on a node.
@Suite struct ShippedManifestTests {
    /// The pods of the workloads in the shipped manifests, by the name of the workload.
    private static func pods() async throws -> [String: JSON] {
        var pods: [String: JSON] = [:]
        for path in ["calico/calico-node.yaml", "manifests/coredns.yaml", "manifests/kube-proxy.yaml"] {
            for document in try await Files.text("\(TestCluster.sourceRoot)/\(path)").yamlDocuments() {
                guard let pod = document["spec"]?["template"]?["spec"] else { continue }
                pods[document["metadata"]?["name"]?.string ?? ""] = pod
            }
        }
        return pods
    }

    private static func containers(_ pod: JSON) -> [JSON] {
        (pod["initContainers"]?.sequence ?? []) + (pod["containers"]?.sequence ?? [])
    }

    @Test func `no workload mounts the directory of the cluster's keys`() async throws {
        let pods = try await Self.pods()
        #expect(pods.keys.sorted() == ["calico-node", "coredns", "kube-proxy"])
        for (name, pod) in pods {
            for volume in pod["volumes"]?.sequence ?? [] {
                guard let path = volume["hostPath"]?["path"]?.string else { continue }
                let isAbove = "/etc/kubernetes/pki/".hasPrefix(path.hasSuffix("/") ? path : "\(path)/")
                #expect(!isAbove, "\(name): \(path)")
            }
        }
    }

    @Test func `only two containers are privileged, and the others have the capabilities that they need`() async throws
    {
        var privileged: [String] = []
        var added: [String: [String]] = [:]
        for (name, pod) in try await Self.pods() {
            for container in Self.containers(pod) {
                let context = container["securityContext"]
                let label = "\(name)/\(container["name"]?.string ?? "")"
                if context?["privileged"]?.boolean == true {
                    privileged.append(label)
                    continue
                }
                #expect(context?["capabilities"]?["drop"]?.sequence?.compactMap(\.string) == ["ALL"], "\(label)")
                added[label] = context?["capabilities"]?["add"]?.sequence?.compactMap(\.string)
            }
        }
        #expect(privileged.sorted() == ["calico-node/calico-node", "kube-proxy/set-kernel-parameters"])
        #expect(added == ["coredns/coredns": ["NET_BIND_SERVICE"], "kube-proxy/kube-proxy": ["NET_ADMIN", "NET_RAW"]])
    }

    @Test func `pods that are not privileged throughout have the runtime's seccomp profile`() async throws {
        let profiles = try await Self.pods().mapValues { $0["securityContext"]?["seccompProfile"]?["type"]?.string }
        #expect(profiles == ["coredns": "RuntimeDefault", "kube-proxy": "RuntimeDefault", "calico-node": nil])
    }

    @Test func `every image names its registry`() async throws {
        for (name, pod) in try await Self.pods() {
            for container in Self.containers(pod) {
                let image = try #require(container["image"]?.string)
                let registry = try #require(image.split(separator: "/").first)
                #expect(registry.contains("."), "\(name): \(image)")
            }
        }
    }
}
