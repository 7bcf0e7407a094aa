import Base
import YAML

/// The metadata of an object that shows whether the object has changed.
struct ObjectMetadata: Sendable, Equatable {
    /// An entry of the managed fields, without the fields.
    struct Manager: Sendable, Equatable {
        var name = ""
        var operation = ""
        var apiVersion = ""
        var subresource = ""
        /// The time of the last change, in seconds since 1970; `nil` if the entry has none.
        var time: Int64?
    }

    var name = ""
    var uid = ""
    var resourceVersion = ""
    var generation: Int64 = 0
    var managers: [Manager] = []
    /// The task that applied the object, from the object's annotation.
    var task: String?
    /// Whether the object has this agent's label.
    var isLabelled = false
    var isBeingDeleted = false

    init() {}

    /// Reads the metadata of an object, or of its `PartialObjectMetadata`.
    init(of object: Node) {
        let metadata = object["metadata"]
        name = metadata?["name"]?.string ?? ""
        uid = metadata?["uid"]?.string ?? ""
        resourceVersion = metadata?["resourceVersion"]?.string ?? ""
        generation = Int64(metadata?["generation"]?.integer ?? 0)
        managers = (metadata?["managedFields"]?.sequence ?? []).map(Manager.init)
        task = ManagedMetadata.task(of: object)
        isLabelled = metadata?["labels"]?[ManagedMetadata.managedByLabel]?.string == ManagedMetadata.manager
        isBeingDeleted = ManagedMetadata.isBeingDeleted(object)
    }

    /// The state of the object, as a text that is different for every other state.
    ///
    /// Two states of one object have different resource versions. After etcd was restored from a backup, another state
    /// may have the same resource version; the times of its managers differ.
    var state: [UInt8] {
        var text: [UInt8] = []
        func add(_ part: String) {
            text += part.utf8
            text.append(0)
        }
        for part in [uid, resourceVersion, "\(generation)"] { add(part) }
        for manager in managers {
            for part in [manager.name, manager.operation, manager.apiVersion, manager.subresource] { add(part) }
            add(manager.time.map { "\($0)" } ?? "")
        }
        return text
    }
}

extension ObjectMetadata.Manager {
    fileprivate init(_ entry: Node) {
        self.init(
            name: entry["manager"]?.string ?? "",
            operation: entry["operation"]?.string ?? "",
            apiVersion: entry["apiVersion"]?.string ?? "",
            subresource: entry["subresource"]?.string ?? "",
            time: (entry["time"]?.string).flatMap { Timestamp(rfc3339: $0)?.seconds },
        )
    }
}
