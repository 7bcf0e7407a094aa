import Base
import Host
import Planning
import TLS

/// How far the CA of a set is replaced, as the files of the set say.
public enum RotationProgress: String, Sendable, Hashable, CaseIterable {
    /// There is one CA, which is not being replaced.
    case notRotating = "none"
    /// The new CA is trusted, and the old one issues certificates.
    case added
    /// The new CA issues certificates, and the old one is trusted.
    case issued
}

extension CertificateSet {
    /// The certificates of the CA's file, that of the CA that issues first.
    struct Authorities: Sendable {
        /// At least one certificate.
        let certificates: [Certificate]
        /// How far the CA is replaced.
        let progress: RotationProgress
    }

    /// The encrypted key of the new CA, as long as the old one issues certificates.
    var nextKeyFile: String { "ca/\(declarations.authority.name)-next.key.age" }

    /// Finds out how far the CA is replaced.
    func progress(certificateCount: Int) throws(SystemError) -> RotationProgress {
        guard certificateCount > 1 else { return .notRotating }
        return try FileSystem.exists(path(nextKeyFile)) ? .added : .issued
    }

    /// Reads the certificates of the CA's file.
    ///
    /// - Throws: ``Base/Problem`` if there is none, or it cannot be read.
    func authorities() throws(Problem) -> Authorities {
        let file = authorityFiles.certificate
        do {
            guard let bytes = try read(file) else {
                let hint = "'nest-bootstrap certificates renew' makes one"
                throw Problem("there is no CA in '\(path(file))'", hint: hint)
            }
            let certificates = try Certificate.read(pem: bytes)
            return Authorities(
                certificates: certificates,
                progress: try progress(certificateCount: certificates.count)
            )
        } catch let error as Problem {
            throw error
        } catch {
            throw Problem("the certificate of the CA, '\(path(file))', cannot be used: \(error)")
        }
    }
}
