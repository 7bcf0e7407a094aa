import Base
@testable import Kubernetes
import TestSupport
import Testing

/// What a dry run shows of objects that kubectl created without server-side apply, against what the run then does.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct MigrationPreviewTests {
    /// How an object got onto the server.
    enum Origin: String, CaseIterable {
        case apply, createAndReplace, applyAndEdit
    }

    /// An object in three states: as it was created, as kubectl changed it, and as the manifest has it.
    struct Example: CustomTestStringConvertible {
        var testDescription: String
        var collection: String
        var first: String
        var second: String
        var manifest: String
    }

    private static func configMap(_ data: String) -> String {
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: NS, labels: {l: z}}\ndata: \(data)"
    }

    private static func secret(_ data: String) -> String {
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: NS}\n\(data)"
    }

    private static func deployment(_ container: String, _ more: String = "", _ pod: String = "") -> String {
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: a, namespace: NS}
        spec:
          selector: {matchLabels: {a: b}}
          \(more)
          template:
            metadata: {labels: {a: b}}
            spec:
              \(pod)
              containers:
              - {name: c, image: x, \(container)}
        """
    }

    private static let deployments = "/apis/apps/v1/namespaces/NS/deployments"

    static let examples = [
        Example(
            testDescription: "ConfigMap",
            collection: "/api/v1/namespaces/NS/configmaps",
            first: configMap("{kept: '1', gone: '2'}"),
            second: configMap("{kept: '1', gone: '2', added: '3'}"),
            manifest: configMap("{kept: '1', new: '4'}"),
        ),
        Example(
            testDescription: "Secret with stringData",
            collection: "/api/v1/namespaces/NS/secrets",
            first: secret("stringData: {kept: '1', gone: '2'}"),
            second: secret("stringData: {kept: '1', gone: '2', added: '3'}"),
            manifest: secret("stringData: {kept: '1', new: '4'}"),
        ),
        Example(
            testDescription: "fields with defaults, a whole map, ports, an atomic list",
            collection: deployments,
            first: deployment(
                "args: [a, b], ports: [{containerPort: 80}, {containerPort: 81, protocol: UDP}], resources: {limits: {cpu: 1}}",
                "minReadySeconds: 5\n  replicas: 3",
                "nodeSelector: {a: b}\n      terminationGracePeriodSeconds: 5"
            ),
            second: deployment(
                "args: [a, b], ports: [{containerPort: 80}, {containerPort: 81, protocol: UDP}], resources: {limits: {cpu: 1}}",
                "minReadySeconds: 5\n  replicas: 3\n  revisionHistoryLimit: 2",
                "nodeSelector: {a: b}\n      terminationGracePeriodSeconds: 5"
            ),
            manifest: deployment("ports: [{containerPort: 80}]"),
        ),
        Example(
            testDescription: "containers and volumes",
            collection: deployments,
            first: deployment(
                "volumeMounts: [{name: v, mountPath: /v}]}\n      - {name: d, image: z, env: [{name: A, value: a}]",
                "",
                "volumes: [{name: v, emptyDir: {}}]"
            ),
            second: deployment(
                "volumeMounts: [{name: v, mountPath: /v}]}\n      - {name: d, image: z, env: [{name: A, value: a}, {name: B, value: b}]",
                "",
                "volumes: [{name: v, emptyDir: {}}]"
            ),
            manifest: deployment("env: [{name: B, value: b}]"),
        ),
    ]

    private func annotated(_ text: String) throws -> String {
        var root = try node(text)
        let applied = String(decoding: root.json(), as: UTF8.self)
        guard var mapping = root.mapping, var metadata = mapping["metadata"]?.mapping else { return text }
        metadata["annotations"] = .mapping(["kubectl.kubernetes.io/last-applied-configuration": .string(applied)])
        mapping["metadata"] = Node(.mapping(metadata), location: root.location)
        root.content = .mapping(mapping)
        return String(decoding: root.json(), as: UTF8.self)
    }

    private func create(_ example: Example, _ origin: Origin, _ session: Session) async throws {
        let item = "\(example.collection)/a"
        switch origin {
        case .apply, .applyAndEdit:
            let (path, manager) = (example.collection, "kubectl-client-side-apply")
            try await session.update("POST", annotated(example.first), at: path, as: manager)
            guard origin == .applyAndEdit else { return }
            try await session.update("PUT", annotated(example.second), at: item, as: "kubectl-edit")
        case .createAndReplace:
            try await session.update("POST", example.first, at: example.collection, as: "kubectl-create")
            try await session.update("PUT", example.second, at: item, as: "kubectl-replace")
        }
    }

    @Test(arguments: Origin.allCases, examples)
    func `a dry run shows what the run does`(origin: Origin, example: Example) async throws {
        let (session, namespace) = try await Session.inNewNamespace()
        var example = example
        for path in [\Example.collection, \.first, \.second, \.manifest] {
            example[keyPath: path].replace("NS", with: namespace)
        }
        try await create(example, origin, session)
        let path = "\(example.collection)/a"
        let before = try #require(try await session.object(path))
        let planned = await session.apply(example.manifest, dryRunOverlay: DryRunOverlay())
        // The controllers of the cluster update a Deployment meanwhile, and a move of fields is repeated then.
        let retryPolicy = Session.retryPolicy(gracePeriod: .seconds(120))
        let run = await session.apply(example.manifest, retryPolicy: retryPolicy)
        let after = try #require(try await session.object(path))
        let type = try manifests(example.manifest)[0].identity.type
        let difference = Difference.lines(from: before, to: after, of: type, hasStatusSubresource: true)
        let plannedFields = planned.flatMap { $0.split(separator: "\n").dropFirst().map { String($0.dropFirst(2)) } }
        #expect(plannedFields.sorted() == difference.sorted(), "\(planned) \(run)")
        // Also an object of which only the field managers change counts in both.
        let words = [planned, run].map { $0.map { $0.prefix { $0 != " " } } }
        #expect(words[0] == words[1], "\(planned) \(run)")
        let second = await session.apply(example.manifest)
        #expect(!second.isEmpty && second.allSatisfy { $0.hasPrefix("unchanged ") }, "\(second)")
    }
}
