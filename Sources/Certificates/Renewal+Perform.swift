public import Base
import Host
public import Planning
import TLS

extension Renewal {
    /// Does what a plan says: the directory is replaced as a whole, in one step, or not changed.
    ///
    /// - Parameters:
    ///   - plan: What to do; the caller has held the lock since it was made.
    ///   - onProgress: Called with each certificate that was made, and its end; with `nil` if its key was encrypted again.
    /// - Throws: ``Base/Problem`` if something failed. Then the set is unchanged.
    public func perform(
        _ plan: RenewalPlan,
        onProgress: @escaping @Sendable (LeafDeclaration, Timestamp?) -> Void,
    ) async throws(Problem) {
        guard !plan.isEmpty else { return }
        let issuer = SetIssuer(set: set, now: now, access: access)
        do {
            // Before the keys: a directory that cannot be written is an error at once.
            var staged = try StagedDirectory(replacing: set.directory)
            let directory = staged.path
            if plan.authority != .keep || !plan.made.isEmpty {
                let authority = try await authority(plan.authority, issuer, writingBelow: directory)
                for pair in try await issuer.make(plan.made.map(\.leaf), by: authority, onProgress) {
                    try pair.write(below: directory)
                }
            }
            for leaf in plan.encrypted.map(\.leaf) {
                let path = "\(directory)/\(set.files(of: leaf).key)"
                try FileSystem.write(try await issuer.encryptAgain(leaf), to: path, mode: 0o644)
                onProgress(leaf, nil)
            }
            for file in plan.removed { try staged.remove(file) }
            try staged.publish()
        } catch {
            throw set.unchanged(error)
        }
    }

    /// Makes the CA or decrypts its key, and writes those of its files that change.
    private func authority(
        _ change: RenewalPlan.AuthorityChange,
        _ issuer: SetIssuer,
        writingBelow directory: String,
    ) async throws -> SetIssuer.Authority {
        let files = set.authorityFiles
        guard change != .make else {
            let new = try await issuer.newAuthority()
            let made = SetIssuer.Made(
                files: files,
                certificate: new.certificate,
                key: try await issuer.encryptedKey(of: new)
            )
            try made.write(below: directory)
            return new
        }
        let authorities = try set.authorities()
        let present = try await issuer.authority(authorities.certificates[0], keyFile: files.key)
        guard change != .keep else { return present }
        let key = try await issuer.encryptedKey(of: present)
        try FileSystem.write(key, to: "\(directory)/\(files.key)", mode: 0o644)
        if authorities.progress == .added {
            let next = try await issuer.authority(authorities.certificates[1], keyFile: set.nextKeyFile)
            let key = try await issuer.encryptedKey(of: next)
            try FileSystem.write(key, to: "\(directory)/\(set.nextKeyFile)", mode: 0o644)
        }
        return present
    }
}
