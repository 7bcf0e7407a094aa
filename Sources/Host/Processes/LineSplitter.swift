/// A splitter that emits a program's output as lines of limited length, and omits the middle of long output.
struct LineSplitter {
    let lineLimit: Int

    /// The number of lines after which only the last lines are emitted.
    let countLimit: Int

    /// The number of bytes after which only the last lines are emitted.
    private static let byteLimit = 4 << 20

    let emit: @Sendable (String) -> Void

    private var pending: [UInt8] = []
    private var omittedCount = 0
    private var emittedCount = 0
    private var emittedBytes = 0
    /// The last lines, which are kept once a limit is reached.
    private var tail: [String] = []

    /// The number of last lines to keep; they usually contain the reason for a failure.
    private static let tailLength = 10

    init(lineLimit: Int, countLimit: Int, emit: @escaping @Sendable (String) -> Void) {
        precondition(lineLimit > 0, "a line holds at least one byte")
        self.lineLimit = lineLimit
        self.countLimit = countLimit
        self.emit = emit
    }

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

    /// Emits an incomplete last line, the number of omitted lines, and the last lines that were kept.
    mutating func finish() {
        if !pending.isEmpty { endLine() }
        if omittedCount > 0 { emit("... \(omittedCount) line\(omittedCount == 1 ? "" : "s") of output omitted ...") }
        for line in tail { emit(line) }
        tail = []
    }

    /// Emits a line, or keeps it if a limit was reached.
    private mutating func end(_ line: ArraySlice<UInt8>) {
        let text = String(decoding: line, as: UTF8.self)
        if emittedCount < countLimit, emittedBytes < Self.byteLimit, tail.isEmpty {
            (emittedCount, emittedBytes) = (emittedCount + 1, emittedBytes + line.count)
            return emit(text)
        }
        if tail.count == Self.tailLength {
            tail.removeFirst()
            omittedCount += 1
        }
        tail.append(text)
    }

    private mutating func endLine() {
        if pending.last == UInt8(ascii: "\r") { pending.removeLast() }
        cutPieces()
        end(pending[...])
        pending = []
    }

    /// Emits all but the last part of a line that is too long.
    private mutating func cutPieces() {
        var rest = pending[...]
        while rest.count > lineLimit {
            let end = characterStart(in: rest, atOrBefore: rest.startIndex + lineLimit)
            self.end(rest[..<end])
            rest = rest[end...]
        }
        if rest.count < pending.count { pending = Array(rest) }
    }

    /// Returns the start of the UTF-8 character at an index, or the index itself in text that is not UTF-8.
    private func characterStart(in bytes: ArraySlice<UInt8>, atOrBefore index: Int) -> Int {
        for candidate in stride(from: index, to: max(index - 4, bytes.startIndex), by: -1)
        where bytes[candidate] & 0xc0 != 0x80 {
            return candidate
        }
        return index
    }
}
