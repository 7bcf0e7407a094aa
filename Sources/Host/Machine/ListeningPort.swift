public import Base

/// The TCP ports at which programs of this machine listen.
///
/// The kernel lists the sockets of the network namespace of this process; see proc_pid_net(5), `/proc/net/tcp`.
public enum ListeningPort {
    /// The state `TCP_LISTEN` of the kernel, in hexadecimal digits.
    private static let listening = "0A"

    /// Returns the addresses at which a program listens at a port, each once; the unspecified address means all.
    public static func addresses(at port: UInt16) -> [IPAddress] {
        ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { file in
            let bytes = (try? FileSystem.read(file, limit: 16 << 20)) ?? []
            return addresses(at: port, in: String(decoding: bytes, as: UTF8.self))
        }.unique(by: \.self)
    }

    /// Returns the addresses at which a program listens at a port, from a list of the kernel.
    static func addresses(at port: UInt16, in list: String) -> [IPAddress] {
        SocketEntry.entries(list).filter { $0.state == listening && $0.localPort == port }.map(\.localAddress)
    }

    /// Returns the process that listens at a port, `nil` if there is none or this user may not look at it.
    public static func holder(of port: UInt16) -> LocalPorts.Holder? {
        let entries = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { file in
            let bytes = (try? FileSystem.read(file, limit: 16 << 20)) ?? []
            return SocketEntry.entries(String(decoding: bytes, as: UTF8.self))
        }
        let inodes = entries.filter { $0.state == listening && $0.localPort == port }.map(\.inode)
        return inodes.isEmpty ? nil : LocalPorts.holder(of: Set(inodes))
    }
}
