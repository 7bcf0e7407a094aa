import Base
import HTTP
@testable import Kubernetes
import Testing

/// Reads one YAML or JSON document of a test.
func node(_ text: String, file: String = "m.yaml") throws -> Node {
    try #require(try readDocuments(Array(text.utf8), file: file).first?.root)
}

/// Reads the manifests of a test, which must all be right.
func manifests(_ text: String, file: String = "m.yaml") throws -> [ManifestObject] {
    let read = ManifestFile(Array(text.utf8), file: file)
    try #require(read.diagnostics.isEmpty, "\(read.diagnostics.map(\.description))")
    return read.manifests
}

/// A reply of the API server with a `Status` in its body.
func reply(_ code: Int, _ body: String = "", headers: [HTTPHeader] = []) -> ServerStatus {
    ServerStatus(HTTPResponse(status: code, headers: headers, body: Array(body.utf8)))
}

extension Problem {
    /// The problem with its cause, as it is printed.
    var line: String {
        let text = cause.map { message.contains("\($0)") ? message : "\(message): \($0)" } ?? message
        return text + (hint.map { "; \($0)" } ?? "")
    }
}

/// A number that several threads count up.
final class Counter: Sendable {
    private let count = Locked(0)

    /// The number of calls of ``next()``.
    var value: Int { count.withLock { $0 } }

    /// Counts up and returns the new number.
    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}

extension ServerStatus {
    /// Whether another attempt is worthwhile after the refusal.
    var disposition: Disposition { RefusalKind(self).disposition(of: self) }
}
