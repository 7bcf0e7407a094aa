import Kubernetes
import Planning
import YAML

/// Kubeconfigs, and the certificates and keys in them.
extension NodeCheck {
    /// A kubeconfig or credential is not larger than this.
    private static let sizeLimit = 1 << 20

    /// Checks what a task would write into a kubeconfig.
    func check(_ declaration: KubeconfigDeclaration) -> [Diagnostic] {
        let references = [declaration.certificateAuthority, declaration.certificate, declaration.key]
        var problems = references.flatMap(checkPresence)
        let files = references.map(credential)
        let check = CredentialCheck()
        func tell(_ reference: PathReference, _ body: () throws(CredentialError) -> Void) {
            do {
                try body()
            } catch {
                problems.append(Diagnostic(reference.place, error.message, hint: error.hint))
            }
        }
        if let authority = files[0] {
            tell(references[0]) { () throws(CredentialError) in _ = try check.authority(authority) }
        }
        if let certificate = files[1], let key = files[2] {
            tell(references[1]) { () throws(CredentialError) in
                _ = try check.client(certificate: certificate, key: key)
            }
        }
        if problems.isEmpty, let authority = files[0], let certificate = files[1] {
            tell(references[1]) { () throws(CredentialError) in try check.chain(of: certificate, to: authority) }
        }
        return problems
    }

    /// A file that is there, and that no task makes anew.
    private func credential(_ reference: PathReference) -> CredentialFile? {
        guard makers.maker(of: reference.path) == nil else { return nil }
        return (try? run.files.read(reference.path, limit: Self.sizeLimit)).map {
            CredentialFile(name: reference.path, bytes: $0)
        }
    }

    /// Checks a kubeconfig that no task makes, with all that it refers to.
    func checkKubeconfig(_ reference: PathReference) -> [Diagnostic] {
        let missing = checkPresence(reference)
        guard missing.isEmpty, let file = credential(reference) else { return missing }
        do {
            let kubeconfig = try Kubeconfig(file.bytes, path: file.name)
            guard !kubeconfig.files.contains(where: { makers.maker(of: $0) != nil }) else { return [] }
            _ = try Credentials(kubeconfig) { try run.files.read($0, limit: Self.sizeLimit) }
            return []
        } catch let error as Diagnostics {
            return error.all
        } catch let error as CredentialError {
            return [Diagnostic(Place(file: file.name), error.message, hint: error.hint)]
        } catch {
            return [Diagnostic(Place(file: file.name), "\(error)")]
        }
    }
}

extension Kubeconfig {
    /// The files that it refers to.
    fileprivate var files: [String] {
        [certificateAuthority, clientCertificate, clientKey, token].compactMap {
            if case .file(let path) = $0 { path } else { nil }
        }
    }
}
