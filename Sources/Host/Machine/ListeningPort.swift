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

    /// Reads a list of the kernel, whose lines begin with `N: ADDRESS:PORT REMOTE:PORT STATE` in hexadecimal digits.
    static func addresses(at port: UInt16, in list: String) -> [IPAddress] {
        list.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ", maxSplits: 4)
            guard words.count > 3, words[3] == listening else { return nil }
            let parts = words[1].split(separator: ":")
            guard parts.count == 2, UInt16(parts[1], radix: 16) == port else { return nil }
            return address(parts[0])
        }
    }

    /// Reads an address, which the kernel prints as numbers of 32 bits in the byte order of the machine.
    private static func address(_ digits: Substring) -> IPAddress? {
        guard digits.utf8.count == 8 || digits.utf8.count == 32 else { return nil }
        var bytes: [UInt8] = []
        var rest = digits
        while !rest.isEmpty {
            guard let number = UInt32(rest.prefix(8), radix: 16) else { return nil }
            bytes += unsafe withUnsafeBytes(of: number) { unsafe Array($0) }
            rest = rest.dropFirst(8)
        }
        return IPAddress(bytes: bytes)
    }
}
