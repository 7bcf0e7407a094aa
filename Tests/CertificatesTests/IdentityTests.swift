import Base
import Host
import TestSupport
import Testing

@testable import Certificates

@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct IdentityTests {
    @Test(arguments: [("ed25519", ""), ("ed25519", "nest secret"), ("rsa", ""), ("rsa", "nest secret")])
    func `a password of an SSH key is noticed`(type: String, password: String) async throws {
        let path = TemporaryDirectory.file("key")
        let made = try await Tool.run("ssh-keygen", ["-q", "-t", type, "-N", password, "-f", path])
        try #require(made.status == 0, "\(made.errors)")
        #expect(NodeIdentity(reading: path).needsPassword == !password.isEmpty)
    }

    @Test func `a key of age has none, unless it is encrypted itself`() async throws {
        let path = TemporaryDirectory.file("key")
        try #require(try await Tool.run("age-keygen", ["-o", path]).status == 0)
        #expect(!NodeIdentity(reading: path).needsPassword)
        let recipient = try await Tool.run("age-keygen", ["-y", path]).output.filter { !$0.isNewline }
        for flags in [[], ["-a"]] {
            let result = try await Tool.run("age", ["-r", recipient, "-o", "\(path).age"] + flags + [path])
            try #require(result.status == 0)
            #expect(NodeIdentity(reading: "\(path).age").needsPassword)
        }
    }

    @Test func `a private key of a type that age does not read is refused`() async throws {
        let path = TemporaryDirectory.file("key")
        try #require(try await Tool.run("ssh-keygen", ["-q", "-t", "ecdsa", "-N", "", "-f", path]).status == 0)
        #expect(throws: Problem.self) { try NodeIdentity.check(path) }
        let locked = TemporaryDirectory.file("locked")
        try #require(
            try await Tool.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "nest secret", "-f", locked]).status == 0
        )
        try NodeIdentity.check(locked)
        let own = TemporaryDirectory.file("own")
        try #require(try await Tool.run("age-keygen", ["-o", own]).status == 0)
        try NodeIdentity.check(own)
        let recipient = try await Tool.run("age-keygen", ["-y", own]).output.filter { !$0.isNewline }
        try #require(try await Tool.run("age", ["-r", recipient, "-o", "\(own).age", own]).status == 0)
        try NodeIdentity.check("\(own).age")
    }

    @Test func `a file that is missing has none`() {
        #expect(!NodeIdentity(reading: TemporaryDirectory.file("missing")).needsPassword)
    }
}
