/// The table of the formats, in the order in which they are looked for; the first row that matches counts.
extension ContentFormat {
    /// The formats where a document in YAML or JSON is expected.
    static let documentRows: [Row] =
        encodingRows + encryptionRows + keyRows + keyStoreRows + binaryRows + textRows + objectRows + yamlRows
        + programRows

    /// The formats where a certificate, a key or an encrypted file is expected.
    static let credentialRows: [Row] =
        encodingRows + encryptionRows + pemRows + keyRows + keyStoreRows
        + yamlRows.filter { [.kubeconfig, .manifest, .taskFile].contains($0.kind) }
        + [
            Row(.otherEncoding, "encoded in UTF-16", pem("iconv -f UTF-16 -t UTF-8 FILE > FILE.pem")) {
                $0.begins([0xFF, 0xFE]) || $0.begins([0xFE, 0xFF])
            },
            Row(.binary, "binary data", nil) { $0.bytes.contains(0) },
        ]

    private static let encodingRows: [Row] = [
        Row(.otherEncoding, "encoded in UTF-32", converted("UTF-32")) {
            $0.begins([0xFF, 0xFE, 0, 0]) || $0.begins([0, 0, 0xFE, 0xFF])
        },
        Row(.otherEncoding, "encoded in UTF-16 without a byte order mark", converted("UTF-16LE")) {
            $0.hasZeros(at: 1)
        },
        Row(.otherEncoding, "encoded in UTF-16 without a byte order mark", converted("UTF-16BE")) {
            $0.hasZeros(at: 0)
        },
        Row(.empty, "empty", "write it, or correct the path") { $0.bytes.allSatisfy { $0 <= 0x20 } },
        Row(
            .compressed,
            "compressed by gzip",
            decompressed("decompress it with `gzip -dk FILE`", by: "gzip -dc")
        ) { $0.begins([0x1F, 0x8B]) },
        Row(.compressed, "compressed by zstd", decompressed("decompress it with `zstd -d FILE`", by: "zstd -dc")) {
            $0.begins([0x28, 0xB5, 0x2F, 0xFD])
        },
        Row(.compressed, "compressed by xz", decompressed("decompress it with `xz -dk FILE`", by: "xz -dc")) {
            $0.begins([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00])
        },
        Row(.compressed, "compressed by bzip2", decompressed("decompress it with `bzip2 -dk FILE`", by: "bzip2 -dc")) {
            $0.begins(Array("BZh".utf8)) && $0.bytes.dropFirst(4).starts(with: [0x31, 0x41, 0x59, 0x26, 0x53, 0x59])
        },
        Row(.compressed, "a ZIP archive", "unpack it with `unzip FILE`") { $0.begins([0x50, 0x4B, 0x03, 0x04]) },
        Row(.compressed, "a tar archive", "unpack it with `tar -xf FILE`") {
            $0.bytes.dropFirst(257).starts(with: "ustar".utf8)
        },
        Row(.html, "an HTML page", "look at what its server answered: a login page, or a proxy's error") { content in
            ["<!doctype html", "<html"].contains { content.text.prefix(32).lowercased().hasPrefix($0) }
        },
        Row(.pointer, "a pointer of Git LFS", "run 'git lfs pull' in its repository, and install the file again") {
            $0.text.hasPrefix("version https://git-lfs.github.com/")
        },
        Row(
            .pointer,
            "a symbolic link that Git wrote as text",
            "write the path of the file that it names, or check it out with `git config core.symlinks true`"
        ) { content in
            // Without the end of the line that every other text has.
            content.lines.count == 1 && content.bytes.count < 4096 && content.bytes.last != UInt8(ascii: "\n")
                && content.text.utf8.contains(UInt8(ascii: "/"))
                && content.text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !":{}[]<>\"'".utf8.contains($0) }
        },
    ]

    private static func converted(_ encoding: String) -> Advice {
        let advice = "convert it with `iconv -f \(encoding) -t UTF-8 FILE > FILE.pem`, and name that file"
        return Advice(
            "convert it with `iconv -f \(encoding) -t UTF-8 FILE`",
            certificate: advice,
            authority: advice,
            key: advice
        )
    }

    /// Returns the advice about a compressed file; a name without the usual extension needs another command.
    private static func decompressed(_ usual: String, by command: String) -> Advice {
        let advice = "decompress it with `\(command) FILE > FILE.pem`, and name that file"
        return Advice(
            usual,
            certificate: advice,
            key: advice,
            identity: "decompress it with `\(command) FILE > FILE.key`"
        )
    }

    /// Values of documents, which are not recognised in the place of a file.
    static let valueRows: [Row] = [
        Row(
            .encryptedValue,
            "a value encrypted by SOPS",
            "decrypt the file that it is from with 'sops -d'"
        ) { content in
            let text = content.text.prefix { !$0.isNewline }
            return text.hasPrefix("ENC[AES256_GCM,data:") && text.hasSuffix("]")
                && content.text.allSatisfy { !$0.isNewline || $0 == content.text.last }
        }
    ]

    static let encryptionRows: [Row] = [
        Row(
            .encrypted,
            "encrypted by age",
            Advice(
                "decrypt it with a task 'decrypt', or with `age -d -i IDENTITY FILE`",
                identity: "decrypt it with `age -d -o FILE.key FILE`, and name that file"
            )
        ) {
            $0.text.hasPrefix("age-encryption.org/v1") || $0.text.hasPrefix("-----BEGIN AGE ENCRYPTED FILE-----")
        },
        Row(
            .encryptedForTools,
            "encrypted by Ansible Vault",
            decrypted("ansible-vault decrypt FILE", "ansible-vault view FILE")
        ) {
            $0.text.hasPrefix("$ANSIBLE_VAULT;")
        },
        Row(.encrypted, "encrypted by OpenPGP", decrypted("gpg -d FILE", "gpg -d FILE")) {
            $0.text.hasPrefix("-----BEGIN PGP MESSAGE-----") || $0.isOpenPGP
        },
        Row(.encrypted, "encrypted by SOPS", decrypted("sops -d FILE", "sops -d FILE")) { content in
            // An operator decrypts objects of this kind in the cluster.
            content.contains("ENC[AES256_GCM,") && content.value(of: "kind") != "SopsSecret"
                && (content.keys.contains("sops") || content.contains("\"sops\":")
                    || content.contains("\nsops_version=") || content.contains("\n[sops]"))
        },
        Row(
            .encrypted,
            "encrypted by git-crypt",
            "run 'git-crypt unlock' in its repository, and install the file again"
        ) {
            $0.begins(Array("\0GITCRYPT\0".utf8))
        },
        Row(
            .encrypted,
            "encrypted by 'openssl enc'",
            "decrypt it with 'openssl enc -d', and the options with which it was encrypted"
        ) { $0.begins(Array("Salted__".utf8)) },
    ]

    private static func decrypted(_ usual: String, _ printing: String) -> Advice {
        let advice = "decrypt it with `\(printing) > FILE.pem`, and name that file"
        return Advice(
            "decrypt it with `\(usual)`",
            certificate: advice,
            key: advice,
            identity: "decrypt it with `\(printing) > FILE.key`, and name that file",
            encrypted: "encrypt its text by age: `\(printing) | age -r RECIPIENT -o FILE.age`"
        )
    }

    private static let keyRows: [Row] = [
        Row(
            .encryptedKey,
            "a private key with a password",
            Advice(
                certificate: "name the certificate that belongs to this key",
                authority: certificateOfCA,
                key: "make a copy without it with `openssl pkey -in FILE -out FILE.clear`, and name that file",
                encrypted: encrypting
            )
        ) { $0.hasEncryptedKey || $0.der == .encryptedKey },
        Row(
            .keyOfSSH,
            "a private key of OpenSSH",
            Advice(
                key: "name the private key that belongs to the certificate, in PEM",
                encrypted: encrypting
            )
        ) { $0.labels.first == "OPENSSH PRIVATE KEY" || $0.labels.first == "SSH2 ENCRYPTED PRIVATE KEY" },
        Row(
            .privateKey,
            "a private key",
            Advice(
                certificate: "name the certificate that belongs to this key",
                authority: certificateOfCA,
                encrypted: encrypting
            )
        ) { $0.hasPEM("PRIVATE KEY") || $0.labels.contains { $0.hasSuffix("PRIVATE KEY") } && $0.labels.count == 1 },
        Row(
            .publicKey,
            "a public key",
            Advice(
                key: "name the private key to which it belongs",
                identity: "name the private key to which it belongs",
                encrypted: "name the file that is encrypted to it"
            )
        ) { $0.hasPEM("PUBLIC KEY") || $0.der == .publicKey },
        Row(
            .certificate,
            "a certificate of OpenSSH",
            Advice(
                certificate: "name a certificate in X.509 and PEM",
                authority: certificateOfCA,
                key: "name the private key that belongs to the certificate, in PEM",
                identity: "name the private key to which it belongs",
                encrypted: "name the file that is encrypted"
            )
        ) { content in content.text.prefix(60).contains("-cert-v01@openssh.com ") },
        Row(
            .publicKey,
            "a public key of SSH",
            Advice(
                key: "name the private key that belongs to the certificate, in PEM",
                identity: "name the private key, such as STEM",
                encrypted: "name the file that is encrypted to it"
            )
        ) { content in
            ["ssh-rsa ", "ssh-ed25519 ", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-", "ssh-dss "]
                .contains { content.text.hasPrefix($0) }
        },
        Row(
            .request,
            "a request for a certificate",
            Advice(
                certificate: "name the certificate that a CA issued for it, or issue it with "
                    + "`openssl x509 -req -in FILE -CA CA -CAkey KEY -days 365 -out FILE.pem`",
                authority: certificateOfCA,
                key: "name the private key with which the request was made"
            )
        ) { $0.hasPEM("CERTIFICATE REQUEST") || $0.der == .request },
        Row(
            .certificate,
            "a certificate",
            Advice(
                key: "name the private key that belongs to it",
                encrypted: "install it with a task 'file'"
            )
        ) { $0.hasPEM("CERTIFICATE") || $0.labels.contains("CERTIFICATE") && $0.labels.count == 1 },
    ]

    private static let certificateOfCA = "name the certificate of the CA, in PEM"

    private static let encrypting =
        "encrypt it with `age -r RECIPIENT -o FILE.age FILE`, and name that file"

    private static let yamlRows: [Row] = [
        Row(
            .helmTemplate,
            "a template of Helm",
            "write its result to a file with 'helm template NAME CHART', and name that file"
        ) {
            content in
            content.contains("{{")
                && ["{{-", "-}}", ".Values", ".Release", ".Chart", "include \"", "toYaml"].contains(
                    where: content.contains
                )
        },
        Row(.otherTemplate, "a template of Jinja", "write its result to a file, and name that file") { content in
            content.contains("{%") && content.contains("%}")
        },
        Row(.otherTemplate, "a template of ERB", "write its result to a file, and name that file") { content in
            content.contains("<%") && content.contains("%>")
        },
        Row(
            .helmChart,
            "the description of a Helm chart",
            "write its objects to a file with `helm template NAME DIR`, and name that file"
        ) {
            content in
            content.name == "Chart.yaml" && !content.contains("kind:")
        },
        Row(
            .kustomization,
            "a kustomization",
            "write its objects to a file with `kubectl kustomize DIR`, and name that file"
        ) { content in
            ["kustomization.yaml", "kustomization.yml", "Kustomization"].contains(content.name)
                && !content.contains("apiVersion")
                || content.value(of: "apiVersion")?.hasPrefix("kustomize.config.k8s.io/") == true
        },
        Row(
            .kubeconfig,
            "a kubeconfig",
            Advice(
                certificate: written("client-certificate-data", of: "users[0].user", to: "FILE.crt"),
                authority: written("certificate-authority-data", of: "clusters[0].cluster", to: "FILE.crt"),
                key: written("client-key-data", of: "users[0].user", to: "FILE.key"),
                encrypted: encrypting
            )
        ) { content in
            content.value(of: "kind") == "Config" && content.keys.contains("clusters")
                || content.keys.isSuperset(of: ["clusters", "contexts", "users"])
        },
        Row(
            .manifest,
            "a manifest of Kubernetes",
            Advice(documents: "name it in 'apply: {manifests: [FILE]}' of a task", encrypted: encrypting)
        ) {
            $0.keys.isSuperset(of: ["apiVersion", "kind"])
        },
        Row(.taskFile, "a task file of nest-bootstrap", nil) { content in
            content.keys.contains("tasks") && !content.keys.contains("hosts")
        },
        Row(.helmValues, "a file with the values of a Helm chart", "move it out of the directory") {
            ["values.yaml", "values.yml"].contains($0.name) && !$0.contains("apiVersion")
        },
        Row(.compose, "a Compose file", "write its services as manifests") { content in
            content.keys.contains("services") && !content.keys.contains("apiVersion")
        },
        Row(.playbook, "an Ansible playbook", "write its steps as tasks, or run it with `ansible-playbook FILE`") {
            content in
            ["- hosts:", "- name:"].contains { content.text.hasPrefix($0) || content.contains("\n\($0)") }
                && content.contains("\n  tasks:")
        },
    ]

    /// Returns the advice to write a value of a kubeconfig to a file.
    private static func written(_ key: String, of place: String, to file: String) -> String {
        let path = "{.\(place).\(key)}"
        return "write its '\(key)' to a file: `kubectl --kubeconfig FILE config view --raw -o jsonpath='\(path)' | "
            + "base64 -d > \(file)`"
    }

    private static let pemRows: [Row] = [
        Row(.brokenPEM, "the base64 of PEM", pem("base64 -d FILE > FILE.pem")) { $0.isEncodedPEM },
        Row(
            .brokenPEM,
            "PEM without its lines BEGIN and END",
            Advice(
                certificate:
                    "convert it with `base64 -d FILE | openssl x509 -inform DER -out FILE.pem`, and name that file",
                key: "convert it with `base64 -d FILE | openssl pkey -inform DER -out FILE.pem`, and name that file"
            )
        ) { $0.unlabelledDER != nil },
        Row(
            .brokenPEM,
            #"PEM with '\n' in place of line ends"#,
            pem(#"sed 's/\\n/\n/g' FILE | install -m 600 /dev/stdin FILE.pem"#)
        ) { $0.hasEscapedPEM },
        Row(
            .brokenPEM,
            "PEM with other text before '-----BEGIN' in its line",
            "remove the text, so that the line begins with '-----BEGIN'"
        ) { $0.hasTextBeforePEM },
        Row(
            .certificate,
            "a certificate in the form of 'openssl x509 -trustout'",
            Advice(certificate: converted("x509 -in FILE"), key: "name the private key that belongs to it")
        ) { $0.labels.contains("TRUSTED CERTIFICATE") || $0.labels.contains("X509 CERTIFICATE") },
        Row(.keyStore, "in the format PKCS 7", pkcs7("")) { content in
            content.labels.contains { $0 == "PKCS7" || $0 == "CMS" }
        },
        Row(
            .brokenPEM,
            "a curve without a key ('EC PARAMETERS')",
            Advice(
                key: "make a key with `openssl ecparam -in FILE -genkey -noout -out FILE.key`, or name the one that "
                    + "belongs to the certificate"
            )
        ) { $0.labels == ["EC PARAMETERS"] },
        Row(.brokenPEM, "a list of revoked certificates", nil) {
            $0.labels.contains("X509 CRL") || $0.der == .revocationList
        },
        Row(
            .brokenPEM,
            "a certificate as text, without PEM",
            Advice(certificate: "print it in PEM: `openssl x509 -in CERTIFICATE`")
        ) { $0.text.hasPrefix("Certificate:") && $0.labels.isEmpty },
        Row(.keyOfSSH, "a private key of PuTTY", nil) {
            $0.text.hasPrefix("PuTTY-User-Key-File-")
        },
        Row(
            .keyOfAge,
            "a private key of age",
            Advice(
                key: "name the private key that belongs to the certificate, in PEM",
                encrypted: "name the file that is encrypted to it"
            )
        ) { content in content.text.hasPrefix("AGE-SECRET-KEY-1") || content.text.hasPrefix("AGE-PLUGIN-") },
        Row(
            .publicKey,
            "a public key of age",
            Advice(
                key: "name the private key that belongs to the certificate, in PEM",
                identity: "name the private key to which it belongs, as 'age-keygen' has made it",
                encrypted: "name the file that is encrypted to it"
            )
        ) { $0.text.hasPrefix("age1") },
    ]

    private static let keyStoreRows: [Row] = [
        Row(
            .keyStore,
            "in the format PKCS 12",
            Advice(
                certificate: converted("pkcs12 -in FILE -clcerts -nokeys"),
                authority: converted("pkcs12 -in FILE -cacerts -nokeys"),
                key: converted("pkcs12 -in FILE -nocerts -nodes", to: "FILE.key")
            )
        ) { $0.der == .pkcs12 },
        Row(
            .keyStore,
            "a key store of Java",
            Advice(certificate: convertedFromJava, key: convertedFromJava)
        ) { $0.begins([0xFE, 0xED, 0xFE, 0xED]) || $0.begins([0xCE, 0xCE, 0xCE, 0xCE]) },
        Row(.keyStore, "in the format PKCS 7", pkcs7(" -inform DER")) { $0.der == .pkcs7 },
        Row(
            .certificate,
            "a certificate in the format DER",
            Advice(
                certificate: converted("x509 -inform DER -in FILE"),
                key: "name the private key that belongs to it",
            )
        ) { $0.der == .certificate },
        Row(
            .privateKey,
            "a private key in the format DER",
            Advice(
                certificate: "name the certificate that belongs to this key",
                authority: certificateOfCA,
                key: converted("pkey -inform DER -in FILE"),
                encrypted: encrypting
            )
        ) { $0.der == .privateKey },
    ]

    private static let convertedFromJava =
        "convert it to PKCS 12 with `keytool -importkeystore -srckeystore FILE -destkeystore FILE.p12 "
        + "-deststoretype PKCS12`, and that to PEM with `openssl pkcs12 -in FILE.p12 -nodes`"

    private static func converted(_ command: String, to file: String = "FILE.pem") -> String {
        "convert it with `openssl \(command) -out \(file)`, and name that file"
    }

    private static func pem(_ command: String) -> Advice {
        let advice = "convert it with `\(command)`, and name that file"
        return Advice(certificate: advice, key: advice)
    }

    private static func pkcs7(_ form: String) -> Advice {
        Advice(
            certificate: converted("pkcs7\(form) -in FILE -print_certs"),
            key: "name the private key; such a file has none"
        )
    }
}
