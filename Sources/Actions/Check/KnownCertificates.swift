public import Base
import Kubernetes
public import Planning
import TLS

/// The certificates that the tasks of a plan use or make, as far as they are on the node and can be read.
///
/// They are in the files that tasks read and write, and in kubeconfigs and the files that these refer to.
public struct KnownCertificates: Sendable {
    private let files: NodeFiles
    private let plan: Plan

    /// A file with more certificates is a collection of public CAs, of which none is the node's.
    private static let countLimit = 20

    /// Prepares the search in a plan.
    public init(files: NodeFiles, plan: Plan) {
        self.files = files
        self.plan = plan
    }

    /// Finds the certificates, in the order of the plan; what cannot be read is passed over.
    ///
    /// Of several with one subject in one file it is the one that is valid longest: while a CA is replaced, its old
    /// certificate is beside the new one.
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

    /// The contents of files, and of kubeconfigs what they contain, by the path of the file.
    ///
    /// A file that a task makes may belong to a person, and is then never read as a kubeconfig, which names other files.
    private func contents() -> [(path: String, bytes: [UInt8])] {
        var contents: [(path: String, bytes: [UInt8])] = []
        var examined: Set<ExactText> = []
        let issued = Set(plan.steps.compactMap { $0.task.footprint.issuedCertificate?.path.path }.exact)
        func examine(_ path: String) {
            guard examined.insert(ExactText(path)).inserted else { return }
            guard let bytes = try? files.read(path, limit: SizeLimit.configuration) else {
                // A certificate that a task issues may belong to a person, as the task declares it.
                guard issued.contains(ExactText(path)),
                    let bytes = try? files.readProduct(path, limit: SizeLimit.configuration)
                else {
                    return
                }
                return contents.append((path, bytes))
            }
            guard let kubeconfig = try? Kubeconfig(bytes, path: path) else { return contents.append((path, bytes)) }
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

    /// The paths that may be those of certificates or kubeconfigs.
    private static func paths(of footprint: Footprint) -> [String] {
        let reads = footprint.reads.filter {
            [.file, .authority, .certificate, .kubeconfig, .optional, .awaited].contains($0.use)
        }
        return reads.map(\.path.path) + footprint.producedPaths
    }
}
