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
