internal import Glibc

/// An HTTP/1.1 server on loopback that records what it is asked and answers as the test says.
public final class LoopbackServer: Sendable {
    public struct Request: Sendable, Hashable {
        public var method: String
        /// The path and the query, as sent.
        public var target: String
        /// The lines of the header, as sent.
        public var headerLines: [String]
        public var body: [UInt8]
        /// Which connection it came by, counted from 1.
        public var connection: Int

        /// The value of a header, whatever the case of its name.
        public func header(_ name: String) -> String? {
            let start = "\(name.lowercased()):"
            let line = headerLines.first { $0.lowercased().hasPrefix(start) }
            return line.map { String($0.dropFirst(start.count).drop { $0 == " " }) }
        }
    }

    /// What the server does about it.
    public enum Reply: Sendable {
        /// Answers, with a `Content-Length`, and keeps the connection.
        case response(Int, headers: [String] = [], body: [UInt8] = [])
        /// Sends these bytes and closes the connection.
        case rawThenClose([UInt8])
        /// Closes the connection without a word.
        case close
        /// Keeps the connection and says nothing until the server stops.
        case silence
    }

    private struct State {
        var requests: [Request] = []
        var connections: Set<Int32> = []
        var connectionCount = 0
        var isStopped = false
    }

    public let port: UInt16

    public var url: String { "http://127.0.0.1:\(port)" }

    public var requests: [Request] { core.state.withLock { $0.requests } }

    public var connectionCount: Int { core.state.withLock { $0.connectionCount } }

    public var openConnectionCount: Int { core.state.withLock { $0.connections.count } }

    private let core: Core

    public init(_ answer: @escaping @Sendable (Request) -> Reply) throws(SupportError) {
        let socket = try ListeningSocket()
        port = socket.port
        core = Core(listener: socket.descriptor, answer: answer)
        let core = core
        startTestThread { core.accept() }
    }

    deinit {
        core.stop()
    }

    public func stop() {
        core.stop()
    }

    /// Closes every connection that is open, and goes on listening.
    public func closeConnections() {
        core.state.withLock { state in
            for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
        }
    }

    private final class Core: Sendable {
        let state = Protected(State())
        private let listener: Int32
        private let answer: @Sendable (Request) -> Reply

        init(listener: Int32, answer: @escaping @Sendable (Request) -> Reply) {
            self.listener = listener
            self.answer = answer
        }

        func accept() {
            while true {
                let connection = Glibc.accept(listener, nil, nil)
                guard connection >= 0 else { break }
                let number = state.withLock { state -> Int? in
                    guard !state.isStopped else { return nil }
                    state.connections.insert(connection)
                    state.connectionCount += 1
                    return state.connectionCount
                }
                guard let number else {
                    close(connection)
                    break
                }
                startTestThread { self.serve(connection, number) }
            }
            close(listener)
        }

        func stop() {
            state.withLock { state in
                guard !state.isStopped else { return }
                state.isStopped = true
                // Wakes the threads, which then close what they own.
                shutdown(listener, Int32(SHUT_RDWR))
                for connection in state.connections { shutdown(connection, Int32(SHUT_RDWR)) }
            }
        }

        private func serve(_ connection: Int32, _ number: Int) {
            var stream = ByteStream(connection)
            while !stream.refusesTLS(), let request = stream.nextRequest(connection: number) {
                state.withLock { $0.requests.append(request) }
                guard perform(answer(request), for: request, &stream) else { break }
            }
            state.withLock { state in
                state.connections.remove(connection)
                // A child of another test may have inherited the descriptor, so closing alone might say nothing.
                shutdown(connection, Int32(SHUT_RDWR))
                _ = close(connection)
            }
        }

        private func perform(_ reply: Reply, for request: Request, _ stream: inout ByteStream) -> Bool {
            switch reply {
            case .response(let status, let headers, let body):
                let lines = ["HTTP/1.1 \(status) Status", "Content-Length: \(body.count)"] + headers + ["", ""]
                let sent = request.method == "HEAD" ? [] : body
                return stream.write(Array(lines.joined(separator: "\r\n").utf8) + sent)
            case .rawThenClose(let bytes):
                _ = stream.write(bytes)
                return false
            case .close:
                return false
            case .silence:
                while stream.nextByte() != nil {}
                return false
            }
        }
    }
}
