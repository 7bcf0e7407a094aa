import Testing

@testable import Base

/// Files that are recognised by their content, and files that only contain such content.
@Suite(.timeLimit(.minutes(30)))
struct ContentFormatTests {
    private static let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

    @Test(arguments: [
        "apiVersion: v1\nkind: Secret\nstringData:\n  a: |\n    -----BEGIN PRIVATE KEY-----\n    MIIB\n",
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    Proc-Type: 4,ENCRYPTED\n    -----BEGIN CERTIFICATE-----\n",
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    ssh-ed25519 AAAA\n    $ANSIBLE_VAULT;1.1;AES256\n",
        "apiVersion: isindir.github.com/v1alpha3\nkind: SopsSecret\nspec: {a: 'ENC[AES256_GCM,data:x]'}\nsops:\n  mac: x\n",
        "{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"stringData\": {\"a\": \"-----BEGIN PRIVATE KEY-----\\nMI\"}}",
    ])
    func `a manifest that contains such a text is a manifest`(text: String) {
        let found = ContentFormat.recognised(Array(text.utf8), path: "a.yaml")
        #expect(found == nil || found?.kind == .manifest)
    }

    @Test(arguments: [
        pem, "Bag Attributes\n    friendlyName: a\n" + pem, "# comment\r\n" + pem, "Certificate:\n    Data:\n" + pem,
        "-----BEGIN PRIVATE KEY-----\nMI\n-----END PRIVATE KEY-----\n" + pem, "apiVersion of a CA\n" + pem,
    ])
    func `a file with a certificate is not of another kind`(text: String) {
        #expect(ContentFormat.recognised(Array(text.utf8), path: "a.crt", for: .certificate) == nil)
        #expect(ContentFormat.recognised(Array(text.utf8), path: "a.crt", for: .authority) == nil)
    }

    @Test(arguments: [
        "-----BEGIN EC PARAMETERS-----\nBg==\n-----END EC PARAMETERS-----\n-----BEGIN EC PRIVATE KEY-----\nMI\n",
        pem + "-----BEGIN RSA PRIVATE KEY-----\nMI\n-----END RSA PRIVATE KEY-----\n",
    ])
    func `a file with a private key is not of another kind`(text: String) {
        #expect(ContentFormat.recognised(Array(text.utf8), path: "a.key", for: .privateKey) == nil)
    }

    @Test(arguments: [
        ("a.p12", "'openssl pkcs12 -in a.p12 -clcerts -nokeys -out a.p12.pem'"),
        ("/x y/DIR.p12", "openssl pkcs12 -in '/x y/DIR.p12' -clcerts -nokeys -out '/x y/DIR.p12'.pem"),
    ])
    func `a path in a command is one word of the shell`(path: String, command: String) {
        let bytes: [UInt8] = [0x30, 0x07, 0x02, 0x01, 0x03, 0x30, 0x02, 0x05, 0x00]
        let hint = ContentFormat.recognised(bytes, path: path, for: .certificate)?.hint(path: path, for: .certificate)
        #expect(hint == "convert it with \(command), and name that file")
    }

    @Test func `a value of another file has no path`() {
        let format = ContentFormat.recognised([0x1F, 0x8B], path: "", for: .certificate)
        #expect(
            format?.hint(path: nil, for: .certificate)
                == "decompress it with 'gzip -dc FILE > FILE.pem', and name that file"
        )
    }

    @Test func `no content of DER crashes the reader`() {
        let certificate: [UInt8] = [0x30, 0x0A, 0x30, 0x05, 0xA0, 0x03, 0x02, 0x01, 0x02, 0x30, 0x00, 0x03]
        for index in certificate.indices {
            for value in [0x00, 0x30, 0x80, 0x81, 0x84, 0x88, 0xFF] as [UInt8] {
                var bytes = certificate
                bytes[index] = value
                for count in 0...bytes.count { _ = DERContent(bytes.prefix(count)) }
            }
        }
    }
}
