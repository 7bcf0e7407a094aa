import TestSupport
import Testing

/// The largest files and task files, one after the other: they would keep both cores from the other tests.
@Suite(.temporaryDirectory, .serialized, .timeLimit(.minutes(15)))
struct ScaleTests {
    /// 52 MB: four million keys in one document, each twice in another, and a thousand in each of four thousand.
    @Test(arguments: [
        (
            "seq -f '  k%08.0f: x' 4000000",
            "document is too large: with aliases expanded it exceeds the limit of 1000000 nodes"
        ),
        ("seq -f '  k%.0f: x' 200000; seq -f '  k%.0f: x' 200000", "too many problems: the limit is 100 a document"),
        (
            "seq -f '  k%08.0f: x' 4000000 | awk -v head=\"$HEAD\" 'NR % 1000 == 0 { print head NR \"}\\ndata:\" } 1'",
            "1 task for this node, nothing wrong"
        ),
    ])
    func `millions of keys are refused, or read in bounded time and memory`(keys: String, words: String) async throws {
        let node = try TestNode("tasks: {a: {apply: {kubeconfig: kc, manifests: [m.yaml]}}}\n")
        let kubeconfig = """
            {kind: Config, current-context: a, contexts: [{name: a, context: {cluster: a, user: a}}],
             clusters: [{name: a, cluster: {server: "https://127.0.0.1:1"}}], users: [{name: a, user: {token: a}}]}
            """
        try node.write(kubeconfig, to: "kc", mode: 0o600)
        // Seconds of the processor and kilobytes: on a busy machine the time means nothing.
        let script = """
            HEAD="---\\napiVersion: v1\\nkind: ConfigMap\\nmetadata: {namespace: a, name: a"
            { printf '%b\\n' "${HEAD}0}\\ndata:"; \(keys); } >"$1/m.yaml"
            ulimit -t 60 -v 2000000
            exec "$0" check --config "$1/bootstrap.yaml"
            """
        let result = try await Tool.run(
            "sh",
            ["-c", script, TestNode.program, node.directory],
            environment: ["NEST_ROLE": nil]
        )
        let lines = result.outputLines + result.errorLines
        #expect(lines.contains { $0.contains(words) }, "\(result.status) \(lines.prefix(5))")
    }
}
