import Execution
import Host
import Kubernetes
import PKI
import Planning

/// Verb `kubeconfig`: writes a kubeconfig when its certificate, key and CA exist, belong together and are valid now.
struct KubeconfigAction {
    private let context: ActionContext
    private let declaration: KubeconfigDeclaration

    /// A credential is not larger than this.
    private static let sizeLimit = 1 << 20

    init(_ context: ActionContext, _ declaration: KubeconfigDeclaration) {
        self.context = context
        self.declaration = declaration
    }

    /// Writes the file, 0600 from its first byte, unless it is there already, and tells whether it did.
    func run() async throws(ActionError) -> Bool {
        let authority = try load(declaration.certificateAuthority, as: "certificateAuthority")
        let certificate = try load(declaration.certificate, as: "certificate")
        let key = try load(declaration.key, as: "key")
        try await check(authority, certificate, key)
        let template = Kubeconfig.Template(
            cluster: declaration.clusterName,
            server: declaration.server.path,
            user: declaration.user,
            context: declaration.context,
            namespace: declaration.namespace,
            credentials: declaration.inlineCredentials
                ? .inline(certificateAuthority: authority.bytes, certificate: certificate.bytes, key: key.bytes)
                : .paths(certificateAuthority: authority.name, certificate: certificate.name, key: key.name),
        )
        let path = declaration.path.path
        do {
            let result = try context.run.files.write(Array(template.text.utf8), to: path, mode: 0o600)
            context.emit(.path(path, result))
            return result != .unchanged
        } catch {
            throw ActionError("kubeconfig '\(path)' is not written", hint: hint(for: error), cause: error)
        }
    }

    private func load(_ reference: PathReference, as key: String) throws(ActionError) -> CredentialFile {
        do {
            let bytes = try context.run.files.read(reference.path, limit: Self.sizeLimit)
            return CredentialFile(name: reference.path, bytes: bytes)
        } catch {
            let hint =
                error.isNotFound
                ? "put the file there, or correct '\(key)' at \(reference.place)" : "see '\(key)' at \(reference.place)"
            throw ActionError("kubeconfig '\(declaration.path.path)' is not written", hint: hint, cause: error)
        }
    }

    /// Checks the three files; what is not valid yet is waited for, as a boot may not know the time.
    private func check(
        _ authority: CredentialFile,
        _ certificate: CredentialFile,
        _ key: CredentialFile,
    ) async throws(ActionError) {
        try await awaitValidity(context) { () throws(CredentialError) in
            let check = CredentialCheck()
            _ = try check.authority(authority)
            _ = try check.client(certificate: certificate, key: key)
            try check.chain(of: certificate, to: authority)
        }
    }
}

/// Repeats a check of credentials while the only fault is that the node's clock is not set yet.
func awaitValidity<Value>(
    _ context: ActionContext,
    _ check: () throws(CredentialError) -> Value,
) async throws(ActionError) -> Value {
    while true {
        do {
            return try check()
        } catch {
            let pause = Duration.seconds(1)
            guard error.mayPass, ContinuousClock.now + pause < context.deadline else {
                throw ActionError(error.message, hint: error.hint)
            }
            context.emit(.waiting(error.message))
            guard (try? await ContinuousClock().sleep(for: pause)) != nil else {
                throw ActionError("interrupted while waiting for the clock")
            }
        }
    }
}
