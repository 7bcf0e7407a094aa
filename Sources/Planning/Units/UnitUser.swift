import Base

/// The user of units that only connect to servers, change nothing on the node and run no programs.
public let unitUser = "nest-bootstrap"

/// The content of a credential whose file does not exist when systemd starts the unit.
///
/// Without this content systemd would not start the unit, and the program could not report what to do.
public let missingCredential = "no such file when the unit was started"

/// Returns the name of the credential that holds a file's content in the unit of a task.
///
/// - Parameter path: An absolute path.
/// - Returns: The name, as `systemd-escape --path` prints it, or `nil` if it would be empty or too long for systemd.
public func credentialName(ofPath path: String) -> String? {
    var name = ""
    for byte in normalised(path).utf8.dropFirst() {
        switch byte {
        case UInt8(ascii: "/"): name += "-"
        case _ where byte.isLetter || byte.isDigit || byte == UInt8(ascii: "_"),
            UInt8(ascii: ".") where !name.isEmpty:
            name.unicodeScalars.append(Unicode.Scalar(byte))
        default: name += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
    }
    return name.isEmpty || name.utf8.count > Limit.credentialNameLength ? nil : name
}

extension Footprint {
    /// Whether the task's unit runs as ``unitUser``.
    ///
    /// systemd and containerd obey root only.
    public var isOfUnitUser: Bool { writes.isEmpty && !runsPrograms && service == nil && imageSocket == nil }
}

/// The system users as which the units of a plan run, and the settings that let units read files closed to these users.
struct UnitUsers {
    /// The settings that concern the user of one unit.
    struct Settings {
        /// The capabilities of the unit.
        var capabilities: [String]
        /// User, capabilities and credentials, in the order in which they are written.
        var settings: [(key: String, value: String)] = []
        /// Whether the unit runs as ``unitUser``, without capabilities.
        var isUnprivileged: Bool { capabilities.isEmpty && settings.contains { $0.key == "User" } }

        /// The private keys that the unit receives as credentials, so that the files need not be visible to the unit.
        var privateKeys: [String] = []

        /// Adds a credential: a copy of a file, created by systemd before it starts the unit.
        mutating func load(_ credential: (name: String, path: String)) {
            // systemd removes quoting backslashes from a name.
            let name = unitPath(credential.name.replacing("\\", with: "\\\\"))
            settings.append(("LoadCredential", "\(name):\(unitPath(credential.path))"))
            settings.append(("SetCredential", "\(name):\(missingCredential)"))
        }
    }

    /// For each kubeconfig that a task of the plan writes, the kubeconfig and the files to which it refers.
    private var credentials: [ExactText: [String]] = [:]

    /// Files that tasks of the plan write with access for the owner only.
    private var secrets: [String] = []

    /// Files that tasks read and that some users cannot read, apart from the task files.
    private var closed: Set<ExactText> = []

    /// Whether every user can read the task files.
    private let areTaskFilesReadable: Bool

    /// Whether tasks write below a root, where only the user root may write.
    private let hasRoot: Bool

    /// Finds the credentials of a plan.
    ///
    /// - Parameters:
    ///   - plan: The plan.
    ///   - call: The invocation of the program by the units.
    ///   - isReadableByAll: Returns whether every user can read a file, or a directory of manifests.
    init(_ plan: Plan, _ call: ProgramInvocation, _ isReadableByAll: (String) -> Bool) {
        for write in plan.steps.lazy.flatMap(\.task.footprint.writes) where write.isSecret {
            let path = located(write.path.path)
            secrets.append(path)
            if let files = write.kubeconfig?.files { credentials[ExactText(path)] = [write.path.path] + files }
        }
        var examined: Set<ExactText> = []
        for footprint in plan.steps.lazy.map(\.task.footprint) where footprint.isOfUnitUser {
            for read in footprint.reads
            where read.use != .kubeconfig && examined.insert(ExactText(read.path.path)).inserted {
                if !isReadableByAll(read.path.path) { closed.insert(ExactText(read.path.path)) }
            }
        }
        areTaskFilesReadable = call.taskFiles.allSatisfy(isReadableByAll)
        hasRoot = !call.root.isEmpty
    }

    /// Finds the settings of a task.
    ///
    /// - Parameters:
    ///   - footprint: The paths and capabilities of the task.
    ///   - readsFilesOfOthers: Whether the program of the task may read files of other users.
    /// - Returns: The settings of the unit.
    func settings(of footprint: Footprint, readsFilesOfOthers: Bool) -> Settings {
        var footprint = footprint
        if readsFilesOfOthers { footprint.capabilities.append(UnitSandbox.reading) }
        guard !hasRoot else { return Settings(capabilities: footprint.capabilities) }
        guard footprint.isOfUnitUser else { return settings(ofRoot: footprint, readsFilesOfOthers: readsFilesOfOthers) }
        let names = credentials(of: footprint)
        let needsToRead = names == nil || !canRead(footprint)
        var result = Settings(capabilities: needsToRead ? [UnitSandbox.reading] : [])
        result.settings.append(("User", unitUser))
        if needsToRead { result.settings.append(("AmbientCapabilities", UnitSandbox.reading)) }
        for credential in names ?? [] { result.load(credential) }
        return result
    }

    /// Returns the settings of a unit that runs as root and does not see the directories of private keys.
    private func settings(ofRoot footprint: Footprint, readsFilesOfOthers: Bool) -> Settings {
        var result = Settings(capabilities: footprint.capabilities)
        // A program does not get a capability just because its task has a lock.
        if footprint.readsForLockOnly, let credentials = credentials(of: footprint) {
            if !readsFilesOfOthers { result.capabilities.removeAll { $0 == UnitSandbox.reading } }
            for credential in credentials { result.load(credential) }
        }
        for read in footprint.reads where read.use == .privateKey {
            guard let credential = Self.credential(read.path.path) else { continue }
            result.load(credential)
            result.privateKeys.append(credential.path)
        }
        return result
    }

    /// Returns the names and paths of a task's credentials, or `nil` if they are unknown.
    private func credentials(of footprint: Footprint) -> [(name: String, path: String)]? {
        guard let kubeconfig = footprint.kubeconfig else { return [] }
        guard let paths = credentials[ExactText(located(kubeconfig.path))] else { return nil }
        var found: [(name: String, path: String)] = []
        for path in [kubeconfig.path] + paths.dropFirst() {
            guard let credential = Self.credential(path) else { return nil }
            if !found.contains(where: { $0.name.hasSameBytes(as: credential.name) }) { found.append(credential) }
        }
        return found
    }

    /// Returns the credential with a file's content; `nil` without a valid name, or if systemd would misread the path.
    private static func credential(_ path: String) -> (name: String, path: String)? {
        let isAsWritten = unitPath(path) == path.replacing("%", with: "%%") && path.last?.isWhitespace != true
        guard isAsWritten, let name = credentialName(ofPath: path) else { return nil }
        return (name, path)
    }

    /// Returns whether the user can read everything that the task reads, apart from its kubeconfig.
    private func canRead(_ footprint: Footprint) -> Bool {
        areTaskFilesReadable
            && footprint.reads.allSatisfy { read in
                switch read.use {
                case .kubeconfig: return true
                // The path may appear in a directory that is closed to other users.
                case .awaited: return false
                case .file, .authority, .certificate, .secret, .clientKey, .privateKey, .manifests, .archive, .program,
                    .optional:
                    let path = located(read.path.path)
                    return !closed.contains(ExactText(read.path.path)) && !secrets.contains { isPath($0, at: path) }
                }
            }
    }
}
