/// Cuts a program's output into lines of bounded length and number: the first of them, and the last.
struct LineSplitter {
    /// The bytes after which a line is continued on the next.
    let lineLimit: Int

    /// The lines after which only the last ones are told.
    let countLimit: Int

    /// The bytes in lines after which only the last ones are told.
    private static let byteLimit = 4 << 20

    /// What takes the lines.
    let emit: @Sendable (String) -> Void

    private var pending: [UInt8] = []
    private var leftOut = 0
    private var toldCount = 0
    private var toldBytes = 0
    /// The last lines, once there are too many.
    private var tail: [String] = []

    /// So many lines are told of the end of what is too long; the reason for a failure is among them.
    private static let tailLength = 10

    /// Creates a splitter that has seen nothing.
    init(lineLimit: Int, countLimit: Int, emit: @escaping @Sendable (String) -> Void) {
        precondition(lineLimit > 0, "a line must have room for a byte")
        self.lineLimit = lineLimit
        self.countLimit = countLimit
        self.emit = emit
    }

    /// Takes the next bytes and tells the lines which they end.
    mutating func feed(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
            pending += rest[..<newline]
            endLine()
            rest = rest[(newline + 1)...]
        }
        pending += rest
        cutPieces()
    }

    /// Tells a last line that no newline ended, and the end of what was too long.
    mutating func finish() {
        if !pending.isEmpty { endLine() }
        if leftOut > 0 { emit("... \(leftOut) line\(leftOut == 1 ? "" : "s") of output left out ...") }
        for line in tail { emit(line) }
        tail = []
    }

    /// Tells a line, or keeps it in mind if there were too many.
    private mutating func end(_ line: ArraySlice<UInt8>) {
        let text = String(decoding: line, as: UTF8.self)
        if toldCount < countLimit, toldBytes < Self.byteLimit, tail.isEmpty {
            (toldCount, toldBytes) = (toldCount + 1, toldBytes + line.count)
            return emit(text)
        }
        if tail.count == Self.tailLength {
            tail.removeFirst()
            leftOut += 1
        }
        tail.append(text)
    }

    private mutating func endLine() {
        if pending.last == UInt8(ascii: "\r") { pending.removeLast() }
        cutPieces()
        end(pending[...])
        pending = []
    }

    /// Tells what is too long for one line, so that at most one line's bytes are left.
    private mutating func cutPieces() {
        var rest = pending[...]
        while rest.count > lineLimit {
            let end = characterStart(in: rest, atOrBefore: rest.startIndex + lineLimit)
            self.end(rest[..<end])
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
