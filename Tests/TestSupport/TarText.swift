/// A tar archive in the format of POSIX (ustar), written byte by byte so that it may be hostile.
public struct TarText {
    public enum Kind: String, Sendable {
        case file = "0"
        case hardLink = "1"
        case link = "2"
        case blockDevice = "4"
        case directory = "5"
        case fifo = "6"
    }

    private var bytes: [UInt8] = []

    public init() {}

    /// Adds an entry.
    ///
    /// * `name`: The name, at most 100 bytes.
    public mutating func add(
        _ name: String,
        _ kind: Kind,
        _ content: String = "",
        target: String = "",
        mode: Int = 0o644,
    ) {
        let content = Array(content.utf8)
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: [UInt8], at start: Int) {
            header.replaceSubrange(start..<start + text.count, with: text)
        }
        func octal(_ value: Int, _ width: Int) -> [UInt8] {
            let digits = String(value, radix: 8)
            return Array((String(repeating: "0", count: max(0, width - digits.count)) + digits).utf8)
        }
        put(Array(name.utf8.prefix(100)), at: 0)
        put(octal(mode, 7), at: 100)
        put(octal(0, 7), at: 108)
        put(octal(0, 7), at: 116)
        put(octal(content.count, 11), at: 124)
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

    /// The archive with its end.
    public var ended: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }
}
