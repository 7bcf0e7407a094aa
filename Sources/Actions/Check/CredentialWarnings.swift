public import Base
import Execution
import Host
import Kubernetes
public import Planning
import TLS

/// Warnings about the certificates and keys that the tasks of a plan use, before anything fails.
public struct CredentialWarnings: Sendable {
    private let files: NodeFiles
    private let plan: Plan
    private let producers: PathProducers
    private let check: CredentialCheck

    /// The certificates that tasks of the plan renew themselves.
    private let renewed: Set<ExactText>

    /// A warning about a certificate in a file.
    public struct Warning: Sendable {
        public let problem: Problem

        fileprivate let certificate: Certificate

        /// Returns whether the warning says that this certificate expires soon.
        public func isAbout(_ certificate: CertificateExpiry) -> Bool {
            self.certificate.subject == certificate.subject && self.certificate.validUntil == certificate.expires
        }

        /// The identity of the warning in the output of a command.
        var key: [UInt8] { certificate.der }
    }

    public init(files: NodeFiles, plan: Plan, warnBefore: Duration? = nil, now: Timestamp = .now()) {
        self.files = files
        self.plan = plan
        check = CredentialCheck(now: now, warnBefore: warnBefore)
        producers = PathProducers(plan)
        let repeated = plan.steps.lazy.map(\.task).filter { $0.interval != nil }
        renewed = Set(repeated.compactMap { $0.footprint.issuedCertificate.map { ExactText($0.path.path) } })
    }

    /// Prepares the warnings of a run.
    init(_ run: RunEnvironment) {
        self.init(files: run.files, plan: run.plan, warnBefore: run.warnBefore, now: run.now())
    }

    /// Returns the warnings for all tasks, one for each certificate; unreadable files are skipped.
    public func all() -> [Warning] {
        var found: [Warning] = []
        for footprint in plan.steps.lazy.map(\.task.footprint) {
            found += footprint.credentials.map(warnings) ?? []
            found += footprint.issuedCertificate.map(warnings) ?? []
            guard let kubeconfig = footprint.kubeconfig, producers.producer(of: kubeconfig.path) == nil else {
                continue
            }
            found += warnings(ofKubeconfig: kubeconfig.path)
        }
        var seen: Set<[UInt8]> = []
        return found.filter { seen.insert($0.key).inserted }
    }

    /// Returns the warnings about the files from which a kubeconfig is created.
    func warnings(of credentials: Footprint.Credentials) -> [Warning] {
        warnings(of: credentials.certificateAuthority, isAuthority: true)
            + warnings(of: credentials.certificate, isAuthority: false)
    }

    /// Returns the warnings about an issuing CA, because issued certificates are invalid once the CA has expired.
    func warnings(of issued: Footprint.IssuedCertificate) -> [Warning] {
        guard let authority = issued.authority else { return [] }
        let ending = warnings(of: authority, isAuthority: true, within: issued.renewBefore)
        return ending.isEmpty ? warnings(of: authority, isAuthority: true) : ending
    }

    /// Returns the warnings about a kubeconfig and the files that it refers to.
    func warnings(ofKubeconfig path: String) -> [Warning] {
        guard let bytes = try? files.read(path, limit: SizeLimit.configuration),
            let kubeconfig = try? Kubeconfig(bytes, path: path)
        else { return [] }
        let location = SourceLocation(file: path)
        var found: [Warning] = []
        for (material, setting, isAuthority) in [
            (kubeconfig.certificateAuthority, "certificate-authority", true),
            (kubeconfig.clientCertificate, "client-certificate", false),
        ] {
            switch material {
            case .file(let file):
                found += warnings(of: LocatedPath(file, location: location), isAuthority: isAuthority)
            case .data(let bytes):
                let file = CredentialFile(name: "\(setting)-data of \(path)", bytes: bytes, at: location)
                found += warnings(of: file, isAuthority: isAuthority)
            case nil: break
            }
        }
        return found
    }

    private func warnings(of path: LocatedPath, isAuthority: Bool, within limit: Duration? = nil) -> [Warning] {
        guard !renewed.contains(ExactText(path.path)),
            let bytes = try? files.read(path.path, limit: SizeLimit.configuration)
        else { return [] }
        let file = CredentialFile(name: path.path, bytes: bytes, at: path.location)
        return warnings(of: file, isAuthority: isAuthority, within: limit)
    }

    private func warnings(of file: CredentialFile, isAuthority: Bool, within limit: Duration? = nil) -> [Warning] {
        check.warnings(of: file, isAuthority: isAuthority, within: limit).map { certificate, problem in
            Warning(problem: problem, certificate: certificate)
        }
    }
}

extension ActionContext {
    /// Emits warnings about credentials, for each certificate once per run.
    func warn(_ warnings: (CredentialWarnings) -> [CredentialWarnings.Warning]) {
        // Several tasks may use the same certificate.
        for warning in warnings(CredentialWarnings(run)) where run.reportedWarnings.insert(warning.key) {
            let problem = warning.problem
            let file = problem.message.split(separator: "'").dropFirst().first.map(String.init) ?? ""
            emit(.warning(subject: file, problem.hint.map { "\(problem.message); \($0)" } ?? problem.message))
        }
    }
}

/// The certificates that the tasks of a plan use or create, if they can be read on the node.
///
/// Certificates are found in the files that tasks read and write, in kubeconfigs, and in the files that kubeconfigs
/// refer to.
public struct KnownCertificates: Sendable {
    private let files: NodeFiles
    private let plan: Plan

    /// The number of certificates above which a file is taken to be a collection of public CAs and ignored.
    private static let countLimit = 20

    /// Prepares the search through the files of a plan.
    public init(files: NodeFiles, plan: Plan) {
        self.files = files
        self.plan = plan
    }

    /// Finds the certificates in plan order and skips files that cannot be read.
    ///
    /// If a file has several certificates with the same subject, only the certificate that is valid longest is
    /// returned. While a CA is being replaced, its file contains both the old and the new certificate.
    public func all() -> [CertificateExpiry] {
        var found: [CertificateExpiry] = []
        var positions: [[String]: Int] = [:]
        for (path, bytes) in contents() {
            guard let certificates = try? Certificate.read(pem: bytes), certificates.count <= Self.countLimit else {
                continue
            }
            for certificate in certificates {
                let expiry = CertificateExpiry(
                    path: path,
                    subject: certificate.subject,
                    validFrom: certificate.validFrom,
                    expires: certificate.validUntil,
                )
                guard let same = positions[[path, certificate.subject]] else {
                    positions[[path, certificate.subject]] = found.count
                    found.append(expiry)
                    continue
                }
                if found[same].expires < expiry.expires { found[same] = expiry }
            }
        }
        return found
    }

    /// Returns the contents of the files, and the certificates embedded in kubeconfigs, with the path of each file.
    ///
    /// An unprivileged user may own a file that a task writes. Such a file is never parsed as a kubeconfig, because a
    /// kubeconfig names other files to read.
    private func contents() -> [(path: String, bytes: [UInt8])] {
        var contents: [(path: String, bytes: [UInt8])] = []
        var examined: Set<ExactText> = []
        let issued = Set(plan.steps.compactMap { $0.task.footprint.issuedCertificate?.path.path }.exact)
        func examine(_ path: String) {
            guard examined.insert(ExactText(path)).inserted else { return }
            guard let bytes = try? files.read(path, limit: SizeLimit.configuration) else {
                // The task may declare an unprivileged user as the owner of the certificate that it issues.
                guard issued.contains(ExactText(path)),
                    let bytes = try? files.readProduct(path, limit: SizeLimit.configuration)
                else {
                    return
                }
                return contents.append((path, bytes))
            }
            // Parsing the other files as YAML would take most of the time.
            guard bytes[...].contains(text: "clusters"), let kubeconfig = try? Kubeconfig(bytes, path: path) else {
                return contents.append((path, bytes))
            }
            for material in [kubeconfig.certificateAuthority, kubeconfig.clientCertificate] {
                switch material {
                case .file(let file): examine(file)
                case .data(let bytes): contents.append((path, bytes))
                case nil: break
                }
            }
        }
        for footprint in plan.steps.lazy.map(\.task.footprint) {
            for path in Self.paths(of: footprint) { examine(path) }
        }
        return contents
    }

    /// Returns the paths of a task that may contain certificates or kubeconfigs.
    private static func paths(of footprint: Footprint) -> [String] {
        let reads = footprint.reads.filter {
            [.file, .authority, .certificate, .kubeconfig, .optional, .awaited].contains($0.use)
        }
        return reads.map(\.path.path) + footprint.producedPaths
    }
}
