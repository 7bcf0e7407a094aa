import Base
import YAML

/// Problems and warnings about an object that is too large for the API server or etcd.
struct ObjectSize {
    private(set) var problems: [Problem] = []
    private(set) var warnings: [Problem] = []

    /// The largest size of the data of a ConfigMap or Secret in bytes, without the keys.
    private static let dataLimit = 1 << 20
    /// The largest size of the annotations of an object in bytes, with keys and values.
    private static let annotationLimit = 256 << 10
    /// The largest request to the API server in bytes.
    private static let requestLimit = 3 << 20
    /// The largest request to etcd in bytes, unless its `--max-request-bytes` is raised.
    private static let storageLimit = 3 << 19

    init(_ manifest: ManifestObject) {
        checkAnnotations(manifest.root["metadata"]?["annotations"])
        if manifest.identity.type.group.isEmpty, ["ConfigMap", "Secret"].contains(manifest.identity.type.kind) {
            checkData(manifest)
        }
        guard problems.isEmpty else { return }
        checkWhole(manifest)
    }

    private mutating func checkAnnotations(_ node: Node?) {
        let entries = node?.mapping?.entries ?? []
        let sizes = entries.map { (entry: $0, size: $0.key.utf8.count + ($0.value.string?.utf8.count ?? 0)) }
        let total = sizes.reduce(0) { $0 + $1.size }
        guard total > Self.annotationLimit, let largest = sizes.max(by: { $0.size < $1.size }) else { return }
        problems.append(
            Problem(
                .objectTooLarge,
                "the annotations have \(total) bytes; the limit is \(Self.annotationLimit) "
                    + "('\(largest.entry.key)' has \(largest.size))",
                at: largest.entry.location,
                hint: "move the value to a ConfigMap",
            )
        )
    }

    private mutating func checkData(_ manifest: ManifestObject) {
        var total = 0
        var largest: (entry: Mapping.Entry, size: Int)?
        for section in ["data", "binaryData", "stringData"] {
            let isBase64 = section == "binaryData" || section == "data" && manifest.identity.type.kind == "Secret"
            for entry in manifest.root[section]?.mapping?.entries ?? [] {
                let text = entry.value.string ?? ""
                let padding = text.utf8.reversed().prefix { $0 == UInt8(ascii: "=") }.count
                let size = isBase64 ? max(0, text.utf8.count / 4 * 3 - padding) : text.utf8.count
                total += size
                if size > largest?.size ?? 0 { largest = (entry, size) }
            }
        }
        guard total > Self.dataLimit, let largest else { return }
        problems.append(
            Problem(
                .objectTooLarge,
                "the data has \(total) bytes; the limit is \(Self.dataLimit) ('\(largest.entry.key)' has \(largest.size))",
                at: largest.entry.location,
                hint: "split it into several \(manifest.identity.type.kind)s",
            )
        )
    }

    private mutating func checkWhole(_ manifest: ManifestObject) {
        guard Self.largestSize(of: manifest.root) > Self.storageLimit else { return }
        let size = manifest.root.json().count
        guard size > Self.storageLimit else { return }
        guard size > Self.requestLimit else {
            let message =
                "the object has \(size) bytes; etcd refuses more than \(Self.storageLimit) unless '--max-request-bytes' is raised"
            warnings.append(
                Problem(.objectTooLarge, message, at: manifest.location, hint: "split it into several objects")
            )
            return
        }
        problems.append(
            Problem(
                .objectTooLarge,
                "the object has \(size) bytes; the limit of the API server is \(Self.requestLimit)",
                at: manifest.location,
                hint: "split it into several objects",
            )
        )
    }

    /// Returns a size that a value in JSON does not exceed; this takes much less time than to write it.
    private static func largestSize(of node: Node) -> Int {
        switch node.content {
        case .null, .boolean: 5
        case .number(let number): number.json.utf8.count
        case .string(let text): largestSize(of: text)
        case .sequence(let items): items.reduce(2) { $0 + largestSize(of: $1) + 1 }
        case .mapping(let mapping):
            mapping.entries.reduce(2) { $0 + largestSize(of: $1.key) + largestSize(of: $1.value) + 2 }
        }
    }

    /// Returns the size of a text in which all bytes are written as escapes.
    private static func largestSize(of text: String) -> Int { text.utf8.count * "\\u0000".utf8.count + 2 }
}
