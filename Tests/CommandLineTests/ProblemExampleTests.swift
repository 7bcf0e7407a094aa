import Base
import TestSupport
import Testing

/// The examples of the codes have the problems that they explain.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct ProblemExampleTests {
    /// The files of an example, `nil` for one that is a message.
    private func node(of explanation: ProblemExplanation) throws -> TestNode? {
        switch explanation.example {
        case .message: return nil
        case .taskFile(let text): return try TestNode(text + "\n")
        case .manifest(let text):
            let node = try TestNode("tasks:\n  a: {apply: {kubeconfig: /etc/admin.conf, manifests: [manifest.yaml]}}\n")
            try node.write(text + "\n", to: "manifest.yaml")
            return node
        }
    }

    @Test(arguments: ProblemCode.allCases)
    func `an example has the problem of its code and no other`(code: ProblemCode) async throws {
        guard let node = try node(of: code.explanation) else { return }
        let result = await callProgram(["check", "--offline", "--output", "json", "--config", node.config])
        let found = try ["problems", "warnings"].flatMap { try result.output.json[$0]?.sequence ?? [] }
        #expect(!found.isEmpty)
        #expect(found.allSatisfy { $0["code"]?.string == code.rawValue }, "\(result.output)")
    }

    @Test func `many codes have an example that is checked`() throws {
        let messages = ProblemCode.allCases.filter { if case .message = $0.explanation.example { true } else { false } }
        #expect(messages.count < ProblemCode.allCases.count * 2 / 3)
    }

    @Test func `a code is explained, in upper and lower case, also for programs`() async throws {
        let explained = await callProgram(["explain", "nb0201"])
        #expect(explained.status == 0 && explained.output.hasPrefix("NB0201: Unknown key\n\n"), "\(explained.output)")
        for part in ["\nFix: Use the key", "A task file with this problem:\n  tasks:\n", "comand"] {
            #expect(explained.output.contains(part), "\(part)")
        }
        let object = try (await callProgram(["explain", "NB0201", "--output", "json"])).output.json
        #expect(object["code"]?.string == "NB0201" && object["title"]?.string == "Unknown key")
        #expect(object["cause"] != nil && object["fix"] != nil && object["example"] != nil)
    }

    @Test func `a code that does not exist is wrong usage`() async throws {
        let unknown = await callProgram(["explain", "NB0999"])
        #expect(unknown.status == 64)
        #expect(unknown.errors.contains("unknown code 'NB0999' (near codes are NB090"), "\(unknown.errors)")
    }
}
