import Base
import HTTP
import YAML

/// Objects of one kind that can be watched from the state in which they were read.
struct WatchStart: Sendable {
    /// The path of the collection.
    var collection: String
    /// The name of the only object of interest, if it is one.
    var name: String?
    /// The version of the state that was read.
    var resourceVersion: String
}

/// How a watch ended.
enum WatchOutcome: Sendable {
    /// An object changed; `nil` if it was deleted.
    case changed(Node?)
    /// Nothing happened for as long as the watch was to last.
    case unchanged
    /// The server does not provide the watch, so that the state must be read again after a pause.
    case unavailable
}

extension APIClient {
    /// The longest watch, with what a spread may add to it.
    ///
    /// One that is quiet for as long as a request may take would count as a request without an answer, and its
    /// connection as dead.
    static let longestWatch = requestLimit * 0.7

    /// Waits for the first change after a state that was read.
    ///
    /// A watch is only a reason to look again. Whatever goes wrong with it, also inside a stream with status 200, makes it
    /// unavailable, and the caller polls: a version that has expired, a user who may not watch, a storage without progress
    /// notifications.
    ///
    /// - Parameters:
    ///   - start: What to watch.
    ///   - limit: How long to watch at most, in whole seconds.
    ///   - deadline: The instant at which the request is given up.
    /// - Returns: The change, or why there is none.
    func nextChange(
        from start: WatchStart,
        limit: Duration,
        until deadline: ContinuousClock.Instant,
    ) async -> WatchOutcome {
        guard watchSlots.take() else { return .unavailable }
        defer { watchSlots.giveBack() }
        let begin = ContinuousClock.now
        let seconds = max(1, min(limit, begin.duration(to: deadline)).components.seconds)
        var query = [("watch", "1"), ("resourceVersion", start.resourceVersion), ("timeoutSeconds", "\(seconds)")]
        if let name = start.name { query.append(("fieldSelector", "metadata.name=\(name)")) }
        guard
            let response = try? await send(
                "GET",
                start.collection,
                query: query,
                endsWithFirstLine: true,
                until: deadline,
            ), response.status == 200
        else { return .unavailable }
        guard !response.body.isEmpty else {
            // A watch that ends at once would be repeated at once.
            return begin + .milliseconds(500) < ContinuousClock.now ? .unchanged : .unavailable
        }
        guard let event = try? readJSON(response.body, file: start.collection), let object = event["object"] else {
            return .unavailable
        }
        return switch event["type"]?.string {
        case "ADDED", "MODIFIED": .changed(object)
        case "DELETED": .changed(nil)
        default: .unavailable
        }
    }
}

/// How many watches may be open at once: each takes one of the requests that the transport has in flight.
public final class WatchSlots: Sendable {
    private let free = Locked(32)

    /// Creates the slots of one transport.
    public init() {}

    /// Takes a slot, and returns `false` if there is none.
    func take() -> Bool {
        free.withLock { free in
            guard free > 0 else { return false }
            free -= 1
            return true
        }
    }

    func giveBack() {
        free.withLock { $0 += 1 }
    }
}
