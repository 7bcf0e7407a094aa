import TestSupport
import Testing

/// Private keys in everything that the program writes but the kubeconfig.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct KeyTextTests {
    @Test(arguments: ["path", "inline"])
    func `no part of a private key is in any output or record`(credentials: String) async throws {
        let authority = try TestAuthority()
        // The files exist as long as it does.
        defer { withExtendedLifetime(authority) {} }
        let client = try authority.issue("client")
        let other = try authority.issue("other")
        let tasks = [("fine", client.keyPath), ("foreign", other.keyPath), ("broken", authority.path("broken.key"))]
        let lines = tasks.map { name, key in
            "  \(name): {kubeconfig: {path: /etc/\(name), user: u, certificate: \(client.certificatePath), key: \(key), "
                + "credentials: \(credentials)}}\n"
        }
        let cluster = "{servers: 'https://127.0.0.1:1', certificateAuthority: \(authority.certificatePath)}"
        let node = try TestNode("cluster: \(cluster)\ntasks:\n\(lines.joined())")
        let key = try Files.text(client.keyPath)
        try authority.write(String(key.dropLast(40)), to: "broken.key")
        try Files.setMode(authority.path("broken.key"), 0o600)
        // A line of the key, and the same as it is in a kubeconfig.
        let middle = key.split(separator: "\n")[1]
        let encoded = base64(Array(key.utf8))
        let markers = [String(middle.prefix(24)), String(encoded.dropFirst(80).prefix(24))]
        var outputs: [String] = []
        let commands = [
            ["check"], ["run", "--dry-run"], ["diff"], ["run"], ["diff"], ["status"], ["graph"],
            ["run", "--output", "json"], ["diff", "--output", "json"], ["status", "--output", "json"],
        ]
        for command in commands {
            let result = await (try node.start(command)).result()
            outputs.append(result.output + result.errors)
        }
        #expect(outputs[3].contains("does not belong to certificate"), "\(outputs[3])")
        for marker in markers {
            #expect(marker.count == 24)
            for (command, output) in zip(commands, outputs) {
                #expect(!output.contains(marker), "\(command): \(output)")
            }
            let records = try await Tool("grep", ["-rlF", "--", marker, node.written("/run")]).result()
            #expect(records.output == "")
        }
        // The markers are in what is written, so they are the right ones.
        let written = try Files.text(node.written("/etc/fine"))
        #expect(written.contains(markers[1]) == (credentials == "inline"))
    }
}
