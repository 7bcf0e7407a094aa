/// Cuts a program's output into lines of bounded length and number.
struct LineSplitter {
    /// The bytes after which a line is continued on the next.
    let lineLimit: Int

    /// The bytes after which the rest is dropped.
    let totalLimit: Int

    /// What takes the lines.
    let emit: @Sendable (String) -> Void

    private var pending: [UInt8] = []
    private var total = 0

    /// Creates a splitter that has seen nothing.
    init(lineLimit: Int, totalLimit: Int, emit: @escaping @Sendable (String) -> Void) {
        precondition(lineLimit > 0, "a line must have room for a byte")
        self.lineLimit = lineLimit
        self.totalLimit = totalLimit
        self.emit = emit
    }

    /// Takes the next bytes and emits the lines which they end.
    mutating func feed(_ bytes: [UInt8]) {
        guard total <= totalLimit else { return }
        var rest = bytes.prefix(totalLimit - total)
        total += bytes.count
        while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
            pending += rest[..<newline]
            endLine()
            rest = rest[(newline + 1)...]
        }
        pending += rest
        cutPieces()
        guard total > totalLimit else { return }
        finish()
        emit("the output is longer than \(totalLimit) bytes; dropping the rest")
    }

    /// Emits a last line that no newline ended.
    mutating func finish() {
        if !pending.isEmpty { endLine() }
    }

    private mutating func endLine() {
        if pending.last == UInt8(ascii: "\r") { pending.removeLast() }
        cutPieces()
        emit(String(decoding: pending, as: UTF8.self))
        pending = []
    }

    /// Emits what is too long for one line, so that at most one line's bytes are left.
    private mutating func cutPieces() {
        var rest = pending[...]
        while rest.count > lineLimit {
            let end = characterStart(in: rest, atOrBefore: rest.startIndex + lineLimit)
            emit(String(decoding: rest[..<end], as: UTF8.self))
            rest = rest[end...]
        }
        if rest.count < pending.count { pending = Array(rest) }
    }

    /// The nearest place where UTF-8 starts a character; the place itself in what is no UTF-8.
    private func characterStart(in bytes: ArraySlice<UInt8>, atOrBefore index: Int) -> Int {
        for candidate in stride(from: index, to: max(index - 4, bytes.startIndex), by: -1)
        where bytes[candidate] & 0xc0 != 0x80 {
            return candidate
        }
        return index
    }
}
