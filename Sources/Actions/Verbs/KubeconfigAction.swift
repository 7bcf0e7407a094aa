import Base
import HTTP
import Host
import Kubernetes
import Planning

/// Verb `kubeconfig`: writes a kubeconfig whose certificate, key and CA exist, belong together and are valid.
struct KubeconfigAction: Action {
    let context: ActionContext
    let declaration: KubeconfigDeclaration

    /// Writes the file with mode 0600 unless it is up to date, and returns whether it was written.
    func run() async throws(Problem) -> Bool {
        let text = declaration.text(try await checkedCredentials())
        return try context.write(
            FileContent(Array(text.utf8), path: declaration.path.path, mode: 0o600),
            as: "kubeconfig"
        )
    }

    /// Loads the CA, the certificate and the key, and checks that they can be used together.
    private func checkedCredentials() async throws(Problem) -> Kubeconfig.WrittenCredentials {
        let failure = "cannot write kubeconfig '\(declaration.path.path)'"
        let authority = try context.source(declaration.certificateAuthority, key: "certificateAuthority", failure)
        let certificate = try context.source(declaration.certificate, key: "certificate", failure)
        let key = try context.privateKey(declaration.key, key: "key", failure)
        // During boot, the clock may be wrong, and a certificate may seem not to be valid yet.
        try await awaitValidity(context) { () throws(Problem) in
            let check = CredentialCheck()
            try declaration.certificateAuthority.attributed(failure, key: "certificateAuthority") {
                _ = try check.authority(authority)
            }
            try declaration.certificate.attributed(failure, key: "certificate") {
                _ = try check.client(certificate: certificate, key: key)
                try check.chain(of: certificate, to: authority)
            }
        }
        context.warnOfCertificates()
        return declaration.inlineCredentials
            ? .inline(certificateAuthority: authority.bytes, certificate: certificate.bytes, key: key.bytes)
            : declaration.credentialPaths
    }
}

extension KubeconfigDeclaration {
    /// The credentials as references to their files.
    var credentialPaths: Kubeconfig.WrittenCredentials {
        .paths(
            certificateAuthority: certificateAuthority.path,
            certificate: certificate.path,
            key: key.path,
        )
    }

    func text(_ credentials: Kubeconfig.WrittenCredentials) -> String {
        Kubeconfig.text(
            cluster: clusterName,
            server: server.path,
            user: user,
            context: context,
            namespace: namespace,
            credentials: credentials,
        )
    }
}

/// Repeats a check while a certificate is not valid yet, provided that it becomes valid before the task's deadline.
func awaitValidity<Value>(
    _ context: ActionContext,
    _ check: () throws(Problem) -> Value,
) async throws(Problem) -> Value {
    while true {
        do {
            return try check()
        } catch {
            guard let cause = error.cause as? NotYetValid else { throw error }
            let missing = Duration.seconds(cause.validFrom.seconds - Timestamp.now().seconds)
            let remaining = context.deadline - .now
            guard remaining > .zero, missing < remaining else { throw error }
            let pause = min(.seconds(1), remaining)
            let reason = "not valid before \(cause.validFrom)"
            context.emit(.waiting(Wait(.init(.condition, cause.subject), reason: reason)))
            guard (try? await ContinuousClock().sleep(for: pause)) != nil else {
                throw Problem("interrupted while waiting for the clock")
            }
        }
    }
}
