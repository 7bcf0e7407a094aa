import Base
import Certificates
import Planning

/// Files that tasks decrypt.
extension NodeCheck {
    /// Checks whether a file can be decrypted, as far as that is known without decrypting it.
    func check(_ decryption: Footprint.Decryption) -> [Problem] {
        let (source, identity) = (decryption.source, decryption.identity)
        guard producers.producer(of: identity.path) == nil,
            let location = try? run.files.locationForProgram(ofPrivate: identity.path)
        else { return [] }
        let key = NodeIdentity(reading: location)
        var problems: [Problem] = []
        do {
            try decryption.requireNoPassword(key)
        } catch {
            problems.append(Problem(error.message, at: identity.location, hint: error.hint))
        }
        guard let file = credential(source) else { return problems }
        do {
            try decryption.requireDecryptable(file.bytes, key)
        } catch {
            problems.append(Problem(error.message, at: source.location, hint: error.hint))
        }
        return problems
    }
}
