import HTTP
import YAML

/// One page of a list of metadata, as the server has sent it.
///
/// The server writes a `PartialObjectMetadataList` of `meta.k8s.io/v1` for objects of every kind, as protobuf or as JSON.
struct MetadataList {
    /// An object of the page.
    ///
    /// A class, because dictionaries of a struct of this size reserve several times the memory.
    final class Item: Sendable {
        let metadata: ObjectMetadata
        /// The metadata of the object as JSON, `nil` if the page is protobuf.
        let node: Node?

        init(metadata: ObjectMetadata, node: Node? = nil) {
            (self.metadata, self.node) = (metadata, node)
        }
    }

    /// The token of the next page, `nil` on the last one.
    private(set) var continuation: String?
    /// The number of objects after this page, if the server says it.
    private(set) var remainingCount: Int?
    private let content: Content

    private enum Content {
        case protobuf([ArraySlice<UInt8>])
        case json([Node])
    }

    /// The header `Accept` for a page as protobuf, or as JSON by servers that have none.
    static let accept = "application/vnd.kubernetes.protobuf;\(type),\(acceptOfJSON)"

    /// The header `Accept` for a page as JSON.
    static let acceptOfJSON = "application/json;\(type)"

    private static let type = "as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

    /// The bytes before each protobuf message of Kubernetes, of the package `runtime/serializer/protobuf`.
    private static let prefix: [UInt8] = [0x6B, 0x38, 0x73, 0]

    /// Reads a page, but not its objects.
    ///
    /// - Parameter body: The body of the server's reply.
    /// - Throws: ``ProtobufReader/Damage`` if it is not such a list.
    init(_ body: [UInt8]) throws(ProtobufReader.Damage) {
        if body.starts(with: Self.prefix) {
            self = try Self(message: body[Self.prefix.count...])
            return
        }
        let node: Node
        do {
            node = try readJSON(body, file: "reply")
        } catch {
            throw ProtobufReader.Damage()
        }
        guard node["kind"]?.string == Self.kind else { throw ProtobufReader.Damage() }
        content = .json(node["items"]?.sequence ?? [])
        continuation = node["metadata"]?["continue"]?.string
        remainingCount = node["metadata"]?["remainingItemCount"]?.integer
        if continuation?.isEmpty == true { continuation = nil }
    }

    private static let kind = "PartialObjectMetadataList"

    /// Reads a page from a message `Unknown` of the package `runtime`.
    private init(message: ArraySlice<UInt8>) throws(ProtobufReader.Damage) {
        var list: ArraySlice<UInt8> = []
        var isList = false
        var reader = ProtobufReader(message)
        while let field = try reader.next() {
            switch field.number {
            case 1:
                var type = ProtobufReader(field.value.content)
                while let part = try type.next() {
                    if part.number == 2 { isList = part.value.text == Self.kind }
                }
            case 2: list = field.value.content
            default: continue
            }
        }
        guard isList else { throw ProtobufReader.Damage() }
        var (head, items): (ArraySlice<UInt8>, [ArraySlice<UInt8>]) = ([], [])
        reader = ProtobufReader(list)
        while let field = try reader.next() {
            switch field.number {
            case 1: head = field.value.content
            case 2: items.append(field.value.content)
            default: continue
            }
        }
        content = .protobuf(items)
        try readHead(head)
    }

    /// Reads a message `ListMeta` of `meta.k8s.io/v1`.
    private mutating func readHead(_ bytes: ArraySlice<UInt8>) throws(ProtobufReader.Damage) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 3: continuation = field.value.content.isEmpty ? nil : field.value.text
            case 4: remainingCount = Int(clamping: field.value.number)
            default: continue
            }
        }
    }

    /// Reads the objects of the page.
    ///
    /// - Throws: ``ProtobufReader/Damage`` if one of them cannot be read.
    func items() throws(ProtobufReader.Damage) -> [Item] {
        switch content {
        case .json(let nodes): return nodes.map { Item(metadata: ObjectMetadata(of: $0), node: $0) }
        case .protobuf(let messages):
            var items: [Item] = []
            items.reserveCapacity(messages.count)
            for message in messages { items.append(Item(metadata: try ObjectMetadata(item: message))) }
            return items
        }
    }
}

extension ObjectMetadata {
    /// Reads a message `PartialObjectMetadata`, whose only field is a message `ObjectMeta`.
    ///
    /// The numbers of the fields are those of `generated.proto` in the package `apimachinery/pkg/apis/meta/v1`.
    fileprivate init(item: ArraySlice<UInt8>) throws(ProtobufReader.Damage) {
        var reader = ProtobufReader(item)
        while let field = try reader.next() {
            if field.number == 1 { try read(field.value.content) }
        }
    }

    private mutating func read(_ bytes: ArraySlice<UInt8>) throws(ProtobufReader.Damage) {
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch field.number {
            case 1: name = field.value.text
            case 5: uid = field.value.text
            case 6: resourceVersion = field.value.text
            case 7: generation = field.value.number
            case 9: isBeingDeleted = true
            case 11:
                let value = try Self.value(of: Self.label, in: field.value.content)
                if let value { isLabelled = value.elementsEqual(ManagedMetadata.manager.utf8) }
            case 12:
                let value = try Self.value(of: Self.annotation, in: field.value.content)
                if let value { task = String(decoding: value, as: UTF8.self) }
            case 17: managers.append(try Manager(message: field.value.content))
            default: continue
            }
        }
    }

    private static let label = Array(ManagedMetadata.managedByLabel.utf8)
    private static let annotation = Array(ManagedMetadata.taskAnnotation.utf8)

    /// Returns the value of an entry of a map, `nil` if the entry has another key.
    private static func value(
        of key: [UInt8],
        in entry: ArraySlice<UInt8>
    ) throws(ProtobufReader.Damage) -> ArraySlice<UInt8>? {
        var (found, value): (ArraySlice<UInt8>, ArraySlice<UInt8>) = ([], [])
        var reader = ProtobufReader(entry)
        while let field = try reader.next() {
            switch field.number {
            case 1: found = field.value.content
            case 2: value = field.value.content
            default: continue
            }
        }
        return found.elementsEqual(key) ? value : nil
    }
}

extension ObjectMetadata.Manager {
    /// Reads a message `ManagedFieldsEntry`.
    fileprivate init(message: ArraySlice<UInt8>) throws(ProtobufReader.Damage) {
        self.init()
        var reader = ProtobufReader(message)
        while let field = try reader.next() {
            switch field.number {
            case 1: name = field.value.text
            case 2: operation = field.value.text
            case 3: apiVersion = field.value.text
            case 4: time = try Self.seconds(of: field.value.content)
            case 8: subresource = field.value.text
            default: continue
            }
        }
    }

    /// Reads a message `Time`.
    private static func seconds(of message: ArraySlice<UInt8>) throws(ProtobufReader.Damage) -> Int64 {
        var seconds: Int64 = 0
        var reader = ProtobufReader(message)
        while let field = try reader.next() {
            if field.number == 1 { seconds = field.value.number }
        }
        return seconds
    }
}

extension APIClient {
    /// Reads one page of the metadata of a collection's objects.
    ///
    /// The state is that of the server's storage, because an older one from its cache would show changed objects as they
    /// were.
    ///
    /// - Parameters:
    ///   - collection: The path of the collection.
    ///   - size: The largest number of objects of the page.
    ///   - continuation: The token of the page, `nil` for the first one.
    ///   - selector: A label and its value, as `LABEL=VALUE`; `nil` for all objects.
    ///   - isJSON: Whether the metadata is needed as JSON, with the managed fields.
    ///   - deadline: The instant after which the attempt is given up.
    /// - Returns: The page.
    /// - Throws: ``APIError`` if the server sends no such page.
    func metadataPage(
        of collection: String,
        size: Int,
        continuing continuation: String? = nil,
        labelled selector: String? = nil,
        isJSON: Bool,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> MetadataList {
        var query = [("limit", "\(size)")]
        if let continuation { query.append(("continue", continuation)) }
        if let selector { query.append(("labelSelector", selector)) }
        let accept = isJSON ? MetadataList.acceptOfJSON : MetadataList.accept
        let headers = [HTTPHeader("Accept", accept)]
        let response = try await reply("GET", collection, query: query, headers: headers, until: deadline)
        do {
            return try MetadataList(response.body)
        } catch {
            throw .pending("the reply to GET \(collection) is no list of metadata", .retry)
        }
    }
}
