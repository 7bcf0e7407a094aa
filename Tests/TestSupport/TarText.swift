/// A tar archive in the format of POSIX (ustar), written byte by byte so that it may be hostile.
public struct TarText {
    /// The kinds of entries, by their type flags.
    public enum Kind: String, Sendable {
        case file = "0"
        case hardLink = "1"
        case link = "2"
        case characterDevice = "3"
        case blockDevice = "4"
        case directory = "5"
        case fifo = "6"
        /// Properties of the entry after it, as lines of `LENGTH KEY=VALUE`.
        case pax = "x"
        /// The long name of the entry after it.
        case longName = "L"
    }

    public private(set) var bytes: [UInt8] = []

    /// Creates an archive without entries.
    public init() {}

    /// Adds an entry.
    ///
    /// - Parameters:
    ///   - name: The name, at most 100 bytes.
    ///   - kind: The kind.
    ///   - content: The content.
    ///   - size: The size in the header, by default that of the content.
    ///   - target: The target of a link.
    ///   - mode: The permissions.
    public mutating func add(
        _ name: [UInt8],
        _ kind: Kind = .file,
        _ content: [UInt8] = [],
        size: Int? = nil,
        target: String = "",
        mode: Int = 0o644,
    ) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: [UInt8], at start: Int) {
            header.replaceSubrange(start..<start + text.count, with: text)
        }
        func octal(_ value: Int, _ width: Int) -> [UInt8] {
            let digits = String(value, radix: 8)
            return Array((String(repeating: "0", count: max(0, width - digits.count)) + digits).utf8)
        }
        put(Array(name.prefix(100)), at: 0)
        put(octal(mode, 7), at: 100)
        put(octal(0, 7), at: 108)
        put(octal(0, 7), at: 116)
        put(octal(size ?? content.count, 11), at: 124)
        put(octal(0, 11), at: 136)
        put(Array("        ".utf8), at: 148)
        put(Array(kind.rawValue.utf8), at: 156)
        put(Array(target.utf8.prefix(100)), at: 157)
        put(Array("ustar".utf8) + [0] + Array("00".utf8), at: 257)
        let sum = header.reduce(0) { $0 + Int($1) }
        put(octal(sum, 6) + [0, 0x20], at: 148)
        bytes += header + content
        bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    /// Adds an entry whose name and content are text.
    public mutating func add(
        _ name: String,
        _ kind: Kind = .file,
        _ content: String = "",
        size: Int? = nil,
        target: String = "",
        mode: Int = 0o644,
    ) {
        add(Array(name.utf8), kind, Array(content.utf8), size: size, target: target, mode: mode)
    }

    /// The archive with its end.
    public var ended: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }
}
