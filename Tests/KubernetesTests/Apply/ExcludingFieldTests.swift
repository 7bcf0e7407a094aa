import Base
import TestSupport
import Testing
import YAML
@testable import Kubernetes

/// Fields that exclude each other, of which the live object has one that is not in the manifest.
@Suite(.tags(.everyServer), .needsAPIServer, .timeLimit(.minutes(30)))
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

        /// A change of a Deployment whose pod or strategy differs.
        static func deployment(
            _ name: String,
            old: (spec: String, pod: String),
            new: (spec: String, pod: String),
            gone: String...,
        ) -> Self {
            func text(_ spec: String, _ pod: String) -> String {
                "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: NAMESPACE}, spec: {\(spec)"
                    + "selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {\(pod)}}}}"
            }
            return Change(
                name: name,
                resource: "/apis/apps/v1/namespaces/NAMESPACE/deployments",
                old: text(old.spec, old.pod),
                new: text(new.spec, new.pod),
                gone: gone
            )
        }

        /// A change of a container of a Deployment.
        static func container(_ name: String, _ old: String, _ new: String, gone: String...) -> Self {
            let pod = { (more: String) in "containers: [{name: c, image: i, \(more)}]" }
            let paths = gone.map { "spec/template/spec/containers/0/\($0)" }
            let change = deployment(name, old: ("", pod(old)), new: ("", pod(new)))
            return Change(name: name, resource: change.resource, old: change.old, new: change.new, gone: paths)
        }

        /// A change of a Service.
        static func service(_ name: String, _ old: String, _ new: String, gone: String...) -> Self {
            func text(_ spec: String) -> String {
                "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: NAMESPACE}, spec: {\(spec)}}"
            }
            let resource = "/api/v1/namespaces/NAMESPACE/services"
            return Change(name: name, resource: resource, old: text(old), new: text(new), gone: gone)
        }
    }

    static let changes: [Change] = [
        .container(
            "the handler of a probe",
            "livenessProbe: {tcpSocket: {port: 80}}",
            "livenessProbe: {httpGet: {port: 80}}",
            gone: "livenessProbe/tcpSocket"
        ),
        .container(
            "the handler of a probe, and its image",
            "readinessProbe: {exec: {command: [a]}, periodSeconds: 7}",
            "readinessProbe: {tcpSocket: {port: 80}}, imagePullPolicy: Never",
            gone: "readinessProbe/exec"
        ),
        .container(
            "the handler of a hook",
            "lifecycle: {preStop: {exec: {command: [a]}}}",
            "lifecycle: {preStop: {httpGet: {port: 80}}}",
            gone: "lifecycle/preStop/exec"
        ),
        .container(
            "a variable that gets its value from elsewhere",
            "env: [{name: A, value: x}, {name: B, value: other}]",
            "env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}, {name: B, value: other}]",
            gone: "env/0/value"
        ),
        .container(
            "a variable that no longer gets its value from elsewhere",
            "env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]",
            "env: [{name: A, value: x}]",
            gone: "env/0/valueFrom"
        ),
        .container(
            "the protocol of a port",
            "ports: [{name: dns, containerPort: 53, protocol: UDP}]",
            "ports: [{name: dns, containerPort: 53, protocol: TCP}]",
            gone: "ports/1"
        ),
        .deployment(
            "the type of a volume",
            old: ("", "containers: [{name: c, image: i}], volumes: [{name: v, emptyDir: {}}]"),
            new: ("", "containers: [{name: c, image: i}], volumes: [{name: v, configMap: {name: m}}]"),
            gone: "spec/template/spec/volumes/0/emptyDir"
        ),
        .deployment(
            "the type of a volume that had none",
            old: ("", "containers: [{name: c, image: i}], volumes: [{name: v}]"),
            new: ("", "containers: [{name: c, image: i}], volumes: [{name: v, configMap: {name: m}}]"),
            gone: "spec/template/spec/volumes/0/emptyDir"
        ),
        .deployment(
            "the strategy, whose settings are defaults",
            old: ("", "containers: [{name: c, image: i}]"),
            new: ("strategy: {type: Recreate}, ", "containers: [{name: c, image: i}]"),
            gone: "spec/strategy/rollingUpdate"
        ),
        .deployment(
            "the strategy, whose settings were written",
            old: (
                "strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 2}}, ", "containers: [{name: c, image: i}]"
            ),
            new: ("strategy: {type: Recreate}, ", "containers: [{name: c, image: i}]"),
            gone: "spec/strategy/rollingUpdate"
        ),
        // The server does not refuse it, but gives the field its value again, from the deprecated name.
        .deployment(
            "no ServiceAccount any more",
            old: ("", "containers: [{name: c, image: i}], serviceAccountName: s"),
            new: ("", "containers: [{name: c, image: i}]"),
            gone: "spec/template/spec/serviceAccountName",
            "spec/template/spec/serviceAccount"
        ),
        .service(
            "a Service that becomes a name",
            "selector: {a: b}, ports: [{port: 80, protocol: TCP}]",
            "type: ExternalName, externalName: example.com",
            gone: "spec/clusterIP",
            "spec/clusterIPs"
        ),
        .service(
            "a Service that is no longer a name",
            "type: ExternalName, externalName: example.com",
            "selector: {a: b}, ports: [{port: 80, protocol: TCP}]",
            gone: "spec/externalName"
        ),
        .service(
            "a Service that is no longer reached at nodes",
            "type: NodePort, externalTrafficPolicy: Local, selector: {a: b}, ports: [{port: 80, protocol: TCP}]",
            "type: ClusterIP, selector: {a: b}, ports: [{port: 80, protocol: TCP}]",
            gone: "spec/externalTrafficPolicy",
            "spec/ports/0/nodePort"
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
        switch origin {
        case .agent: #expect(await session.apply(old).allSatisfy { $0.hasPrefix("created ") })
        case .kubectl:
            let applied = String(decoding: try node(old).json(), as: UTF8.self)
            let key = "kubectl.kubernetes.io/last-applied-configuration"
            let annotations = String(decoding: Node.mapping([key: .string(applied)]).json(), as: UTF8.self)
            let annotated = old.replacing("metadata: {name: a", with: "metadata: {annotations: \(annotations), name: a")
            try await session.update("POST", annotated, at: resource, as: "kubectl-client-side-apply")
        case .listed:
            try await session.update("POST", old, at: resource, as: "deploy@server1")
            session.takenManagers = ["deploy@*"]
        case .applying:
            try await session.update(
                "PATCH",
                old,
                at: "\(resource)/a",
                as: "kubectl",
                contentType: "application/apply-patch+yaml"
            )
            session.takenManagers = ["kubectl"]
        }
        return (session, "\(resource)/a", named(change.new))
    }

    @Test func `a field of a manager that nobody named stays, and the refusal says whose it is`() async throws {
        var (session, path, new) = try await begin(Self.changes[0], .listed)
        session.takenManagers = []
        let refused = await session.apply(new)
        #expect(refused.count == 1)
        let expected = #/'[^']*livenessProbe\.tcpSocket' is refused: .*; it belongs to 'deploy@server1' since \S+Z; /#
        #expect(refused[0].contains(expected), "\(refused)")
        #expect(
            refused[0].hasSuffix("to take its fields over, write takeOver: ['deploy@server1'] below apply:"),
            "\(refused)"
        )
        #expect(
            value("spec/template/spec/containers/0/livenessProbe/tcpSocket", in: try await session.object(path)) != nil
        )
    }

    @Test(arguments: changes, Origin.allCases)
    func `a change is rehearsed, made, and then nothing is left to change`(change: Change, origin: Origin) async throws
    {
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
