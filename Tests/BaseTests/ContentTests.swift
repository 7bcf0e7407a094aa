import Testing

@testable import Base

@Suite(.timeLimit(.minutes(15)))
struct ContentTests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"), ("\u{FB}\u{3FF}", "w7vPvw=="),
    ])
    func `text is encoded and decoded`(text: String, encoded: String) throws {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(try Base64.decode(encoded) == Array(text.utf8))
        #expect(try Base64.decode(encoded.map { "\($0)\r\n" }.joined()) == Array(text.utf8))
    }

    @Test func `all bytes are decoded`() throws {
        for count in 0..<300 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7 + count) }
            #expect(try Base64.decode(Base64.encode(bytes)) == bytes)
        }
    }

    @Test(arguments: [
        ("A", broken), ("AAAAA", broken), ("AA=", broken), ("A===", broken), ("====", broken), ("AA==AAAA", broken),
        ("AA===", broken), ("AAA-", foreign), ("AA AA", foreign), ("AA\u{c}AA", foreign),
    ])
    func `other texts are refused`(text: String, expected: String) {
        let error = #expect(throws: Base64Error.self) { try Base64.decode(text) }
        #expect(error?.description == expected)
    }

    private static let broken = "is broken base64: it is cut off, or has '=' in the middle"
    private static let foreign = "is not base64: it has other characters"
    private static let certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    private static let key = "-----BEGIN PRIVATE KEY-----\nMI\n-----END PRIVATE KEY-----\n"
    private static let parameters = "-----BEGIN EC PARAMETERS-----\nBg==\n-----END EC PARAMETERS-----\n"

    @Test(arguments: [
        ("", "a", "empty"), (certificate, "a", "a certificate"), (certificate + certificate, "a", "a certificate"),
        (key, "a", "a private key"), (parameters + "-----BEGIN EC PRIVATE KEY-----\nMI\n", "a", "a private key"),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMI\n", "a", "a private key with a password"),
        ("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n", "a", "a private key with a password"),
        ("-----BEGIN CERTIFICATE REQUEST-----\nMI\n", "a", "a certificate request"),
        ("-----BEGIN PUBLIC KEY-----\nMI\n", "a", "a public key"),
        ("age-encryption.org/v1\n", "a", "encrypted by age"),
        ("$ANSIBLE_VAULT;1.1;AES256\n", "a", "encrypted by Ansible Vault"),
        ("a: ENC[AES256_GCM,data:x]\nsops:\n  mac: x\n", "a", "encrypted by SOPS"),
        ("\n<!DOCTYPE html>\n", "a", "an HTML page"), ("a\0b", "a", "binary data"),
        ("resources: [a.yaml]\n", "/x/kustomization.yaml", "a kustomization"),
        ("kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\n", "a", "a kustomization"),
    ])
    func `a file is recognised by its content`(text: String, path: String, name: String) {
        #expect(ContentFormat.recognised(Array(text.utf8), path: path)?.name == name)
    }

    @Test(arguments: [
        "apiVersion: v1\nkind: Secret\nstringData:\n  a: |\n    -----BEGIN PRIVATE KEY-----\n    MIIB\n",
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    $ANSIBLE_VAULT;1.1;AES256\n",
        "apiVersion: isindir.github.com/v1alpha3\nkind: SopsSecret\nspec: {a: 'ENC[AES256_GCM,data:x]'}\nsops:\n  mac: x\n",
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n",
        certificate + key, "tasks: {}\n",
    ])
    func `other files are read as what they should be`(text: String) {
        #expect(ContentFormat.recognised(Array(text.utf8), path: "a.yaml") == nil)
    }

    @Test func `a path in a command is one word of the shell`() {
        let format = ContentFormat.recognised(Array("$ANSIBLE_VAULT;1.1;AES256\n".utf8), path: "/x y/a")
        #expect(format?.hint == "decrypt it: ansible-vault decrypt '/x y/a'")
    }
}
