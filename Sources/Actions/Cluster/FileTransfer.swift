import Base
import Glibc
import HTTP
import Host
import TLS

/// A file that is being fetched, and what is known about its transfer.
final class FileTransfer: Sendable {
    private struct State {
        var answer = HTTPResponse(status: 0)
        var failure: SystemError?
        var beginning: [UInt8] = []
        var isBegun = false
        var isResumed = false
        var size = 0
        var report: @Sendable (String) -> Void = { _ in }
        var lastReport = ContinuousClock.now
    }

    /// The file with what has arrived.
    let file: PartialFile
    private let state = Locked(State())

    /// The number of bytes above which a file is refused.
    private static let sizeLimit = 8 << 30

    /// The number of bytes at the beginning of a file by which another file is recognised.
    private static let beginningLimit = 16 << 10

    /// The time between two reports of the progress.
    private static let reportInterval = Duration.seconds(10)

    private let url: String

    init(_ file: PartialFile, of url: String) { (self.file, self.url) = (file, url) }

    /// Whether a response has continued what an earlier one has left.
    var isResumed: Bool { state.withLock { $0.isResumed } }

    /// Removes what has arrived.
    func clear() throws(SystemError) {
        try file.clear()
        state.withLock { $0.isResumed = false }
    }

    /// The response without its body, except for the beginning of a body that was received from its start.
    var answer: HTTPResponse {
        state.withLock { state in
            var answer = state.answer
            answer.body = state.beginning
            return answer
        }
    }

    /// The error with which the system has refused to keep what was received.
    var failure: SystemError? { state.withLock { $0.failure } }

    /// Returns the SHA-256 digest of what has arrived.
    func digest() throws(SystemError) -> String {
        var digest = SHA256()
        try file.readParts { part throws(SystemError) in digest.update(part) }
        return digest.finish().description
    }

    /// Prepares for the next response.
    ///
    /// - Parameter report: A function that receives the progress in words, at most once in some seconds.
    func begin(report: @escaping @Sendable (String) -> Void) {
        state.withLock { state in
            state.isBegun = false
            state.report = report
            state.lastReport = .now
        }
    }

    /// Records the response once its body has been received.
    func finish(_ response: HTTPResponse) { state.withLock { $0.answer = response } }

    /// Takes the next part of a response.
    ///
    /// - Parameters:
    ///   - response: The response without its body.
    ///   - bytes: The part.
    /// - Throws: ``Base/SystemError`` if the part cannot be kept.
    func receive(_ response: HTTPResponse, _ bytes: [UInt8]) throws(SystemError) {
        do throws(SystemError) {
            if !state.withLock({ $0.isBegun }) { try start(response) }
            try file.append(bytes)
        } catch {
            // Another server may send the right part.
            if error.code != EPROTO { state.withLock { $0.failure = error } }
            throw error
        }
        let isTooLarge = state.withLock { state in
            state.size += bytes.count
            if response.status == 200, state.beginning.count < Self.beginningLimit { state.beginning += bytes }
            guard ContinuousClock.now - state.lastReport >= Self.reportInterval else {
                return state.size > Self.sizeLimit
            }
            state.lastReport = .now
            let total = response.totalSize.map { " of \(roundedByteText($0))" } ?? ""
            state.report("\(roundedByteText(state.size))\(total) received")
            return state.size > Self.sizeLimit
        }
        guard isTooLarge else { return }
        let error = tooLarge()
        state.withLock { $0.failure = error }
        throw error
    }

    private func tooLarge() -> SystemError {
        let detail = "is larger than \(roundedByteText(Self.sizeLimit))"
        return SystemError("cannot fetch", url, code: EFBIG, detail: detail)
    }

    /// Compares the beginning of a response with what has arrived before.
    private func start(_ response: HTTPResponse) throws(SystemError) {
        let size = try file.size
        if let total = response.totalSize, total > Self.sizeLimit { throw tooLarge() }
        if response.status == 200 || response.firstByte != size { try clear() }
        guard response.status == 200 || response.firstByte == size else {
            let first = response.firstByte.map { "bytes from \($0) on" } ?? "an unknown part"
            let detail = "the server has sent \(first), not those from \(size) on"
            throw SystemError("cannot fetch", url, code: EPROTO, detail: detail)
        }
        state.withLock { state in
            state.isBegun = true
            state.isResumed = response.status == 206 && size > 0
            state.size = response.status == 200 ? 0 : size
            state.beginning = []
        }
    }
}

extension HTTPResponse {
    /// The parts of the header `Content-Range`, such as `bytes 100-199/200`.
    private var rangeParts: [Substring] {
        values(of: "content-range").first?.split { " -/".contains($0) } ?? []
    }

    /// The position of the first byte of the body in the file, `nil` if the header does not say.
    fileprivate var firstByte: Int? { rangeParts.dropFirst().first.flatMap { Int($0) } }

    /// The number of bytes of the whole file, `nil` if the headers do not say.
    fileprivate var totalSize: Int? {
        if status == 206 { return rangeParts.count == 4 ? Int(rangeParts[3]) : nil }
        return values(of: "content-length").first.flatMap { Int($0) }
    }
}
