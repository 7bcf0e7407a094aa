@testable import Actions
import Base
import Kubernetes
import TestSupport
import Testing

/// What a failure is reported beyond what the server knows.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct DependencyHintsTests {
    private static let tasks = """
        tasks:
          brings: {apply: {kubeconfig: /k, manifests: [crd.yaml]}}
          after: {after: [brings], apply: {kubeconfig: /k, manifests: [duck.yaml]}}
          beside: {apply: {kubeconfig: /k, manifests: [duck.yaml, none.yaml]}}
        """

    private static let duck = GroupVersionKind(group: "example.org", version: "v1", kind: "Duck")
    private static let goose = GroupVersionKind(group: "example.org", version: "v1", kind: "Goose")
    private static let dukc = GroupVersionKind(group: "example.org", version: "v1", kind: "Dukc")

    /// What becomes of a failure in a task.
    private func enriched(
        _ cause: ObjectFailure.Cause,
        in task: String,
        callArguments: [String] = [],
    ) async throws -> String {
        var reported = ""
        try await withBench(Self.tasks) { bench in
            let definition = """
                apiVersion: apiextensions.k8s.io/v1
                kind: CustomResourceDefinition
                metadata: {name: ducks.example.org}
                spec: {group: example.org, names: {kind: Duck, plural: ducks}, versions: []}
                """
            try bench.write(
                "\(definition)\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: pond}\n",
                to: "crd.yaml"
            )
            try bench.write("apiVersion: example.org/v1\nkind: Duck\nmetadata: {name: d}\n", to: "duck.yaml")
            let object = ObjectIdentity(type: Self.duck, namespace: nil, name: "d")
            let location = SourceLocation(file: "duck.yaml")
            let fault = Problem("is missed", at: location, hint: "old hint")
            let failure = ObjectFailure(object: object, cause: cause, faults: [fault])
            let hints = DependencyHints(context: try bench.context(task, callArguments: callArguments))
            let problems = await hints.add(to: [failure]).flatMap(\.problems)
            reported = problems.map { "\($0)" }.joined(separator: "\n").replacing(bench.directory, with: "DIR")
        }
        return reported
    }

    @Test(
        arguments: [
            (
                .missingKind(duck), "beside",
                "; task 'brings' provides it (DIR/crd.yaml:1:1); write 'after: [brings]' in"
            ),
            (
                .missingKind(duck), "after",
                "; task 'brings' provides it (DIR/crd.yaml:1:1); run 'nest-bootstrap run --task"
            ),
            (
                .missingNamespace("pond"), "brings",
                "; task 'brings' provides it (DIR/crd.yaml:6:1); see why that object"
            ),
            (.missingKind(dukc), "beside", "; no task of this node provides it; did you mean 'kind: Duck'?"),
            (.missingKind(goose), "beside", "; no task of this node provides it; old hint"),
            (.missingNamespace("sea"), "beside", "; no task of this node provides it; old hint"),
            (.forbidden, "beside", "; old hint"),
        ] as [(ObjectFailure.Cause, String, String)]
    )
    func `a failure names the task that provides what is missing`(
        cause: ObjectFailure.Cause,
        task: String,
        expected: String,
    ) async throws {
        let reported = try await enriched(cause, in: task)
        #expect(reported.hasPrefix("duck.yaml: Duck/d: is missed\(expected)"), "\(reported)")
    }

    /// The flags of a call about another node than this machine.
    private static let flags = ["--role", "worker", "--root", "/tmp/r 14"]

    @Test func `the call that runs the providing task is about the same node`() async throws {
        let reported = try await enriched(.missingKind(Self.duck), in: "after", callArguments: Self.flags)
        let call = "nest-bootstrap run --task brings --role worker --root '/tmp/r 14'"
        #expect(reported.hasSuffix("; run \(call) again"), "\(reported)")
    }

    @Test func `the call that writes a missing kubeconfig is about the same node`() async throws {
        let tasks = """
            tasks:
              kc:
                kubeconfig: {path: /k, user: u, server: 'https://x', certificateAuthority: /a, certificate: /c, key: /y}
              uses: {after: [kc], apply: {kubeconfig: /k, manifests: [duck.yaml]}}
            """
        try await withBench(tasks) { bench in
            let context = try bench.context("uses", callArguments: Self.flags)
            let problem = await #expect(throws: Problem.self) {
                _ = try await context.run.connections.client(kubeconfig: "/k", context)
            }
            let call = "nest-bootstrap run --task kc --role worker --root '/tmp/r 14'"
            #expect(problem?.hint == "task 'kc' writes it: run \(call)")
        }
    }
}
