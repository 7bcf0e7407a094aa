import Base
import HTTP
import YAML

/// Lists of objects.
extension APIClient {
    /// The number of objects per page.
    private static let pageSize = 500

    /// The largest number of objects; a longer list is an error.
    private static let countLimit = 200_000

    /// The `Accept` header for a list of metadata, or of whole objects if the server does not support metadata lists.
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

    /// Reads all objects of a collection, page by page.
    ///
    /// - Parameters:
    ///   - path: The collection.
    ///   - query: The parameters that select the objects.
    ///   - size: The number of objects per page.
    ///   - limit: The largest number of objects; a longer list is an error.
    ///   - accept: The `Accept` header.
    ///   - deadline: The instant after which the attempt is given up.
    ///   - receive: Receives the objects of each page.
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
                // Any other object would look like an empty list.
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

/// The starting point of a watch on objects of one kind.
struct WatchStart: Sendable {
    /// The path of the collection.
    var collection: String
    /// The name of the object to watch, or `nil` to watch the whole collection.
    var name: String?
    /// The version of the state that was read, from which the watch begins.
    var resourceVersion: String
}

/// The result of a watch.
enum WatchOutcome: Sendable {
    /// An object changed; `nil` if it was deleted.
    case changed(Node?)
    /// Nothing changed during the whole watch.
    case unchanged
    /// The watch cannot be used, so the state must be read again after a pause.
    case unavailable
}

extension APIClient {
    /// The longest duration of a watch, before a random spread is added.
    ///
    /// If a watch had no event within the time limit of a request, it would count as an unanswered request, and its
    /// connection as dead.
    static let longestWatch = requestLimit * 0.7

    /// Waits for the first change after a state that was read.
    ///
    /// A watch only causes another read. Any failure, even inside a stream with status 200, makes the watch
    /// unavailable, and the caller polls. Examples are an expired version, a user without permission to watch, and a
    /// storage backend without progress notifications.
    ///
    /// - Parameters:
    ///   - start: The objects to watch, and the version from which to watch them.
    ///   - limit: The longest duration of the watch, in whole seconds.
    ///   - deadline: The instant at which the request is given up.
    /// - Returns: The change, or the reason why there is none.
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
            // A watch that ends immediately would be repeated in a busy loop.
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

/// Limits the number of open watches, because each watch occupies one of the transport's parallel requests.
public final class WatchSlots: Sendable {
    private let free = Locked(32)

    /// Creates the slots of one transport.
    public init() {}

    /// Takes a slot, and returns `false` if all slots are in use.
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
