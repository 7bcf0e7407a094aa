public import Base
import HTTP
public import Host
public import Planning

/// The changes that a renewal makes to a set.
public struct RenewalPlan: Sendable {
    public enum AuthorityChange: Sendable, Hashable {
        case keep
        /// A CA is created, because none exists.
        case make
        /// The key is encrypted again, for the given reasons; a forced renewal may have none.
        case encryptAgain([String])
    }

    /// A certificate that is issued, or whose key is encrypted again.
    public struct Item: Sendable, Hashable {
        public var leaf: LeafDeclaration
        /// The reasons, as predicates of the existing certificate; empty for a certificate without faults.
        public var reasons: [String]
        /// Whether the existing key is kept, so that the tokens that it has signed stay valid.
        public var keepsKey = false
    }

    public var authority: AuthorityChange

    public var made: [Item]

    /// The kept certificates whose keys are encrypted again, to the declared recipients.
    public var encrypted: [Item]

    public var keptCount: Int

    /// The paths of the undeclared files that are removed, relative to the directory.
    public var removed: [String]

    /// The problems of the CAs that the renewal does not correct, as predicates.
    public var authorityFaults: [String]

    public var limits: [String]

    var isEmpty: Bool { authority == .keep && made.isEmpty && encrypted.isEmpty && removed.isEmpty }

    /// Whether the plan requires the private key of an operator.
    public var needsIdentity: Bool {
        switch authority {
        case .keep: !made.isEmpty || !encrypted.isEmpty
        case .make: false
        case .encryptAgain: true
        }
    }
}

/// A renewal of the certificates of a set that are due or differ from their declarations.
public struct Renewal: Sendable {
    let set: CertificateSet
    let selection: CertificateSelection
    let isForced: Bool
    let now: Timestamp
    let age: Age

    /// Creates a renewal of selected certificates; if `isForced` is true, certificates without faults are also renewed.
    public init(
        _ set: CertificateSet,
        _ selection: CertificateSelection,
        isForced: Bool,
        at now: Timestamp,
        _ age: Age,
    ) {
        (self.set, self.selection, self.isForced, self.now, self.age) = (set, selection, isForced, now, age)
    }

    /// Determines the changes that are needed.
    ///
    /// - Throws: ``Base/Problem`` if nothing is selected, or if the set or the CA cannot be used for the changes.
    public func plan() async throws(Problem) -> RenewalPlan {
        let leaves: [LeafDeclaration]
        do throws(Problems) {
            leaves = try selection.leaves(of: set.declarations)
        } catch {
            throw error.all.first ?? Problem("nothing is selected")
        }
        // With an identity that has a password, `age` would ask for the password once for every key.
        var age = age
        if age.identities.contains(where: { NodeIdentity(reading: $0).needsPassword }) { age.identities = [] }
        let found = try await set.inspect(leaves, at: now, age)
        let authority = try authorityChange(found)
        var made: [RenewalPlan.Item] = []
        var encrypted: [RenewalPlan.Item] = []
        for status in found.leaves {
            guard let leaf = status.leaf, isForced || authority == .make || !status.faults.isEmpty else { continue }
            let item = RenewalPlan.Item(
                leaf: leaf,
                reasons: status.faults.map(\.description),
                keepsKey: leaf.signsTokens && !isForced && authority != .make
                    && !status.faults.contains(where: \.needsOtherKey)
            )
            let isMade = isForced || authority == .make || !status.faults.allSatisfy(\.isOfRecipients)
            if isMade { made.append(item) } else { encrypted.append(item) }
        }
        if !made.isEmpty { try requireAuthority(found.authority, authority) }
        return RenewalPlan(
            authority: authority,
            made: made,
            encrypted: encrypted,
            keptCount: found.leaves.count - made.count - encrypted.count,
            removed: selection.isComplete ? abandoned(found.undeclared) : [],
            authorityFaults: authority == .make ? [] : Self.lastingFaults(found.authorities),
            limits: authority == .keep && !isForced && set.operators.hasUnidentified ? [Self.unidentified] : [],
        )
    }

    /// Returns the undeclared node certificates and keys whose file names have the prefix of this CA and of no other.
    private func abandoned(_ undeclared: [String]) -> [String] {
        let prefix = "\(set.declarations.authority.name)-"
        let otherPrefixes = undeclared.compactMap { file in
            file.hasPrefix("ca/") && file.hasSuffix(".crt")
                ? "\(file.dropFirst("ca/".count).dropLast(".crt".count))-" : nil
        }
        return undeclared.filter { file in
            let name = file.pathParts.last ?? ""
            return file.hasPrefix("derived/") && name.hasPrefix(prefix)
                && !otherPrefixes.contains(where: name.hasPrefix)
        }
    }

    private static let unidentified =
        "age does not say to which keys 'age1…' a file is encrypted: if you have exchanged one for another, add '--all'"

    private func authorityChange(_ found: SetInspection) throws(Problem) -> RenewalPlan.AuthorityChange {
        let (status, files) = (found.authority, set.authorityFiles)
        let hint: (String, String) -> String = { missing, other in
            "restore '\(missing)', for example with git, or remove '\(other)': then a new CA and all certificates are made"
        }
        switch (status.faults.contains(.missing), status.faults.contains(.keyMissing)) {
        case (true, true):
            guard selection.isComplete else {
                let message = "there is no CA, and a new one makes every certificate, not only those that are selected"
                throw Problem(message, hint: "call it without '--node' and '--name'")
            }
            return .make
        case (true, false):
            let certificate = set.path(files.certificate)
            throw Problem(
                "the CA has a key but no certificate",
                hint: hint(certificate, set.path(files.key))
            )
        case (false, true), (false, false): break
        }
        let faults = found.authorities.flatMap(\.faults)
        let differences = faults.compactMap { if case .recipients(let text) = $0 { text } else { nil } }
        let isAskedFor = isForced && selection.isComplete && !status.faults.contains(.keyMissing)
        return differences.isEmpty && !isAskedFor ? .keep : .encryptAgain(differences.map { "its key \($0)" })
    }

    /// Refuses a CA that cannot issue certificates.
    private func requireAuthority(_ status: CertificateStatus, _ change: RenewalPlan.AuthorityChange) throws(Problem) {
        guard change != .make else { return }
        let files = set.authorityFiles
        if status.faults.contains(.keyMissing) {
            throw Problem(
                "the key of the CA, '\(set.path(files.key))', is missing, so that no certificate can be issued",
                hint: "restore it, for example with git, or remove '\(set.path(files.certificate))': "
                    + "then a new CA and all certificates are made"
            )
        }
        let subject = "the certificate of the CA, '\(status.path)',"
        let restored = "restore it, for example with git"
        for fault in status.faults {
            switch fault {
            case .unreadable: throw Problem("\(subject) \(fault)", hint: restored)
            case .noAuthority:
                throw Problem("\(subject) \(fault), so it can issue none", hint: restored)
            case .notYetValid:
                throw Problem("\(subject) \(fault)", hint: "set the clock, which says \(now)")
            default: continue
            }
        }
        if let end = status.validUntil, end <= now {
            throw Problem(
                "\(subject) expired at \(end)",
                hint: "remove it and its key: then a new CA and all certificates are made"
            )
        }
    }

    /// Returns the problems of the CAs that a renewal does not correct.
    private static func lastingFaults(_ authorities: [CertificateStatus]) -> [String] {
        authorities.flatMap(\.faults).compactMap { fault in
            switch fault {
            case .recipients, .missing: nil
            case .keyMissing, .unreadable, .noAuthority, .notYetValid, .key, .keyType, .certificate: fault.description
            }
        }
    }
}

extension CertificateSet {
    private static let lockLimit = Duration.seconds(600)

    /// Takes the lock that every change to the set requires.
    ///
    /// If another process holds the lock, `onWait` is called once. After ten minutes of waiting, an error is thrown.
    public func lock(onWait: () -> Void) async throws(Problem) -> FileLock {
        let deadline = ContinuousClock.now + Self.lockLimit
        do throws(SystemError) {
            if let lock = try await StagedDirectory.lock(directory, until: deadline, onWait: onWait) { return lock }
        } catch {
            throw unchanged(error)
        }
        let message = "another process has been changing '\(directory)' for \(Self.lockLimit.humanReadable)"
        throw Problem(message, hint: "end it, or try again later")
    }

    /// Creates the error for a change that failed and left the set unchanged.
    func unchanged(_ error: any Error) -> Problem {
        let advice = (error as? SystemError)?.advice ?? (error as? Problem)?.hint
        return Problem("the certificates in '\(directory)' are unchanged", hint: advice, cause: error)
    }
}

extension Renewal {
    /// Performs a plan, and replaces the whole directory atomically; after an error, the set is unchanged.
    ///
    /// The caller must take the lock before ``plan()``, and hold it until this function returns. `onProgress` receives
    /// each certificate's declaration and its expiry, or `nil` if only its key was encrypted again.
    public func perform(
        _ plan: RenewalPlan,
        onProgress: @escaping @Sendable (LeafDeclaration, Timestamp?) -> Void,
    ) async throws(Problem) {
        guard !plan.isEmpty else { return }
        let issuer = SetIssuer(set: set, now: now, age: age)
        do {
            // The directory is prepared before the keys, so that an unwritable directory is reported without delay.
            var staged = try StagedDirectory(replacing: set.directory)
            let directory = staged.path
            if plan.authority != .keep || !plan.made.isEmpty {
                let authority = try await authority(plan.authority, issuer, writingBelow: directory)
                let keys = try await issuer.keys(of: plan.made.filter(\.keepsKey).map(\.leaf))
                for pair in try await issuer.make(plan.made.map(\.leaf), keeping: keys, by: authority, onProgress) {
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

    /// Creates the CA or decrypts its key, and writes the changed files of the CAs.
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
