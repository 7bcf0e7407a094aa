import Base
import HTTP
import Kubernetes
import Planning
import YAML

/// Kubeconfigs, and the certificates and keys in them.
extension NodeCheck {
    /// Checks credentials that a task combines; that they exist is checked elsewhere.
    func check(_ credentials: Footprint.Credentials) -> [Problem] {
        let references = [credentials.certificateAuthority, credentials.certificate, credentials.key]
        var problems: [Problem] = []
        let files = references.map(credential)
        let check = CredentialCheck(now: run.now())
        func report(_ reference: LocatedPath, _ body: () throws(Problem) -> Void) {
            do {
                try body()
            } catch {
                problems.append(Problem(error.message, at: reference.location, hint: error.hint))
            }
        }
        if files[2] != nil { problems += checkPrivate(credentials.key.path, at: credentials.key.location) }
        if let authority = files[0] {
            report(references[0]) { () throws(Problem) in _ = try check.authority(authority) }
        }
        if let certificate = files[1], let key = files[2] {
            report(references[1]) { () throws(Problem) in
                _ = try check.client(certificate: certificate, key: key)
            }
        }
        if problems.isEmpty, let authority = files[0], let certificate = files[1] {
            report(references[1]) { () throws(Problem) in try check.chain(of: certificate, to: authority) }
        }
        return problems
    }

    /// Reports a client certificate that a task issues for servers only.
    func usageProblems(_ credentials: Footprint.Credentials) -> [Problem] {
        let certificate = credentials.certificate
        let issuer = producers.producer(of: certificate.path).flatMap { run.plan.position(of: $0) }
        guard let task = issuer.map({ run.plan.steps[$0].task }),
            let usages = (task.verb.declaration as? CertificateDeclaration)?.leaf.usages,
            usages.contains(.serverAuth), !usages.contains(.clientAuth)
        else { return [] }
        let message =
            "certificate '\(certificate.path)' is not valid for client authentication: task '\(task.name)' issues it for "
            + usages.sorted().map { "'\($0.rawValue)'" }.joined(separator: ", ")
        return [Problem(message, at: certificate.location, hint: "add 'client auth' to its 'usages'")]
    }

    /// Reports a private key that other users can read.
    func checkPrivate(_ path: String, at location: SourceLocation) -> [Problem] {
        do {
            try run.files.requirePrivate(path)
            return []
        } catch {
            return [Problem("\(error)", at: location, hint: error.advice)]
        }
    }

    /// A file that exists and that no task writes.
    func credential(_ reference: LocatedPath) -> CredentialFile? {
        guard producers.producer(of: reference.path) == nil else { return nil }
        return (try? run.files.read(reference.path, limit: SizeLimit.configuration)).map {
            CredentialFile(name: reference.path, bytes: $0)
        }
    }

    /// A kubeconfig that is there already, or as a task is going to write it.
    func knownKubeconfig(_ path: String) -> Kubeconfig? {
        if let task = producers.producer(of: path) { return run.writtenKubeconfig(path, by: task) }
        guard !isOffline, let bytes = try? run.files.read(path, limit: SizeLimit.configuration) else { return nil }
        return try? Kubeconfig(bytes, path: path)
    }

    /// Checks a kubeconfig that no task writes, with the files that it refers to.
    func checkKubeconfig(_ reference: LocatedPath) -> [Problem] {
        let missing = checkPresence(reference, limit: SizeLimit.configuration)
        guard missing.isEmpty, let file = credential(reference) else { return missing }
        var problems: [Problem] = []
        do {
            let kubeconfig = try Kubeconfig(file.bytes, path: file.name)
            problems = tokenProblems(of: kubeconfig)
            guard !kubeconfig.files.contains(where: { producers.producer(of: $0) != nil }) else { return problems }
            _ = try Credentials(kubeconfig) { try run.files.read($0, limit: SizeLimit.configuration) }
            return problems + (kubeconfig.keyPath.map { checkPrivate($0, at: SourceLocation(file: file.name)) } ?? [])
        } catch let error as Problems {
            return error.all
        } catch let error as Problem {
            return problems + [Problem(error.message, at: SourceLocation(file: file.name), hint: error.hint)]
        } catch {
            return problems + [Problem("\(error)", at: SourceLocation(file: file.name))]
        }
    }

    /// Reports a token file that cannot be used, which loading the credentials does not read: each request does.
    private func tokenProblems(of kubeconfig: Kubeconfig) -> [Problem] {
        guard case .file(let path) = kubeconfig.token, producers.producer(of: path) == nil else { return [] }
        let location = SourceLocation(file: kubeconfig.path)
        do {
            let bytes = try run.files.read(path, limit: SizeLimit.configuration)
            guard BearerToken.token(in: bytes) == nil else { return [] }
            let message = "'tokenFile' '\(path)' contains no valid token"
            return [Problem(message, at: location, hint: "write the token as one line without spaces")]
        } catch {
            let hint = error.advice ?? "put the file there, or correct 'tokenFile'"
            return [Problem("'tokenFile': \(error)", at: location, hint: hint)]
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
