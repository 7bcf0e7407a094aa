internal import Glibc

/// A TCP proxy on loopback whose connections can fall silent: they stay open, and nothing gets through any more.
public final class LoopbackProxy: Sendable {
    public let port: UInt16

    public var connectionCount: Int { core.state.withLock { $0.connectionCount } }

    private let core: Core

    public init(to target: UInt16) throws(SupportError) {
        let socket = try ListeningSocket()
        port = socket.port
        core = Core(listener: socket.descriptor, target: target)
        let core = core
        startTestThread { core.accept() }
    }

    deinit {
        core.stop()
    }

    /// Makes the connections that there are fall silent; later ones work.
    public func silenceConnections() {
        core.state.withLock { $0.silentCount = $0.connectionCount }
    }

    /// Makes all connections fall silent instead of passing on one more request that may change something.
    ///
    /// The requests must not be encrypted.
    public func silenceConnections(afterChanges count: Int) {
        core.state.withLock { $0.changeLimit = count }
    }

    /// Whether such a request was not passed on.
    public var isSilent: Bool { core.state.withLock { $0.silentCount == .max } }

    private struct State {
        var connectionCount = 0
        /// How many requests that may change something are still passed on, `nil` for all.
        var changeLimit: Int?
        /// Connections up to this number are silent.
        var silentCount = 0
        var open: Set<Int32> = []
    }

    private final class Core: Sendable {
        let state = Protected(State())
        private let listener: Int32
        private let target: UInt16

        init(listener: Int32, target: UInt16) {
            self.listener = listener
            self.target = target
        }

        func accept() {
            while true {
                let client = Glibc.accept(listener, nil, nil)
                guard client >= 0 else { break }
                guard let server = connectToLoopback(port: target) else {
                    close(client)
                    continue
                }
                let number = state.withLock { state in
                    state.open.formUnion([client, server])
                    state.connectionCount += 1
                    return state.connectionCount
                }
                startTestThread { self.carry(from: client, to: server, number, areRequests: true) }
                startTestThread { self.carry(from: server, to: client, number) }
            }
            close(listener)
        }

        func stop() {
            state.withLock { state in
                // Wakes the threads; the descriptors are closed with the process.
                shutdown(listener, Int32(SHUT_RDWR))
                for connection in state.open { shutdown(connection, Int32(SHUT_RDWR)) }
            }
        }

        private func carry(from source: Int32, to target: Int32, _ number: Int, areRequests: Bool = false) {
            var piece: [UInt8] = Array(repeating: 0, count: 65_536)
            let stream = ByteStream(target)
            while true {
                let count = unsafe recv(source, &piece, piece.count, 0)
                guard count > 0 else { break }
                if areRequests { noteRequest(piece[..<count]) }
                if number <= state.withLock({ $0.silentCount }) { continue }
                guard stream.write(Array(piece[..<count])) else { break }
            }
            shutdown(source, Int32(SHUT_RDWR))
            shutdown(target, Int32(SHUT_RDWR))
        }

        /// Counts a request that may change something, by what a client sends at once.
        private func noteRequest(_ bytes: ArraySlice<UInt8>) {
            let changes = ["DELETE ", "PATCH ", "POST ", "PUT "]
            guard changes.contains(where: { bytes.starts(with: $0.utf8) }) else { return }
            state.withLock { state in
                guard let limit = state.changeLimit else { return }
                if limit > 0 { state.changeLimit = limit - 1 } else { state.silentCount = .max }
            }
        }
    }
}
