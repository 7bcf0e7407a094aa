import Base
@testable import Kubernetes
import TestSupport
import Testing

/// Objects that other managers have applied.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct SharedOwnershipTests {
    /// Kinds of values that the server returns in another form than it was sent.
    private static let forms = [
        // Defaults in an atomic value, zero and empty values, canonical quantities.
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: a, namespace: NAMESPACE}
        spec:
          minReadySeconds: 0
          # Without it the controller writes annotations.
          paused: true
          selector: {matchLabels: {a: b}}
          template:
            metadata: {labels: {a: b}}
            spec:
              imagePullSecrets: []
              containers:
              - name: c
                image: x
                args: []
                env:
                - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
                - {name: EMPTY, value: ""}
                resources: {limits: {cpu: 1000m, memory: 1Gi}}
                readinessProbe: {initialDelaySeconds: 0, httpGet: {port: 80}}
                volumeMounts: [{name: v, mountPath: /v, readOnly: false, subPath: ""}]
              volumes: [{name: v, emptyDir: {sizeLimit: 1000Mi}}]
        """,
        """
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: a, namespace: NAMESPACE}
        spec:
          serviceName: s
          selector: {matchLabels: {a: b}}
          template:
            metadata: {labels: {a: b}}
            spec: {containers: [{name: c, image: x}]}
          volumeClaimTemplates:
          - metadata: {name: v}
            spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
        """,
        // What can only be written.
        "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: NAMESPACE}, stringData: {a: '1', b: '2'}}",
        """
        apiVersion: v1
        kind: Service
        metadata: {name: a, namespace: NAMESPACE}
        spec: {selector: {a: b}, ports: [{port: 80, protocol: TCP, nodePort: 0}]}
        """,
        """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: widgets.NAMESPACE.test}
        spec:
          group: NAMESPACE.test
          scope: Namespaced
          preserveUnknownFields: false
          names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
          versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
        """,
    ]

    private func path(of manifest: String, on session: Session) async throws -> String {
        let identity = try #require(try manifests(manifest).first?.identity)
        return try await session.client.path(of: identity, until: .now + .seconds(600)).text
    }

    /// The fields of a manager in the managed fields of an object.
    private func fields(of manager: String, in object: Node?) -> [Node] {
        (object?["metadata"]?["managedFields"]?.sequence ?? []).filter { $0["manager"]?.string == manager }
            .compactMap { $0["fieldsV1"] }
    }

    /// The managed fields of those who apply, with the times; controllers change the status of workloads.
    private func appliers(of object: Node?) -> [Node] {
        (object?["metadata"]?["managedFields"]?.sequence ?? []).filter { $0["operation"]?.string == "Apply" }
    }

    private func content(_ object: Node?) -> [Difference.Field] {
        Difference(from: .mapping([:]), to: object ?? .null(), hasStatusSubresource: true).fields
            .filter { !$0.path.contains("managed-by") && !$0.path.contains("nest-bootstrap") }
    }

    @Test(arguments: forms, [false, true])
    func `an object that another manager has applied from the same manifest is no conflict`(
        form: String,
        forceConflicts: Bool
    ) async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let manifest = form.replacing("NAMESPACE", with: namespace)
        let path = try await path(of: manifest, on: session)
        try await session.write(manifest, to: path, as: "kubectl")
        let before = try await session.object(path)
        let first = await session.apply(manifest, forceConflicts: forceConflicts)
        #expect(first.count == 1)
        #expect(first.first?.hasPrefix("configured ") == true, "\(first)")
        let after = try await session.object(path)
        #expect(!fields(of: "nest-bootstrap", in: after).isEmpty)
        let beforeWithoutMetadata = content(before).filter { !$0.path.hasPrefix("metadata") }
        #expect(content(after).filter { !$0.path.hasPrefix("metadata") } == beforeWithoutMetadata)

        let second = await session.apply(manifest, forceConflicts: forceConflicts)
        #expect(second.first?.hasPrefix("unchanged ") == true, "\(second)")
        // Kubernetes 1.29 stores an object with an empty list again each time that it is applied, 1.34 does not.
        if try await TestCluster.minorVersion() >= 34 || !form.contains(": []") {
            #expect(appliers(of: try await session.object(path)) == appliers(of: after))
        }
        // The other manager may take the values back that the server writes in another form, and nothing changes.
        try await session.write(manifest, to: path, as: "kubectl")
        _ = await session.apply(manifest, forceConflicts: forceConflicts)
        #expect(content(try await session.object(path)) == content(after))
    }

    private static let deployment = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: a, namespace: NAMESPACE}
        spec:
          replicas: 1
          paused: true
          selector: {matchLabels: {a: b}}
          template:
            metadata: {labels: {a: b}}
            spec:
              containers:
              - name: c
                image: x
                env: [{name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
                resources: {limits: {cpu: 1000m, memory: 1024Mi}}
        """

    @Test func `only fields that differ are conflicts, and only they are taken`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let theirs = Self.deployment.replacing("NAMESPACE", with: namespace)
        let path = "/apis/apps/v1/namespaces/\(namespace)/deployments/a"
        try await session.write(theirs, to: path, as: "kubectl")
        let ours = theirs.replacing("image: x", with: "image: z").replacing("cpu: 1000m", with: "cpu: 500m")
        let time = try await session.object(path)?["metadata"]?["managedFields"]?[0]?["time"]?.string ?? ""
        let reported = await session.apply(ours)
        let container = #"spec.template.spec.containers[name="c"]"#
        let end = "take it with 'apply: {conflicts: force}' in task 't', or remove it here"
        let subject = "Deployment/\(namespace)/a: field '\(container)"
        let owner = "is owned by 'kubectl', which last wrote at \(time):"
        #expect(
            reported.flatMap { $0.split(separator: "\n") } == [
                #"m.yaml:13:9: \#(subject).image' \#(owner) "x" on the server, "z" here; \#(end)"#,
                #"m.yaml:15:30: \#(subject).resources.limits.cpu' \#(owner) "1" on the server, "500m" here; \#(end)"#,
            ]
        )
        let taken = await session.apply(ours, forceConflicts: true)
        #expect(taken.first?.hasPrefix("configured Deployment/\(namespace)/a\n") == true, "\(taken)")
        let object = try await session.object(path)
        let left = FieldSet(fields(of: "kubectl", in: object).first)
        let item = ["f:spec", "f:template", "f:spec", "f:containers", #"k:{"name":"c"}"#]
        #expect(!left.has(item + ["f:image"]) && left.has(item + ["f:name"]))
        #expect(await session.apply(ours, forceConflicts: true) == ["unchanged Deployment/\(namespace)/a"])
    }

    @Test func `a Helm release keeps what differs, and its label`() async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        let path = "/api/v1/namespaces/\(namespace)/configmaps"
        let object = """
            {apiVersion: v1, kind: ConfigMap, metadata: {name: a, labels: {app.kubernetes.io/managed-by: Helm},
             annotations: {meta.helm.sh/release-name: web, meta.helm.sh/release-namespace: prod}}, data: {a: '1', b: '2'}}
            """
        try await session.update("POST", object, at: path, as: "helm")
        let manifest = """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: a, namespace: \(namespace)}
            data: {a: "1", b: "2"}
            """
        #expect(
            await session.apply(manifest) == [
                "configured ConfigMap/\(namespace)/a\n  metadata.annotations[nest-bootstrap/task]"
            ]
        )
        #expect(await session.apply(manifest, forceConflicts: true) == ["unchanged ConfigMap/\(namespace)/a"])
        let live = try await session.object("\(path)/a")
        #expect(live?["metadata"]?["labels"] == (try node("{app.kubernetes.io/managed-by: Helm}")))
        let lines = await session.apply(manifest.replacing(#"b: "2""#, with: #"b: "3""#))
        let words = "m.yaml:4:16: ConfigMap/\(namespace)/a: field 'data.b' is owned by 'helm', which last wrote at "
        #expect(lines.count == 1 && lines[0].hasPrefix(words), "\(lines)")
    }
}
