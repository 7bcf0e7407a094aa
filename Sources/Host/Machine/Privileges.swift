import Base
import Glibc

/// The privileges of a process of root, of which a user namespace, a container or a unit may have taken some away.
public struct Privileges: Sendable {
    /// A capability, by its number; see capabilities(7).
    public enum Capability: Int, Sendable, CaseIterable {
        case chown = 0
        case dacOverride = 1
        case fowner = 3
        case kill = 5
        case netAdmin = 12
        case netRaw = 13
        case sysModule = 16
        case sysChroot = 18
        case sysAdmin = 21
        case sysBoot = 22
        case sysNice = 23
        case sysResource = 24
        case sysTime = 25
        case mknod = 27
        case setfcap = 31
        case syslog = 34

        /// The name, such as `CAP_DAC_OVERRIDE`.
        public var name: String {
            // Each capital letter of the case begins a part of the name.
            "CAP_"
                + "\(self)".reduce(into: "") { name, letter in
                    name += (letter.isUppercase ? "_" : "") + letter.uppercased()
                }
        }
    }

    /// The reason for a refusal, and what to do.
    public struct Fault: Sendable, Hashable {
        public let reason: String
        public let advice: String
    }

    private let effective: UInt64
    private let bounding: UInt64
    /// The users of a user namespace in the form of user_namespaces(7), `nil` in the namespace of the machine.
    private let map: String?

    /// Reads the privileges of this process, `nil` if its user is not root, or they cannot be read.
    public static func ofRoot() -> Privileges? {
        guard Machine.isRoot, let status = try? FileSystem.read("/proc/self/status", limit: 1 << 16),
            let map = try? FileSystem.read("/proc/self/uid_map", limit: 1 << 16)
        else { return nil }
        return Privileges(
            status: String(decoding: status, as: UTF8.self),
            map: String(decoding: map, as: UTF8.self)
        )
    }

    /// Reads the privileges from the texts of the kernel; see proc_pid_status(5).
    ///
    /// - Parameters:
    ///   - status: The content of `/proc/self/status`.
    ///   - map: The content of `/proc/self/uid_map`.
    init?(status: String, map: String) {
        var sets: [Substring: UInt64] = [:]
        for line in status.split(separator: "\n") where line.hasPrefix("Cap") {
            let words = line.split(whereSeparator: \.isWhitespace)
            if words.count == 2 { sets[words[0]] = UInt64(words[1], radix: 16) }
        }
        guard let effective = sets["CapEff:"], let bounding = sets["CapBnd:"] else { return nil }
        (self.effective, self.bounding) = (effective, bounding)
        let lines = map.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
        self.map = lines == ["0 0 4294967295"] ? nil : lines.joined(separator: ", ")
    }

    /// Returns why a refused operation of root was refused.
    ///
    /// - Parameters:
    ///   - capability: The capability that the operation needs.
    ///   - path: The path that the operation was about, if it was about one.
    ///   - isProgram: Whether another program was refused, which root starts with all capabilities that are not excluded.
    /// - Returns: The reason, `nil` if the process has the capability for the whole machine.
    public func fault(without capability: Capability, path: String? = nil, isProgram: Bool = false) -> Fault? {
        let name = capability.name
        if (isProgram ? bounding : effective) & 1 << UInt64(capability.rawValue) == 0 {
            let isExcluded = bounding & 1 << UInt64(capability.rawValue) == 0
            let option = "'--cap-add \(name.dropFirst(4))'"
            return Fault(
                reason: "\(isProgram ? "it runs" : "this process runs") as root without \(name)",
                advice: isExcluded
                    ? "add \(name) to 'CapabilityBoundingSet=' of its unit, or \(option) to the options of its container"
                    : "write 'AmbientCapabilities=\(name)' in its unit, or start it with all capabilities of root"
            )
        }
        guard let map else { return nil }
        let advice =
            "run nest-bootstrap as root of the machine, not in a user namespace such as that of a rootless container"
        if let path = path.flatMap(Self.unmappedPath) {
            return Fault(
                reason:
                    "'\(path)' belongs to a user that the user namespace of this process does not have (its uid_map is '\(map)')",
                advice: advice
            )
        }
        return Fault(
            reason: "this process is root only in its user namespace (its uid_map is '\(map)')",
            advice: advice
        )
    }

    /// Returns the path, or the nearest directory above it that exists, if its owner is not one of the namespace.
    private static func unmappedPath(_ path: String) -> String? {
        var existing = path
        while existing.count > 1, (try? FileSystem.status(existing)) == nil, let slash = existing.lastSlash {
            existing = slash == existing.startIndex ? "/" : String(existing[..<slash])
        }
        let text = (try? FileSystem.read("/proc/sys/kernel/overflowuid", limit: 32)) ?? []
        let nobody = UInt32(String(decoding: text.prefix { $0.isDigit }, as: UTF8.self)) ?? 65534
        return (try? FileSystem.status(existing))?.owner == nobody ? existing : nil
    }
}

extension SystemError {
    /// Returns the error of a system call that needs a capability, with the reason for which this process lacks it.
    func lacking(_ capability: Privileges.Capability) -> SystemError {
        // The kernel refuses owners that a user namespace does not have with EINVAL.
        guard [EPERM, EACCES, EINVAL].contains(code), detail == nil, !Machine.isUnit,
            let fault = Privileges.ofRoot()?.fault(without: capability, path: code == EINVAL ? nil : subject)
        else { return self }
        var error = self
        (error.detail, error.advice) = (fault.reason, fault.advice)
        return error
    }
}
