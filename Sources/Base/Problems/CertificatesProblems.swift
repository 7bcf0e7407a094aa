extension ProblemExplanation {
    /// Certificates, keys and kubeconfigs.
    static let ofCertificates: [Self] = [
        .init(
            .certificateNotValidNow,
            "Certificate that has expired or is not valid yet",
            cause: """
                The time of the node's clock is outside of the validity of the certificate, or will be soon.
                """,
            fix: "Renew the certificate, or set the clock if it is wrong.",
            example: .message(
                """
                certificate '/etc/a.crt' ('a') expired 10 days ago (at 2026-01-01T00:00:00Z; the node's clock \
                says 2026-01-11T00:00:00Z)
                """
            )
        ),
        .init(
            .unreadableCertificate,
            "Certificate or key that cannot be read",
            cause: "The file is not PEM, contains no certificate or key, or contains one that is damaged.",
            fix: "Name the file of the certificate or key as PEM.",
            example: .message("certificate '/etc/a.crt' is not a certificate; name the file of a certificate as PEM")
        ),
        .init(
            .keyMismatch,
            "Key that does not belong to its certificate",
            cause: "The key and the certificate, or the key and the CA, are from different sets.",
            fix: "Install both files of one set.",
            example: .message("key '/etc/a.key' does not belong to certificate '/etc/a.crt' ('a')")
        ),
        .init(
            .wrongIssuer,
            "Certificate that another CA has issued",
            cause: "The certificate was not signed by the CA that is named beside it.",
            fix: "Name the CA that has issued it, or issue the certificate again.",
            example: .message("certificate '/etc/a.crt' ('a') was issued by 'old-ca', but '/etc/ca.crt' is CA 'new-ca'")
        ),
        .init(
            .wrongUsage,
            "Certificate that is for another use",
            cause: """
                A certificate is not for client authentication, or is not a CA, so that the other side would refuse \
                it.
                """,
            fix: "Add the use, such as 'client auth', to its usages, or name another certificate.",
            example: .message(
                """
                certificate '/etc/a.crt' ('a') is not valid for client authentication: its extended key usage is \
                for servers
                """
            )
        ),
        .init(
            .weakCertificate,
            "Certificate that Kubernetes does not accept",
            cause: """
                The key is of a type or size, or the signature of an algorithm, that Kubernetes and other programs \
                in Go refuse.
                """,
            fix: "Issue it again with a key of type ecdsa-p256, ed25519 or rsa-2048.",
            example: .message("certificate '/etc/a.crt' ('a') has an RSA key of 512 bits, which programs in Go refuse")
        ),
        .init(
            .wrongKubeconfig,
            "Kubeconfig that cannot be used",
            cause: """
                The kubeconfig cannot be read, lacks a context, cluster, user or server, has a key that no \
                kubeconfig has, or names something that it does not contain.
                """,
            fix: "Correct the file at the place in the message.",
            example: .message("/etc/k.conf:1:1: no current context is set; write 'current-context: NAME'")
        ),
        .init(
            .insecureConnection,
            "Connection that is not encrypted or not verified",
            cause: """
                The URL begins with http://, or 'insecure-skip-tls-verify' is set, so that credentials could be read \
                or sent to somebody else. Only loopback addresses may be without TLS.
                """,
            fix: """
                Write https://, and name the CA in 'certificate-authority' of the kubeconfig or in \
                'certificateAuthority' of the task.
                """,
            example: .message(
                """
                /etc/k.conf:5:13: the server's certificate would not be verified; name the CA in \
                'certificate-authority' and remove 'insecure-skip-tls-verify'
                """
            )
        ),
        .init(
            .missingCredentials,
            "Credentials that are missing or of no use",
            cause: """
                A kubeconfig or task lacks a certificate, key or token, the token is not one, or the way of \
                authentication is not supported on a node.
                """,
            fix: "Write 'client-certificate' and 'client-key', or 'tokenFile'.",
            example: .message("user 'admin' of kubeconfig '/etc/k.conf' has no client key")
        ),
        .init(
            .decryptionFailed,
            "File that cannot be decrypted or encrypted",
            cause: """
                The file is not encrypted by age, is encrypted to other keys, or the private key has a password, \
                which nobody types on a node.
                """,
            fix: "Encrypt the file to the key of this node, or name the right key or identity.",
            example: .message(
                """
                cannot decrypt 'a.age': it is not encrypted to private key '/etc/ssh/ssh_host_ed25519_key'; \
                encrypt it to this key, or name one that it is encrypted to
                """
            )
        ),
        .init(
            .invalidRecipient,
            "Recipient or host key that cannot be used",
            cause: """
                Files are encrypted to the SSH key of each node, which is missing in the directory of host keys, or \
                to a key of age that has a typing error.
                """,
            fix: "Copy the node's key as the message says, or write what 'age-keygen -y' prints.",
            example: .message("node 'cp1' has no public key: cannot read 'hostKeys/cp1.pub': No such file or directory")
        ),
        .init(
            .certificateDeclaration,
            "Certificate that is declared wrongly",
            cause: """
                A declared certificate is valid for less time than it is renewed before, has no names although it is \
                for a server, or has a use that its key cannot have.
                """,
            fix: "Correct the validity, names or uses that the message names.",
            example: .message(
                """
                bootstrap.yaml:6:20: 'renewBefore' of certificate 'api' is 30d, not less than its validity of \
                10d
                """
            )
        ),
        .init(
            .authorityUnusable,
            "CA that cannot issue certificates",
            cause: "The certificate or key of the CA is missing, has expired, or cannot sign.",
            fix: "Restore the files of the CA, for example with git, or remove both for a new CA.",
            example: .message("the key of the CA, 'ca/ca.key.age', is missing, so that no certificate can be issued")
        ),
        .init(
            .rotationStep,
            "Step of a rotation that is not due",
            cause: """
                A rotation of the CA has three steps, and each needs that all nodes have what the step before has \
                made. Otherwise nodes would refuse each other.
                """,
            fix: "Run the step that the message names, install its files on every node, then use '--confirm'.",
            example: .message(
                """
                the old CA cannot be removed: it has issued the certificates of the nodes; '--step issue' comes \
                before
                """
            )
        ),
        .init(
            .signingRequest,
            "Certificate that the cluster has not signed",
            cause: """
                A task has asked the cluster for a certificate, and the request was denied, has failed, or is not \
                approved.
                """,
            fix: "Approve the request with the command in the message, or correct the task as the reason says.",
            example: .message(
                "cannot get '/etc/a.crt': CertificateSigningRequest/a waits for the approval of an administrator"
            )
        ),
        .init(
            .certificatesNotSent,
            "Files of certificates that are not sent or installed",
            cause: "Certificates could not be sent to a node, are those of another node, or are not a complete set.",
            fix: "Correct the connection or the address of the node, and push again.",
            example: .message("cp1: these are the files of node 'cp2', but the host name of this machine is 'cp1'")
        ),
    ]
}
