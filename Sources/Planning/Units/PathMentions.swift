/// Finds known paths in texts.
struct PathMentions {
    private let paths: Set<String>
    private let lengths: [Int]

    init(_ paths: [String]) {
        self.paths = Set(paths)
        lengths = Set(paths.map(\.utf8.count)).sorted()
    }

    /// The known paths that a text contains.
    func found(in text: String) -> [String] {
        var found: [String] = []
        var rest = text[...]
        while let slash = rest.firstIndex(of: "/") {
            rest = rest[slash...]
            for length in lengths where length <= rest.utf8.count {
                let candidate = String(decoding: rest.utf8.prefix(length), as: UTF8.self)
                // A path in a directory does not name the directory.
                let isAbove = rest.utf8.dropFirst(length).starts(with: "/".utf8) && rest.utf8.count > length + 1
                if paths.contains(candidate), !isAbove { found.append(candidate) }
            }
            rest = rest.dropFirst()
        }
        return found
    }
}

/// Finds the absolute paths in the texts of a task.
///
/// A path ends where a shell or a list of paths would end it.
func pathsNamed(in text: String) -> [String] {
    var found: [String] = []
    var rest = text.utf8[...]
    var previous: UInt8?
    while let byte = rest.first {
        guard byte == UInt8(ascii: "/"), previous.map(endsPath) ?? true else {
            previous = byte
            rest = rest.dropFirst()
            continue
        }
        let path = rest.prefix { !endsPath($0) }
        found.append(String(decoding: path, as: UTF8.self))
        previous = path.last
        rest = rest[path.endIndex...]
    }
    return found
}

/// Whether a byte is not part of a path in a text.
private func endsPath(_ byte: UInt8) -> Bool {
    switch byte {
    case 0...0x20, 0x7F: true
    default: "\"'`=:;,()<>|&$*?[]{}".utf8.contains(byte)
    }
}
