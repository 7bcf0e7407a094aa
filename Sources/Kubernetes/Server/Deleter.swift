public import Base
import YAML

/// Deletes objects with their dependants, and waits until they are gone.
public struct Deleter: Sendable {
    /// A report about one object.
    public enum Message: Sendable {
        /// The object no longer exists; `existed` is `false` if there was nothing to delete.
        case deleted(ObjectIdentity, existed: Bool)
        /// The object could not be deleted, or its kind is misspelt.
        case failed(ObjectFailure)
        /// The name of an object that does not exist looks misspelt.
        case warning(ObjectIdentity, String)
    }

    /// An object with its location in the task file.
    public typealias Subject = (identity: ObjectIdentity, location: SourceLocation)

    private let deletion: ObjectDeletion

    /// Creates a deleter.
    ///
    /// - Parameters:
    ///   - client: The API server.
    ///   - task: The task that deletes.
    ///   - isDryRun: Whether the server only checks the requests.
    ///   - retryPolicy: How long to wait for finalizers and for a server that does not answer.
    public init(client: APIClient, task: String, isDryRun: Bool, retryPolicy: RetryPolicy) {
        deletion = ObjectDeletion(client: client, task: task, isDryRun: isDryRun, retryPolicy: retryPolicy)
    }

    /// Deletes objects; a missing object is not an error.
    ///
    /// - Parameters:
    ///   - subjects: The objects.
    ///   - say: Receives the result for each object as soon as it is known, on any thread, and warnings at the end.
    public func delete(_ subjects: [Subject], say: @escaping @Sendable (Message) -> Void) async {
        let absent = Locked<Set<ObjectIdentity>>([])
        await deletion.delete(subjects) { message in
            if case .deleted(let identity, existed: false) = message { absent.withLock { _ = $0.insert(identity) } }
            say(message)
        }
        let gone = absent.withLock { $0 }
        for warning in await namespaceWarnings(about: subjects.map(\.identity).filter(gone.contains)) { say(warning) }
    }

    /// Returns warnings about missing namespaces with names similar to existing ones.
    ///
    /// A missing namespace is not an error, because the objects of a deleted namespace no longer exist.
    private func namespaceWarnings(about objects: [ObjectIdentity]) async -> [Message] {
        var absent: [String: ObjectIdentity] = [:]
        for identity in objects {
            if let namespace = identity.namespace, absent[namespace] == nil { absent[namespace] = identity }
        }
        let (client, deadline) = (deletion.client, deletion.retryPolicy.deadline)
        guard !absent.isEmpty,
            let list = try? await client.object("GET", "/api/v1/namespaces", until: deadline).node
        else { return [] }
        let names = (list["items"]?.sequence ?? []).compactMap { $0["metadata"]?["name"]?.string }
        return absent.sorted { $0.key < $1.key }.compactMap { namespace, identity in
            guard !names.contains(namespace), let near = nearestName(to: namespace, in: names) else { return nil }
            return .warning(identity, "namespace '\(namespace)' does not exist; did you mean '\(near)'?")
        }
    }
}
