import Base
import Host
import Planning
import TestSupport
import Testing

@testable import Certificates

/// What the headers of files say that the program `age` has made.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct AgeFileTests {
    private func run(_ program: String, _ arguments: [String], input: String = "") async throws -> String {
        let result = try await Tool.run(program, arguments, input: input)
        try #require(result.status == 0, "\(result.errors)")
        return result.output
    }

    private func sshKey(_ name: String, type: String = "ed25519") async throws -> String {
        let path = TemporaryDirectory.file(name)
        _ = try await run("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", "root@\(name)", "-f", path])
        return try Files.text("\(path).pub")
    }

    private func ageKey(_ name: String) async throws -> String {
        let path = TemporaryDirectory.file(name)
        _ = try await run("age-keygen", ["-o", path])
        return try await run("age-keygen", ["-y", path]).filter { !$0.isNewline }
    }

    private func encrypted(to recipients: [String], isArmored: Bool = false) async throws -> AgeFile {
        let path = TemporaryDirectory.file("\(UInt64.random(in: .min ... .max)).age")
        let arguments = recipients.flatMap { ["-r", $0] } + (isArmored ? ["-a"] : []) + ["-o", path]
        _ = try await run("age", arguments, input: "text")
        return try #require(AgeFile(try Files.read(path)))
    }

    private func list(_ recipients: String...) throws -> RecipientList {
        RecipientList(entries: try recipients.map { .init(recipient: try Recipient($0), owner: "'\($0.suffix(8))'") })
    }

    /// A program named `age` that succeeds without encrypting or decrypting.
    @Test(arguments: ["cat", "true", "echo age-encryption.org/v1; cat"])
    func `what a program named age prints is not believed`(command: String) async throws {
        let directory = TemporaryDirectory.file("bin")
        try Files.makeDirectories(directory)
        let script = "#!/bin/sh\n\(command)\n"
        try Files.write(Array(script.utf8), to: "\(directory)/age", mode: 0o755)
        let age = Age(environment: ["PATH": "\(directory):/usr/bin:/bin"], identities: [])
        let own = try await ageKey("own")
        let recipients = try list(own)
        let text = SecretBytes(copying: Array("-----BEGIN PRIVATE KEY-----\n".utf8))
        let encryption = await #expect(throws: Problem.self) { try await age.encrypt(text, to: recipients) }
        let words = "cannot encrypt a key: 'age' printed no file that is encrypted to the recipients"
        #expect(encryption?.message == words)
        guard !command.hasPrefix("echo") else { return }
        for flags in [[], ["-a"]] {
            let path = TemporaryDirectory.file("k\(flags.count).age")
            _ = try await run("age", ["-r", own, "-o", path] + flags, input: "text")
            let encrypted = try Files.read(path)
            let decryption = await #expect(throws: Problem.self) { try await age.decrypt(encrypted, path: "k.age") }
            let count = command == "cat" ? encrypted.count : 0
            #expect(decryption?.message == "cannot decrypt 'k.age': 'age' printed \(count) bytes of 4")
        }
    }

    @Test(arguments: [false, true])
    func `recipients are found in binary and in ASCII`(isArmored: Bool) async throws {
        let (first, second) = (try await sshKey("first"), try await sshKey("second"))
        let own = try await ageKey("own")
        let file = try await encrypted(to: [first, own, second], isArmored: isArmored)
        #expect(file.tags.count == 2)
        #expect(file.ageCount == 1)
        #expect(file.otherCount == 0)
        #expect(try list(own, second, first).differences(from: file) == [])
        #expect(try list(first, second, own, own).differences(from: file) == [])
        #expect(
            try list(first).differences(from: file) == [
                "is encrypted to 1 SSH key not declared", "is encrypted to 1 age key instead of 0",
            ]
        )
    }

    @Test func `a recipient that is missing is named`() async throws {
        let (first, second) = (try await sshKey("first"), try await sshKey("second"))
        let file = try await encrypted(to: [first])
        let list = RecipientList(entries: [
            .init(recipient: try Recipient(first), owner: "node 'first'"),
            .init(recipient: try Recipient(second), owner: "node 'second'"),
        ])
        #expect(list.differences(from: file) == ["is not encrypted to node 'second'"])
    }

    @Test func `recipients of other kinds count, those that mean nothing do not`() async throws {
        let rsa = try await sshKey("rsa", type: "rsa")
        #expect(try await encrypted(to: [rsa]).otherCount == 1)
        let text = "age-encryption.org/v1\n-> X25519 abc\nxyz\n-> a(b-grease 1 2\nxyz\n--- mac\n-> scrypt\n"
        let file = AgeFile(Array(text.utf8))
        #expect(file?.ageCount == 1)
        #expect(file?.otherCount == 0)
        #expect(file?.hasPassphrase == false)
        let withPassphrase = "age-encryption.org/v1\n-> scrypt c2FsdA 18\nxyz\n--- mac\n"
        #expect(AgeFile(Array(withPassphrase.utf8))?.hasPassphrase == true)
    }

    @Test(arguments: [
        "", "\n", "-----BEGIN PRIVATE KEY-----\n", "age-encryption.org/v2\n", "-----BEGIN AGE ENCRYPTED FILE-----\n",
    ])
    func `other files are not of age`(text: String) {
        #expect(AgeFile(Array(text.utf8)) == nil)
    }
}
