import Base
import Certificates
import Kubernetes
import Planning
import TLS

/// Certificates that tasks issue, and files that they decrypt.
extension NodeCheck {
    /// Checks the CA that issues a certificate; that it exists is checked elsewhere.
    func check(_ issued: Footprint.IssuedCertificate) -> [Problem] {
        guard let authority = issued.authority, let file = credential(authority) else { return [] }
        let usable: [Certificate]
        do {
            usable = try CredentialCheck(now: run.now()).authority(file)
        } catch {
            return [Problem(error.message, at: authority.location, hint: error.hint)]
        }
        guard let key = issued.authorityKey, let keyFile = credential(key) else { return [] }
        do {
            _ = try IssuingAuthority(usable, path: authority.path, keyFile: keyFile.bytes, keyPath: key)
            return []
        } catch {
            return [Problem(error.message, at: key.location, hint: error.hint)]
        }
    }

    /// Checks the certificates of a file that exists and that no task writes.
    func checkCertificates(_ read: Footprint.Read) -> [Problem] {
        guard let file = credential(read.path) else { return [] }
        do {
            _ = try CredentialCheck.certificates(in: file, ofAuthority: read.use == .authority)
            return []
        } catch {
            return [Problem(error.message, at: read.path.location, hint: error.hint)]
        }
    }

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

    /// Certificates that expire because their task does not run again in time.
    func lateRenewals(_ task: PlannedTask) -> [Problem] {
        guard let issued = task.footprint.issuedCertificate else { return [] }
        let renewBefore = issued.renewBefore
        let fault: String
        switch task.interval {
        case nil: fault = "has no 'every', so on a node that keeps running its certificate expires"
        case let interval? where interval + repetitionDelay(interval) > renewBefore:
            fault =
                "repeats every \(interval.text), up to \(repetitionDelay(interval).text) later, and its certificate is due "
                + "\(renewBefore.text) before its end, so it may expire before"
        case _?: return []
        }
        let interval = min(.seconds(86_400), max(renewBefore / 2, .seconds(1)))
        let hint = "write every: \(interval.text)"
        return [Problem("task '\(task.name)' \(fault)", at: task.location, hint: hint)]
    }
}
