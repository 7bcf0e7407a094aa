import Base
import YAML

/// Objects that are too large.
extension Explanation {
    /// A request that is larger than the server or etcd accepts.
    func tooLarge(_ status: ServerStatus) -> ObjectFailure {
        let size = manifest.root.json().count
        guard status.code == 413 else {
            return ObjectFailure(
                manifest,
                .invalid,
                "the object is too large for etcd (\(size) bytes; a request may have 1572864 unless "
                    + "'--max-request-bytes' says otherwise)",
                hint: "split it into several objects",
            )
        }
        let limit = status.message.firstMatch(of: /limit is (\d+)/).map { "; the limit is \($0.1)" } ?? ""
        return ObjectFailure(
            manifest,
            .invalid,
            "the object is too large for the server (\(size) bytes\(limit))",
            hint: "split it into several objects",
        )
    }

    /// A map whose values are too large together: the data of a ConfigMap or Secret, or the annotations.
    func oversized(_ cause: ServerStatus.Cause) -> ObjectFailure.Fault? {
        guard cause.reason == "FieldValueTooLong", let limit = cause.message.firstMatch(of: /(\d+) bytes/)?.1 else {
            return nil
        }
        let isAnnotations = cause.field == "metadata.annotations"
        let maps = isAnnotations ? ["metadata.annotations"] : ["data", "binaryData", "stringData"]
        let entries = maps.flatMap { map in
            (FieldPath(map).resolve(in: manifest.root).node?.mapping?.entries ?? []).map { entry in
                (map: map, entry: entry, size: entry.key.utf8.count + (entry.value.string?.utf8.count ?? 0))
            }
        }
        guard let largest = entries.max(by: { $0.size < $1.size }) else { return nil }
        let total = entries.reduce(0) { $0 + $1.size }
        let share = entries.count > 1 ? ", \(largest.size) of them in '\(largest.entry.key)'" : ""
        let name = isAnnotations ? FieldPath(cause.field).name : "field '\(largest.map).\(largest.entry.key)'"
        let subject = isAnnotations ? name : entries.count > 1 ? "the data" : name
        return fault(
            at: largest.entry.location,
            "\(subject) is too large (\(total) bytes\(share); the limit is \(limit))",
            hint: isAnnotations
                ? "shorten '\(largest.entry.key)', or move it to a ConfigMap" : "split it into several objects",
        )
    }
}
