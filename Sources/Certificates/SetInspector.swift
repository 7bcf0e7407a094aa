public import Base
import HTTP
public import Planning

/// A comparison of the files of a set with its declarations.
struct SetInspector: Sendable {
    let set: CertificateSet

    let now: Timestamp

    /// The program that decrypts the keys; if `nil`, keys are not compared with their certificates.
    let age: Age?

    private struct Examined {
        var certificates: [Certificate] = []
        var faults: [CertificateFault] = []
    }

    /// Examines the issuing CA and, during a rotation, the other CA.
    ///
    /// The declaration describes the CA that remains after the rotation. The old CA is checked only while it issues
    /// certificates, and only for its validity and key.
    func authorities() async throws(Problem) -> (inspection: SetInspection, issuing: Certificate?) {
        let (declaration, files) = (set.declarations.authority, set.authorityFiles)
        let comparison = CertificateComparison(at: now)
        var examined = read(files.certificate)
        var progress = RotationProgress.notRotating
        do throws(SystemError) {
            progress = try set.progress(certificateCount: examined.certificates.count)
        } catch {
            examined.faults.append(.key("cannot be read: \(error.reason)"))
        }
        let issuing = examined.certificates.first
        if let issuing {
            examined.faults +=
                progress == .added
                ? comparison.dueFaults(of: issuing, renewBefore: .zero) : comparison.faults(of: issuing, declaration)
        }
        examined.faults += try await keyFaults(files.key, set.operators, issuing)
        var others: [CertificateStatus] = []
        for other in examined.certificates.dropFirst() {
            var faults: [CertificateFault] = []
            if progress == .added {
                faults = comparison.faults(of: other, declaration)
                faults += try await keyFaults(set.nextKeyFile, set.operators, other)
            }
            others.append(status("\(declaration.name) (\(progress == .added ? "new" : "old"))", other, faults))
        }
        let authority = status(declaration.name, issuing, examined.faults)
        return (SetInspection(authority: authority, otherAuthorities: others, progress: progress), issuing)
    }

    /// Creates the status of a CA or, if `leaf` is given, of a node's certificate.
    private func status(
        _ name: String,
        _ certificate: Certificate?,
        _ faults: [CertificateFault],
        of leaf: LeafDeclaration? = nil,
    ) -> CertificateStatus {
        let path = set.path(leaf.map { set.files(of: $0).certificate } ?? set.authorityFiles.certificate)
        return CertificateStatus(
            leaf: leaf,
            name: name,
            path: path,
            validUntil: certificate?.validUntil,
            faults: faults,
        )
    }

    func leaf(_ leaf: LeafDeclaration, _ authority: Certificate?) async throws(Problem) -> CertificateStatus {
        let files = set.files(of: leaf)
        var examined = read(files.certificate)
        let certificate = examined.certificates.first
        if let certificate {
            examined.faults += CertificateComparison(at: now).faults(of: certificate, leaf, authority: authority)
        }
        let recipients = set.recipients[leaf.node] ?? set.operators
        examined.faults += try await keyFaults(files.key, recipients, certificate)
        return status(leaf.name, certificate, examined.faults, of: leaf)
    }

    private func read(_ file: String) -> Examined {
        do throws(SystemError) {
            guard let bytes = try set.read(file) else { return Examined(faults: [.missing]) }
            do throws(TLSError) {
                return Examined(certificates: try Certificate.read(pem: bytes))
            } catch {
                return Examined(faults: [.unreadable(error.message)])
            }
        } catch {
            return Examined(faults: [.unreadable("cannot be read: \(error.reason)")])
        }
    }

    /// Checks the recipients of a key and, if ``age`` is given, whether the key belongs to its certificate.
    private func keyFaults(
        _ file: String,
        _ recipients: RecipientList,
        _ certificate: Certificate?,
    ) async throws(Problem) -> [CertificateFault] {
        let bytes: [UInt8]
        do throws(SystemError) {
            guard let found = try set.read(file) else { return [.keyMissing] }
            bytes = found
        } catch {
            return [.key("cannot be read: \(error.reason)")]
        }
        guard let header = AgeFile(bytes) else { return [.key("is not encrypted by age")] }
        var faults = recipients.differences(from: header).map { CertificateFault.recipients($0) }
        guard let age else { return faults }
        do throws(Problem) {
            let key = try await age.decrypt(bytes, path: set.path(file))
            do throws(TLSError) {
                let belongs = try PrivateKey(pem: key)
                if let certificate, !belongs.belongs(to: certificate) {
                    faults.append(.key("belongs to another certificate"))
                }
            } catch {
                faults.append(.key(error.message))
            }
        } catch {
            // If `age` cannot be run, no key can be compared.
            guard let failure = error.cause as? AgeError else { throw error }
            faults.append(.key("cannot be decrypted (\(failure))"))
        }
        return faults
    }
}

extension CertificateSet {
    /// Compares the CAs and the given certificates with their declarations.
    ///
    /// If `age` has no identities, keys are not decrypted, and not compared with their certificates.
    ///
    /// - Throws: ``Base/Problem`` if the set cannot be listed, or `age` cannot be run.
    public func inspect(
        _ leaves: [LeafDeclaration],
        at now: Timestamp,
        _ age: Age,
    ) async throws(Problem) -> SetInspection {
        let inspector = SetInspector(set: self, now: now, age: age.identities.isEmpty ? nil : age)
        let authorities = try await inspector.authorities()
        var inspection = authorities.inspection
        for leaf in leaves { inspection.leaves.append(try await inspector.leaf(leaf, authorities.issuing)) }
        if operators.hasUnidentified {
            inspection.limits.append(
                "age does not say to which keys 'age1…' a file is encrypted; only their number was compared"
            )
        }
        if age.identities.isEmpty {
            inspection.limits.append(
                "keys were not compared with their certificates; '--identity FILE' decrypts them for that"
            )
        }
        do throws(SystemError) {
            inspection.undeclared = try undeclaredFiles(inspection.progress)
        } catch {
            throw Problem("\(error)", hint: error.advice)
        }
        return inspection
    }
}
