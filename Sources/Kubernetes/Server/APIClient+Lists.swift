import Base
import HTTP
import YAML

/// Lists of objects.
extension APIClient {
    /// How many objects the server sends at once.
    private static let pageSize = 500

    /// More objects than this are not read.
    private static let countLimit = 200_000

    /// A list of metadata where the server can, of whole objects where it cannot.
    private static let metadataList =
        "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"

    /// Reads the metadata of all objects of a collection that have a label.
    ///
    /// - Parameters:
    ///   - path: The collection.
    ///   - selector: The label and its value, as `LABEL=VALUE`.
    ///   - deadline: The instant after which the attempt is given up.
    /// - Returns: The objects, which have at least their metadata.
    /// - Throws: ``APIError`` if not all of them can be read.
    func metadata(
        of path: String,
        labelled selector: String,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> [Node] {
        var items: [Node] = []
        try await readPages(
            of: path,
            query: [("labelSelector", selector)],
            size: Self.pageSize,
            limit: Self.countLimit,
            accept: Self.metadataList,
            until: deadline,
        ) { items += $0 }
        return items
    }

    /// Reads all objects of a collection, some at a time.
    ///
    /// - Parameters:
    ///   - path: The collection.
    ///   - query: Which objects.
    ///   - size: How many objects the server sends at once.
    ///   - limit: More objects than this are not read.
    ///   - accept: The form of the list.
    ///   - deadline: The instant after which the attempt is given up.
    ///   - receive: Takes the objects of a page.
    /// - Throws: ``APIError`` if not all of them can be read.
    func readPages(
        of path: String,
        query: [(String, String)] = [],
        size: Int,
        limit: Int,
        accept: String = "application/json",
        until deadline: ContinuousClock.Instant,
        _ receive: ([Node]) -> Void,
    ) async throws(APIError) {
        var count = 0
        var token: String?
        repeat {
            let next = token.map { [("continue", $0)] } ?? []
            do throws(APIError) {
                let query = query + [("limit", "\(size)")] + next
                let page = try await object("GET", path, query: query, accept: accept, until: deadline)
                // Anything else would look like a list without objects.
                guard page.node["kind"]?.string?.hasSuffix("List") == true else {
                    throw .pending("the reply to GET \(path) is no list", .retry)
                }
                let items = page.node["items"]?.sequence ?? []
                receive(items)
                count += items.count
                token = page.node["metadata"]?["continue"]?.string
                guard count <= limit else { throw .pending("the list has more than \(limit) objects", .permanent) }
            } catch .refused(let refusal) where refusal.code == 410 {
                throw .pending("the list has changed while it was read", .retry)
            }
        } while token?.isEmpty == false
    }
}

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
    /// A watch that is quiet for as long as a request may take would count as a request without an answer, and its
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
