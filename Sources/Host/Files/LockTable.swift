public import Base

/// The file locks of this machine at one moment, as the kernel lists them in `/proc/locks`.
public struct LockTable: Sendable {
    private let holders: [FileStatus.Identity: Int32]

    /// The maximum number of bytes in the kernel's list.
    private static let sizeLimit = 16 << 20

    /// Reads the kernel's list; the table is empty if the list cannot be read.
    public static func current() -> LockTable {
        let bytes = (try? FileSystem.read("/proc/locks", limit: sizeLimit)) ?? []
        return LockTable(String(decoding: bytes, as: UTF8.self))
    }

    /// Parses a list.
    ///
    /// A line is `1: FLOCK  ADVISORY  WRITE 709 00:19:2393 0 EOF`; the line of a waiting process also contains `->`.
    init(_ list: String) {
        var holders: [FileStatus.Identity: Int32] = [:]
        for line in list.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 8, words[1] == "FLOCK", words[3] == "WRITE", let process = Int32(words[4]),
                let file = FileStatus.Identity(lockList: words[5])
            else { continue }
            holders[file] = process
        }
        self.holders = holders
    }

    /// Whether no process that is visible to this process holds a lock.
    public var isEmpty: Bool { holders.isEmpty }

    /// Finds the process that holds the lock of a file.
    ///
    /// - Parameter file: The file.
    /// - Returns: The process ID, or `nil` if no process that is visible to this process holds the lock.
    public func holder(of file: FileStatus.Identity) -> Int32? { holders[file] }
}

extension FileStatus.Identity {
    /// Parses a file in the kernel's list, `fe:01:2393`: the device's numbers in hexadecimal and the inode.
    fileprivate init?(lockList text: Substring) {
        let numbers = text.split(separator: ":")
        guard numbers.count == 3, let major = UInt64(numbers[0], radix: 16), let minor = UInt64(numbers[1], radix: 16),
            let inode = UInt64(numbers[2])
        else { return nil }
        // The two numbers are combined as by `makedev` of the C library.
        let high = (major & ~0xfff) << 32 | (minor & ~0xff) << 12
        self.init(device: high | (major & 0xfff) << 8 | minor & 0xff, inode: inode)
    }
}
