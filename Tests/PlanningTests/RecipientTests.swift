import Planning
import Testing

@Suite(.timeLimit(.minutes(5))) struct RecipientTests {
    static let age = "age1tuqanuqh7dg38aswy3mc4tj7300fxqhecvep60lygawx4dez53gs5t6yam"
    static let ssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICt7r8zsD2vS8RtxVQMjZBCIgY9qqyDyxWqiqmnQkKHv"

    @Test func `keys of age and of SSH are read`() throws {
        let own = try Recipient(Self.age)
        #expect(own.kind == .age)
        #expect(own.text == Self.age)
        let host = try Recipient("  \(Self.ssh)   root@worker of a rack\n")
        #expect(host.text == Self.ssh)
        #expect(host.comment == "root@worker of a rack")
        guard case .ssh(let bytes) = host.kind else { throw RecipientTests.Failure() }
        #expect(bytes.count == 51)
        #expect(try Recipient(Self.ssh).comment == nil)
    }

    private struct Failure: Error {}

    @Test(arguments: [
        ("", "is empty"), ("worker", "begins neither with 'age1' nor with 'ssh-ed25519 '"),
        (String(age.dropLast()), "is not a complete age key, or has a typing error"),
        (age.dropLast() + (age.hasSuffix("q") ? "p" : "q"), "is not a complete age key, or has a typing error"),
        ("age1yubikey1qqqq", "is not a complete age key, or has a typing error"),
        ("AGE-SECRET-KEY-1QQQ", "is a private key"), ("-----BEGIN OPENSSH PRIVATE KEY-----", "is a private key"),
        ("ssh-ed25519", "has no key after 'ssh-ed25519'"), ("ssh-rsa AAAA", "is an SSH key of another type"),
        ("ssh-ed25519 AAAA", "is not a complete SSH key of type ed25519"),
        (String(ssh.dropLast(4)), "is not a complete SSH key of type ed25519"),
    ])
    func `what is not a complete key is refused`(text: String, message: String) {
        let fault = #expect(throws: Recipient.Fault.self) { try Recipient(text) }
        #expect(fault?.message == message)
    }
}
