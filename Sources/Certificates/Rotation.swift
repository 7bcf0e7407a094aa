public import Base
import HTTP
import Host
public import Planning

/// A replacement of a set's CA in three steps; before a step, all nodes must have the files of the previous step.
///
/// The new CA is trusted before it issues certificates. The old CA stays trusted while its certificates are in use.
public struct Rotation: Sendable {
    private let set: CertificateSet
    private let now: Timestamp
    private let age: Age

    public init(_ set: CertificateSet, at now: Timestamp, _ age: Age) {
        (self.set, self.now, self.age) = (set, now, age)
    }

    /// Determines the progress of the rotation from the files of the set.
    public func status() throws(Problem) -> RotationStatus {
        let authorities = try set.authorities()
        let path = set.path(set.authorityFiles.certificate)
        guard authorities.certificates.count <= 2 else {
            throw Problem(
                "'\(path)' has \(authorities.certificates.count) certificates; a rotation needs one or two",
                hint: "remove those that are not of the CA that issues certificates"
            )
        }
        var leaves: [RotationStatus.Leaf] = []
        for leaf in set.declarations.leaves {
            let certificate = try certificate(of: leaf)
            leaves.append(
                .init(
                    node: leaf.node,
                    name: leaf.name,
                    serialNumber: certificate?.serialNumber,
                    isCurrent: certificate?.isIssued(by: Array(authorities.certificates.prefix(1))) ?? false,
                )
            )
        }
        return RotationStatus(progress: authorities.progress, authorityPath: path, leaves: leaves)
    }

    private func certificate(of leaf: LeafDeclaration) throws(Problem) -> Certificate? {
        let file = set.files(of: leaf).certificate
        do throws(SystemError) {
            // A file without a readable certificate counts as missing.
            return try set.read(file).flatMap { try? Certificate.read(pem: $0).first }
        } catch {
            throw Problem("\(error)", hint: error.advice)
        }
    }

    /// Performs the next step, and replaces the whole directory atomically; after an error, the set is unchanged.
    public func performNextStep(
        onProgress: @escaping @Sendable (LeafDeclaration, Timestamp?) -> Void,
    ) async throws(Problem) {
        let issuer = SetIssuer(set: set, now: now, age: age)
        let files = set.authorityFiles
        do {
            let authorities = try set.authorities()
            let (first, last) = (authorities.certificates[0], authorities.certificates.last)
            var staged = try StagedDirectory(replacing: set.directory)
            let directory = staged.path
            switch authorities.progress {
            case .notRotating:
                let new = try await issuer.newAuthority()
                try write([first, new.certificate], below: directory)
                let key = try await issuer.encryptedKey(of: new)
                try FileSystem.write(key, to: "\(directory)/\(set.nextKeyFile)", mode: 0o644)
            case .added:
                let new = try await issuer.authority(last ?? first, keyFile: set.nextKeyFile)
                let keys = try await issuer.keys(of: set.declarations.leaves.filter(\.signsTokens))
                let made = try await issuer.make(set.declarations.leaves, keeping: keys, by: new, onProgress)
                for pair in made { try pair.write(below: directory) }
                try write([new.certificate, first], below: directory)
                let key = try await issuer.encryptedKey(of: new)
                try FileSystem.write(key, to: "\(directory)/\(files.key)", mode: 0o644)
                try staged.remove(set.nextKeyFile)
            case .issued:
                try write([first], below: directory)
            }
            try staged.publish()
        } catch {
            throw set.unchanged(error)
        }
    }

    private func write(_ authorities: [Certificate], below directory: String) throws(SystemError) {
        let text = authorities.map(\.pem).joined()
        try FileSystem.write(Array(text.utf8), to: "\(directory)/\(set.authorityFiles.certificate)", mode: 0o644)
    }
}
