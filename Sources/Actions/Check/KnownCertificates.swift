public import Base
import Kubernetes
public import Planning
import TLS

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
