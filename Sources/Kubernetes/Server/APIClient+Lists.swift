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
        var token: String?
        repeat {
            let next = token.map { [("continue", $0)] } ?? []
            let query = [("labelSelector", selector), ("limit", "\(Self.pageSize)")] + next
            do throws(APIError) {
                let page = try await object("GET", path, query: query, accept: Self.metadataList, until: deadline)
                // Anything else would look like a list without objects.
                guard page.node["kind"]?.string?.hasSuffix("List") == true else {
                    throw .pending("the reply to GET \(path) is no list", .retry)
                }
                items += page.node["items"]?.sequence ?? []
                token = page.node["metadata"]?["continue"]?.string
                guard items.count <= Self.countLimit else {
                    throw .pending("the list has more than \(Self.countLimit) objects", .permanent)
                }
            } catch .refused(let refusal) where refusal.code == 410 {
                throw .pending("the list has changed while it was read", .retry)
            }
        } while token?.isEmpty == false
        return items
    }
}
