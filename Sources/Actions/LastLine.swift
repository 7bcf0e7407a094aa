import Base

/// The last line that is not blank of what a child process printed.
final class LastLine: Sendable {
    private let line = Locked<String?>(nil)
    var text: String? { line.withLock { $0 } }

    func keep(_ text: String) {
        guard text.contains(where: { !$0.isWhitespace }) else { return }
        line.withLock { $0 = text }
    }
}
