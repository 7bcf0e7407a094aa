import Base
import Certificates
import HTTP
import Host
import Kubernetes
import Planning

/// Verb `decrypt`: decrypts a file that is encrypted with age.
///
/// If the task names a certificate, the decrypted text must be the key of that certificate.
struct DecryptAction: Action {
    let context: ActionContext
    let declaration: DecryptDeclaration

    private var failure: String { "cannot decrypt '\(declaration.source.path)'" }

    /// Writes the file unless it is up to date, and returns whether it was written.
    func run() async throws(Problem) -> Bool {
        let path = declaration.path.path
        let encrypted = try context.source(declaration.source, key: "source", failure, limit: SizeLimit.encrypted).bytes
        let (owner, group) = try await context.accounts("cannot write file '\(path)'")
        let text = try await decrypt(encrypted)
        if let certificate = declaration.certificate {
            try certificate.attributed(failure, key: "certificate") { try check(text, belongsTo: certificate) }
        }
        let mode = UInt32(declaration.mode)
        return try context.write(FileContent(text.copy, path: path, mode: mode, owner: owner, group: group))
    }

    private func decrypt(_ bytes: [UInt8]) async throws(Problem) -> SecretBytes {
        let path = declaration.identity.path
        let files = context.run.files
        let (location, identity) = try declaration.identity.attributed(failure, key: "identity") {
            // The content is examined before the permissions, so that a public key is reported as such.
            let identity = NodeIdentity(reading: try files.location(ofRead: path))
            try identity.requireUsable(at: path)
            let location = try files.locationForProgram(ofPrivate: path)
            guard !identity.needsPassword else {
                let call = quotedShellLine(["ssh-keygen", "-p", "-f", path])
                throw Problem(
                    "private key '\(path)' has a password, which nobody types on a node",
                    hint: "run \(call) to remove it, or name another key with 'identity'"
                )
            }
            return (location, identity)
        }
        let age = Age(environment: context.run.processEnvironment, identities: [location])
        do {
            return try await age.decrypt(bytes, path: declaration.source.path, until: context.deadline)
        } catch {
            guard let failure = error.cause as? AgeError else { throw error }
            return try declaration.source.attributed(self.failure, key: "source") {
                do throws(Problem) {
                    try requireDecryptable(bytes, with: identity, at: path)
                } catch {
                    throw Problem("\(self.failure): \(error.message)", hint: error.hint)
                }
                throw Problem(error.message, hint: hint(failure.reason), cause: failure)
            }
        }
    }

    private func hint(_ reason: AgeError.Reason) -> String? {
        switch reason {
        case .otherRecipients:
            "encrypt it to the key in '\(declaration.identity.path)', or name one that it is encrypted to with 'identity'"
        case .damagedFile: "the file is incomplete or damaged: put the encrypted file there again"
        case .timedOut: "increase 'timeout' of task '\(context.task.name)'"
        case .other: nil
        }
    }

    /// Refuses a text that is not the key of the certificate, because no program could use the two together.
    private func check(_ text: SecretBytes, belongsTo reference: LocatedPath) throws(Problem) {
        let file = try context.source(reference, key: "certificate", failure, limit: SizeLimit.encrypted)
        let key: PrivateKey
        do {
            key = try PrivateKey(pem: text)
        } catch {
            throw Problem(
                "'\(declaration.source.path)' \(error)",
                hint: "encrypt a private key in PEM"
            )
        }
        let certificate = try CredentialCheck.certificates(in: file)[0]
        guard !key.belongs(to: certificate) else { return }
        throw Problem(
            "key '\(declaration.source.path)' does not belong to certificate '\(reference.path)' "
                + "('\(certificate.subject)'), so '\(declaration.path.path)' was not written",
            hint: "install both files of one set, as 'nest-bootstrap certificates renew' has made them"
        )
    }
}
