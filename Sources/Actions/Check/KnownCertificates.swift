public import Base
import HTTP
import Host
import Kubernetes
public import Planning

/// The certificates in files that tasks read or write, including those that a kubeconfig contains or names.
public struct KnownCertificates: Sendable {
    private let files: NodeFiles
    private let plan: Plan
    private let tasks: [PlannedTask]

    /// The number of certificates above which a file is ignored as a bundle of public CAs.
    private static let countLimit = 20

    /// Prepares a search through the files of the given tasks or, by default, of all tasks in the plan.
    public init(files: NodeFiles, plan: Plan, tasks: [PlannedTask]? = nil) {
        (self.files, self.plan, self.tasks) = (files, plan, tasks ?? plan.steps.map(\.task))
    }

    /// Returns the certificates in the order of the tasks, without those in unreadable files and large bundles.
    ///
    /// If a file contains several certificates with the same subject, as it does while a CA is being replaced, only the
    /// one that expires last is returned.
    public func all() -> [CertificateExpiry] {
        var found: [CertificateExpiry] = []
        for content in contents() {
            let (path, certificates) = (content.path, content.certificates)
            guard certificates.count <= Self.countLimit else { continue }
            for certificate in certificates {
                let expiry = CertificateExpiry(
                    path: path,
                    subject: certificate.subject,
                    validFrom: certificate.validFrom,
                    expires: certificate.validUntil,
                )
                let same = found.firstIndex { $0.path.hasSameBytes(as: path) && $0.subject == expiry.subject }
                if let same, found[same].expires < expiry.expires { found[same] = expiry }
                if same == nil { found.append(expiry) }
            }
        }
        return found
    }

    public struct Warning: Sendable {
        public let problem: Problem
        /// The place of the certificate: a file, or a setting such as `client-certificate-data of /a`.
        let subject: String
        fileprivate let certificate: Certificate

        /// The identity by which repeated warnings are recognized.
        var key: [UInt8] { certificate.der }

        /// Returns whether the warning is about a certificate with the same subject and expiry.
        public func isAbout(_ certificate: CertificateExpiry) -> Bool {
            self.certificate.subject == certificate.subject && self.certificate.validUntil == certificate.expires
        }
    }

    /// Returns a warning for each valid certificate that tasks use as a credential and that expires soon.
    ///
    /// If `warnBefore` is `nil`, the warning period depends on the validity of the certificate. A certificate causes no
    /// warning if a repeated task renews it, or if another one with the same subject in its file expires later.
    public func warnings(warnBefore: Duration?, now: Timestamp = .now()) -> [Warning] {
        let repeated = plan.steps.lazy.map(\.task).filter { $0.interval != nil }
        let renewed = Set(repeated.compactMap { $0.footprint.issuedCertificate.map { ExactText($0.path.path) } })
        let check = CredentialCheck(now: now, warnBefore: warnBefore)
        var seen: Set<[UInt8]> = []
        return contents().filter { $0.isCredential && !renewed.contains(ExactText($0.path)) }.flatMap { content in
            let certificates = content.certificates
            guard let first = certificates.first, certificates.count <= Self.countLimit else { return [Warning]() }
            return check.warnings(of: content.file, isAuthority: first.isAuthority).map { certificate, problem in
                Warning(problem: problem, subject: content.file.name, certificate: certificate)
            }
        }
        .filter { seen.insert($0.key).inserted }
    }

    /// A file, or a part of a kubeconfig, that may contain certificates.
    private struct Content {
        var path: String
        var file: CredentialFile
        /// Whether a task uses the file as a CA, a certificate or a kubeconfig, or through a kubeconfig.
        var isCredential = false

        var certificates: [Certificate] { (try? Certificate.read(pem: file.bytes)) ?? [] }
    }

    /// Reads the files of the tasks, and the certificates that kubeconfigs among them contain or name.
    ///
    /// A file that is refused as untrusted is not parsed as a kubeconfig.
    private func contents() -> [Content] {
        let issued = Set(plan.steps.compactMap { $0.task.footprint.issuedCertificate?.path.path }.exact)
        var credentials = Set(
            tasks.flatMap(\.footprint.reads).filter { [.authority, .certificate, .kubeconfig].contains($0.use) }
                .map(\.path.path).exact
        )
        var contents: [Content] = []
        var examined: Set<ExactText> = []
        func examine(_ path: String, at location: SourceLocation?) {
            let key = ExactText(path)
            guard examined.insert(key).inserted else { return }
            let trusted = try? files.read(path, limit: SizeLimit.configuration)
            // An issued certificate may belong to an unprivileged user, and may then be refused as untrusted.
            let product = issued.contains(key) ? try? files.readProduct(path, limit: SizeLimit.configuration) : nil
            guard let bytes = trusted ?? product else { return }
            // A file without this text is no kubeconfig. Parsing every file as YAML would be slow.
            guard trusted != nil, bytes[...].contains(text: "clusters"),
                let kubeconfig = try? Kubeconfig(bytes, path: path)
            else {
                let file = CredentialFile(name: path, bytes: bytes, at: location)
                return contents.append(Content(path: path, file: file))
            }
            let location = SourceLocation(file: path)
            for (material, setting) in [
                (kubeconfig.certificateAuthority, "certificate-authority"),
                (kubeconfig.clientCertificate, "client-certificate"),
            ] {
                switch material {
                case .file(let file):
                    if credentials.contains(key) { credentials.insert(ExactText(file)) }
                    examine(file, at: location)
                case .data(let bytes):
                    let file = CredentialFile(name: "\(setting)-data of \(path)", bytes: bytes, at: location)
                    contents.append(Content(path: path, file: file))
                case nil: break
                }
            }
        }
        for footprint in tasks.lazy.map(\.footprint) {
            for read in footprint.reads
            where [.file, .authority, .certificate, .kubeconfig, .optional, .awaited].contains(read.use) {
                examine(read.path.path, at: read.path.location)
            }
            for path in footprint.producedPaths { examine(path, at: nil) }
        }
        for index in contents.indices {
            contents[index].isCredential = credentials.contains(ExactText(contents[index].path))
        }
        return contents
    }
}

extension ActionContext {
    /// Emits the expiry warnings about the certificates of the task, once per run and certificate.
    func warnOfCertificates() {
        let known = KnownCertificates(files: run.files, plan: run.plan, tasks: [task])
        for warning in known.warnings(warnBefore: run.warnBefore, now: run.now())
        where run.reportedWarnings.insert(warning.key) {
            emit(.warning(about: warning.problem, subject: warning.subject))
        }
    }
}
