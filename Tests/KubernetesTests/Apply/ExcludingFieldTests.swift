import Base
@testable import Kubernetes
import TestSupport
import Testing

/// Fields that exclude each other, of which the live object has one that is not in the manifest.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct ExcludingFieldTests {
    /// A change of an object that the server refuses or ignores unless a field of the old state goes.
    struct Change: Sendable, CustomTestStringConvertible {
        let name: String
        let resource: String
        let old: String
        let new: String
        /// Fields that the object must not have afterwards, as `a/b/0/c`.
        let gone: [String]

        var testDescription: String { name }

        /// A part of a Deployment that changes, in its spec, in that of its pods or in a container.
        struct Part: Sendable {
            enum Place: String, Sendable {
                case spec, pod = "spec/template/spec/", container = "spec/template/spec/containers/0/"
            }

            let name: String
            let place: Place
            let old: String
            let new: String
            let gone: [String]

            init(_ name: String, _ place: Place, _ old: String, _ new: String, gone: String...) {
                (self.name, self.place, self.old, self.new) = (name, place, old, new)
                self.gone = gone.map { place == .spec ? $0 : place.rawValue + $0 }
            }
        }

        /// A change of several parts of a Deployment.
        static func deployment(_ parts: Part...) -> Self {
            func text(_ value: (Part) -> String) -> String {
                func joined(_ place: Part.Place) -> String {
                    parts.filter { $0.place == place }.map(value).filter { !$0.isEmpty }.map { "\($0), " }.joined()
                }
                return "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: NAMESPACE}, spec: {"
                    + "\(joined(.spec))selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {"
                    + "\(joined(.pod))containers: [{name: c, \(joined(.container))image: i}]}}}}"
            }
            return Change(
                name: parts.map(\.name).joined(separator: ", and "),
                resource: "/apis/apps/v1/namespaces/NAMESPACE/deployments",
                old: text(\.old),
                new: text(\.new),
                gone: parts.flatMap(\.gone),
            )
        }

        /// A change of a Service.
        static func service(_ name: String, _ old: String, _ new: String, gone: String...) -> Self {
            func text(_ spec: String) -> String {
                "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: NAMESPACE}, spec: {\(spec)}}"
            }
            let resource = "/api/v1/namespaces/NAMESPACE/services"
            return Change(name: name, resource: resource, old: text(old), new: text(new), gone: gone)
        }

        /// A change of an object of another kind, with the manifest from its name on.
        static func object(
            _ name: String,
            _ resource: String,
            kind: String,
            _ old: String,
            _ new: String,
            gone: String...,
        ) -> Self {
            let parts = resource.split(separator: "/")
            // The resource is in a group or in the core.
            let version = parts[0] == "api" ? "v1" : parts[1...2].joined(separator: "/")
            func text(_ rest: String) -> String { "{apiVersion: \(version), kind: \(kind), metadata: {name: \(rest)}" }
            return Change(
                name: name,
                resource: "/\(resource)",
                old: text(old),
                new: text(new),
                gone: gone,
            )
        }
    }

    static let parts: [Change.Part] = [
        .init(
            "the handler of a probe",
            .container,
            "livenessProbe: {tcpSocket: {port: 80}}",
            "livenessProbe: {httpGet: {port: 80}}",
            gone: "livenessProbe/tcpSocket"
        ),
        .init(
            "a variable that gets its value from elsewhere",
            .container,
            "env: [{name: A, value: x}, {name: B, value: other}]",
            "env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}, {name: B, value: other}]",
            gone: "env/0/value"
        ),
        .init(
            "the protocol of a port",
            .container,
            "ports: [{name: dns, containerPort: 53, protocol: UDP}]",
            "ports: [{name: dns, containerPort: 53, protocol: TCP}]",
            gone: "ports/1"
        ),
        .init(
            "the type of a volume",
            .pod,
            "volumes: [{name: v, emptyDir: {}}]",
            "volumes: [{name: v, configMap: {name: m}}]",
            gone: "volumes/0/emptyDir"
        ),
        .init(
            "the strategy, whose settings are defaults",
            .spec,
            "",
            "strategy: {type: Recreate}",
            gone: "spec/strategy/rollingUpdate"
        ),
        // The server does not refuse it, but gives the field its value again, from the deprecated name.
        .init(
            "no ServiceAccount any more",
            .pod,
            "serviceAccountName: s",
            "",
            gone: "serviceAccountName",
            "serviceAccount"
        ),
    ]

    /// Two parts of a Deployment that change at once.
    static let pairs = parts.enumerated().flatMap { index, first in
        parts.dropFirst(index + 1).map { Change.deployment(first, $0) }
    }

    static let changes: [Change] =
        parts.map { .deployment($0) } + [
            // The server does not refuse it, but keeps a port of the node that it has added.
            .deployment(
                .init("pods that leave the network of their node", .pod, "hostNetwork: true", "", gone: "hostNetwork"),
                .init(
                    "their ports",
                    .container,
                    "ports: [{containerPort: 80, protocol: TCP}]",
                    "ports: [{containerPort: 80, protocol: TCP}]",
                    gone: "ports/0/hostPort"
                )
            ),
            .object(
                "the update strategy of a StatefulSet, whose settings are defaults",
                "apis/apps/v1/namespaces/NAMESPACE/statefulsets",
                kind: "StatefulSet",
                """
                a, namespace: NAMESPACE}, spec: {serviceName: s, selector: {matchLabels: {a: b}},
                 template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}
                """,
                """
                a, namespace: NAMESPACE}, spec: {serviceName: s, selector: {matchLabels: {a: b}}, updateStrategy: {type: OnDelete},
                 template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}
                """,
                gone: "spec/updateStrategy/rollingUpdate"
            ),
            .service(
                "a Service that becomes a name",
                "selector: {a: b}, ports: [{port: 80, protocol: TCP}]",
                "type: ExternalName, externalName: example.com",
                gone: "spec/clusterIP",
                "spec/clusterIPs"
            ),
            .service(
                "a Service that is no longer reached at nodes",
                "type: NodePort, externalTrafficPolicy: Local, selector: {a: b}, ports: [{port: 80, protocol: TCP}]",
                "type: ClusterIP, selector: {a: b}, ports: [{port: 80, protocol: TCP}]",
                gone: "spec/externalTrafficPolicy",
                "spec/ports/0/nodePort"
            ),
            .service(
                "a Service whose manifest no longer says that it knows its clients",
                "sessionAffinity: ClientIP, selector: {a: b}, ports: [{port: 80, protocol: TCP}]",
                "selector: {a: b}, ports: [{port: 80, protocol: TCP}]",
                gone: "spec/sessionAffinityConfig"
            ),
            .object(
                "a key of a ConfigMap that becomes binary",
                "api/v1/namespaces/NAMESPACE/configmaps",
                kind: "ConfigMap",
                "a, namespace: NAMESPACE}, data: {k: v, other: x}",
                "a, namespace: NAMESPACE}, data: {other: x}, binaryData: {k: dg==}",
                gone: "data/k"
            ),
            .object(
                "the conversion of a definition",
                "apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                kind: "CustomResourceDefinition",
                """
                widgets.NAMESPACE.test}, spec: {group: NAMESPACE.test, scope: Cluster, names: {kind: Widget, plural: widgets},
                 versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}],
                 conversion: {strategy: Webhook, webhook: {conversionReviewVersions: [v1],
                 clientConfig: {service: {name: s, namespace: default}}}}}
                """,
                """
                widgets.NAMESPACE.test}, spec: {group: NAMESPACE.test, scope: Cluster, names: {kind: Widget, plural: widgets},
                 versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}],
                 conversion: {strategy: None}}
                """,
                gone: "spec/conversion/webhook"
            ),
            Change(
                name: "the metrics of an autoscaler, in a newer version",
                resource: "/apis/autoscaling/v1/namespaces/NAMESPACE/horizontalpodautoscalers",
                old: """
                    {apiVersion: autoscaling/v1, kind: HorizontalPodAutoscaler, metadata: {name: a, namespace: NAMESPACE},
                     spec: {maxReplicas: 3, targetCPUUtilizationPercentage: 80,
                     scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}}}
                    """,
                new: """
                    {apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: a, namespace: NAMESPACE},
                     spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a},
                     metrics: [{type: Resource, resource: {name: memory, target: {type: AverageValue, averageValue: 1Gi}}}]}}
                    """,
                gone: ["spec/targetCPUUtilizationPercentage"],
            ),
        ]

    /// The managers that made the object before.
    enum Origin: String, Sendable, CaseIterable {
        /// The agent itself.
        case agent
        /// Client-side kubectl.
        case kubectl
        /// A manager that the task file lists.
        case listed
        /// A listed manager that applies, such as server-side kubectl, and owns no defaults.
        case applying
    }

    private func value(_ path: String, in object: Node?) -> Node? {
        path.split(separator: "/").reduce(object) { node, key in Int(key).map { node?[$0] ?? nil } ?? node?[String(key)]
        }
    }

    /// Makes the old state of an object, and returns the session and the path of the object.
    private func begin(_ change: Change, _ origin: Origin) async throws -> (Session, path: String, new: String) {
        var (session, namespace) = try await Session.inNewNamespace()
        func named(_ text: String) -> String { text.replacing("NAMESPACE", with: namespace) }
        let (resource, old) = (named(change.resource), named(change.old))
        let path = "\(resource)/\(try node(old)["metadata"]?["name"]?.string ?? "")"
        switch origin {
        case .agent: #expect(await session.apply(old).allSatisfy { $0.hasPrefix("created ") })
        case .kubectl:
            let applied = String(decoding: try node(old).json(), as: UTF8.self)
            let key = "kubectl.kubernetes.io/last-applied-configuration"
            let annotations = String(decoding: Node.mapping([key: .string(applied)]).json(), as: UTF8.self)
            let annotated = old.replacing("metadata: {name: ", with: "metadata: {annotations: \(annotations), name: ")
            try await session.update("POST", annotated, at: resource, as: "kubectl-client-side-apply")
        case .listed:
            try await session.update("POST", old, at: resource, as: "deploy@server1")
            session.takenManagers = ["deploy@*"]
        case .applying:
            try await session.update(
                "PATCH",
                old,
                at: path,
                as: "kubectl",
                contentType: "application/apply-patch+yaml"
            )
            session.takenManagers = ["kubectl"]
        }
        return (session, path, named(change.new))
    }

    @Test func `a field of a manager that nobody named stays, and is refused`() async throws {
        var (session, path, new) = try await begin(Self.changes[0], .listed)
        session.takenManagers = []
        let refused = await session.apply(new)
        #expect(refused.count == 1)
        #expect(refused[0].contains("livenessProbe.tcpSocket' is refused: "), "\(refused)")
        #expect(
            value("spec/template/spec/containers/0/livenessProbe/tcpSocket", in: try await session.object(path)) != nil
        )
    }

    @Test(arguments: changes + pairs, Origin.allCases)
    func `a change is planned, made, and then nothing is left to change`(change: Change, origin: Origin) async throws {
        let (session, path, new) = try await begin(change, origin)
        let generation = try await session.object(path)?["metadata"]?["generation"]
        let planned = await session.apply(new, dryRunOverlay: DryRunOverlay())
        #expect(planned.count == 1 && planned[0].hasPrefix("configured "), "\(planned)")
        #expect(try await session.object(path)?["metadata"]?["generation"] == generation)
        let made = await session.apply(new)
        #expect(made.count == 1 && made[0].hasPrefix("configured "), "\(made)")
        let live = try await session.object(path)
        for field in change.gone { #expect(value(field, in: live) == nil, "\(field) in \(String(describing: live))") }
        let again = await session.apply(new)
        #expect(again.count == 1 && again[0].hasPrefix("unchanged "), "\(again)")
    }
}
