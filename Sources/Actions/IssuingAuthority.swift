import Base
import Kubernetes
import Planning
import TLS

/// A CA whose key is on the node.
struct IssuingAuthority {
    let certificate: Certificate
    let key: SigningKey

    /// Combines the files of a CA.
    ///
    /// - Parameters:
    ///   - usable: The certificates of its file that are valid now.
    ///   - path: The file of its certificate.
    ///   - keyFile: The file of its key.
    ///   - keyPath: The path of the key, with its location in the task file.
    /// - Throws: ``Base/Problem`` if the key cannot be read, or belongs to none of the certificates.
    init(_ usable: [Certificate], path: String, keyFile: [UInt8], keyPath: LocatedPath) throws(Problem) {
        do throws(TLSError) {
            key = try SigningKey(pem: SecretBytes(copying: keyFile))
        } catch {
            throw Problem("key '\(keyPath.path)' \(error)", hint: "name the file of the private key as PEM")
        }
        guard let own = usable.first(where: { [key] in key.belongs(to: $0) }) else {
            throw Problem(
                "key '\(keyPath.path)' does not belong to CA '\(path)', so it cannot issue certificates",
                hint: "set 'ca.key' to the private key of this CA"
            )
        }
        certificate = own
    }
}
