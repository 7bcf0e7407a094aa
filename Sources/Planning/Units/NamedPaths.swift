import Base

/// Returns the absolute paths in a text of a task: an argument, a value of its environment, or commands of a shell.
///
/// A path ends where a shell or a list of paths would end it. The whole text, and the value of an option, may be a path with
/// spaces.
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
    let value = text.utf8.firstIndex(of: UInt8(ascii: "=")).map { text[text.index(after: $0)...] }
    for whole in [text[...], value ?? ""] where whole.isAbsolutePath && !whole.utf8.contains(UInt8(ascii: "\n")) {
        found.append(String(whole))
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
