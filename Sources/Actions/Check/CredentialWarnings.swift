public import Base
import Execution
import Host
import Kubernetes
public import Planning

/// Warnings about the certificates and keys that the tasks of a plan use, before anything fails.
public struct CredentialWarnings: Sendable {
    private let files: NodeFiles
    private let plan: Plan
    private let producers: PathProducers
    private let check: CredentialCheck

    /// The certificates that tasks of the plan renew themselves.
    private let renewed: Set<ExactText>

    public init(files: NodeFiles, plan: Plan, now: Timestamp = .now()) {
        self.files = files
        self.plan = plan
        check = CredentialCheck(now: now)
        producers = PathProducers(plan)
        let repeated = plan.steps.lazy.map(\.task).filter { $0.interval != nil }
        renewed = Set(repeated.compactMap { $0.footprint.issuedCertificate.map { ExactText($0.path.path) } })
    }

    /// Returns the warnings for all tasks, without duplicates; unreadable files are skipped.
    public func all() -> [Problem] {
        var problems: [Problem] = []
        for footprint in plan.steps.lazy.map(\.task.footprint) {
            problems += footprint.credentials.map(warnings) ?? []
            problems += footprint.issuedCertificate.map(warnings) ?? []
            guard let kubeconfig = footprint.kubeconfig, producers.producer(of: kubeconfig.path) == nil else {
                continue
            }
            problems += warnings(ofKubeconfig: kubeconfig.path)
        }
        return problems.unique(by: \.message)
    }

    /// Returns the warnings about the files from which a kubeconfig is created.
    func warnings(of credentials: Footprint.Credentials) -> [Problem] {
        warnings(
            of: credentials.certificateAuthority.path,
            as: .authority,
            at: credentials.certificateAuthority.location
        )
            + warnings(of: credentials.certificate.path, as: .client, at: credentials.certificate.location)
    }

    /// Returns the warnings about an issuing CA, because issued certificates are invalid once the CA has expired.
    func warnings(of issued: Footprint.IssuedCertificate) -> [Problem] {
        guard let authority = issued.authority else { return [] }
        let ending = warnings(of: authority.path, as: .authority, at: authority.location, within: issued.renewBefore)
        guard ending.isEmpty else {
            let addition =
                ", and with it certificate '\(issued.path.path)', which is due \(issued.renewBefore.text) before its end"
            return ending.map { Problem($0.code, $0.message + addition, at: $0.location, hint: $0.hint) }
        }
        return warnings(of: authority.path, as: .authority, at: authority.location)
    }

    /// Returns the warnings about a kubeconfig and the files that it refers to.
    func warnings(ofKubeconfig path: String) -> [Problem] {
        guard let bytes = try? files.read(path, limit: SizeLimit.configuration),
            let kubeconfig = try? Kubeconfig(bytes, path: path)
        else { return [] }
        let location = SourceLocation(file: path)
        var problems: [Problem] = []
        for (material, setting, role) in [
            (kubeconfig.certificateAuthority, "certificate-authority", CredentialCheck.CertificateRole.authority),
            (kubeconfig.clientCertificate, "client-certificate", .client),
        ] {
            switch material {
            case .file(let file): problems += warnings(of: file, as: role, at: location)
            case .data(let bytes):
                let file = CredentialFile(name: "\(setting)-data of \(path)", bytes: bytes)
                problems += check.warnings(of: file, as: role).map { $0.at(location) }
            case nil: break
            }
        }
        // A private key that other users can read is not reported here, because it is an error.
        switch kubeconfig.token {
        case .file(let file): problems += warnings(ofSecret: file, "token", at: location)
        case .data: problems += warnings(ofSecret: path, "kubeconfig with a token", at: location)
        case nil: break
        }
        return problems
    }

    private func warnings(
        of path: String,
        as role: CredentialCheck.CertificateRole,
        at location: SourceLocation,
        within limit: Duration = CredentialCheck.warningLimit,
    ) -> [Problem] {
        guard !renewed.contains(ExactText(path)), let bytes = try? files.read(path, limit: SizeLimit.configuration)
        else { return [] }
        return check.warnings(of: CredentialFile(name: path, bytes: bytes), as: role, within: limit).map {
            $0.at(location)
        }
    }

    private func place(of path: String) -> String { (try? files.location(ofRead: path)) ?? path }

    /// Warns about a secret that every user of the node can read.
    private func warnings(ofSecret path: String, _ what: String, at location: SourceLocation) -> [Problem] {
        guard files.isReadableByEveryone(place(of: path)) else { return [] }
        let message = "\(what) '\(path)' can be read by every user of the node"
        return [
            Problem(
                .readableSecret,
                message,
                at: location,
                hint: "run \(quotedShellLine(["chmod", "o-r", place(of: path)]))"
            )
        ]
    }
}

extension Problem {
    fileprivate func at(_ location: SourceLocation) -> Problem {
        Problem(.readableSecret, message, at: location, hint: hint)
    }
}

extension NodeFiles {
    /// Returns whether a file and the directories above it let every user read the file.
    fileprivate func isReadableByEveryone(_ location: String) -> Bool {
        guard let path = try? FileSystem.realPath(location), let status = try? FileSystem.status(path) else {
            return false
        }
        return status.mode & 0o004 != 0 && FileSystem.isReachableByAll(path)
    }
}

/// The warnings already emitted in a run.
final class ReportedWarnings: Sendable {
    private let messages = Locked<Set<String>>([])

    /// Adds a message, and returns whether it is new.
    func insert(_ message: String) -> Bool { messages.withLock { $0.insert(message).inserted } }
}

extension ActionContext {
    /// Emits warnings about credentials, each once per run.
    func warn(_ warnings: (CredentialWarnings) -> [Problem]) {
        for problem in warnings(CredentialWarnings(files: run.files, plan: run.plan, now: run.now())) {
            // Several tasks may use the same certificate.
            let file = problem.message.split(separator: "'").dropFirst().first.map(String.init) ?? ""
            guard run.reportedWarnings.insert(problem.message) else { continue }
            emit(.warning(subject: file, problem.hint.map { "\(problem.message); \($0)" } ?? problem.message))
        }
    }
}
