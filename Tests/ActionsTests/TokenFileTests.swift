import TestSupport
import Testing

@testable import Actions

@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
struct TokenFileTests {
    @Test func `the token file of a kubeconfig must be there, unless a task writes it`() async throws {
        let kubeconfig = """
            current-context: c
            contexts: [{name: c, context: {cluster: c, user: u}}]
            clusters: [{name: c, cluster: {server: "https://h:6443"}}]
            users: [{name: u, user: {tokenFile: token}}]
            """
        try await withBench("tasks: {a: {wait: {apiServer: k}}}") { bench in
            try bench.write(kubeconfig, to: "k")
            let missing = await bench.problems()
            #expect(
                missing == [
                    "DIR/k: 'tokenFile': cannot read 'DIR/token': No such file or directory; "
                        + "put the file there, or correct 'tokenFile'"
                ]
            )
            try bench.write("a b", to: "token")
            #expect(
                await bench.problems() == [
                    "DIR/k: 'tokenFile' 'DIR/token' contains no valid token; write the token as one line without spaces"
                ]
            )
            try bench.write("t\n", to: "token")
            #expect(await bench.problems() == [])
            // Beside another problem.
            try bench.write(kubeconfig.replacing("server:", with: "certificate-authority: ca, server:"), to: "k")
            try bench.write("", to: "token")
            let both = await bench.problems()
            #expect(both.count == 2 && both.contains { $0.contains("no valid token") }, "\(both)")
        }
        let tasks = """
            tasks:
              token: {file: {path: /nowhere/token, content: t, owner: root}}
              a: {after: [token], wait: {apiServer: k}}
            """
        try await withBench(tasks) { bench in
            try bench.write(kubeconfig.replacing("tokenFile: token", with: "tokenFile: /nowhere/token"), to: "k")
            #expect(await bench.problems() == [])
        }
    }
}
