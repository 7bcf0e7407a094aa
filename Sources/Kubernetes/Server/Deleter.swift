public import Base
import YAML

/// Deletes objects with their dependants, and waits until they are gone.
public struct Deleter: Sendable {
    /// A report about one object.
    public enum Message: Sendable {
        /// The object is gone now; whether it existed.
        case deleted(ObjectIdentity, existed: Bool)
        /// The object still exists, or is misspelt.
        case failed(ObjectFailure)
        /// Something about an object that does not exist looks like a mistake.
        case warning(ObjectIdentity, String)
    }

    /// An object with the place where the task file names it.
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

    /// Deletes objects; one that does not exist is not an error.
    ///
    /// - Parameters:
    ///   - subjects: The objects.
    ///   - say: Receives what became of each object as soon as that is known, on any thread; warnings at the end.
    public func delete(_ subjects: [Subject], say: @escaping @Sendable (Message) -> Void) async {
        let absent = Locked<Set<ObjectIdentity>>([])
        await deletion.delete(subjects) { message in
            if case .deleted(let identity, existed: false) = message { absent.withLock { _ = $0.insert(identity) } }
            say(message)
        }
        let gone = absent.withLock { $0 }
        for warning in await namespaceWarnings(about: subjects.map(\.identity).filter(gone.contains)) { say(warning) }
    }

    /// Warnings about namespaces that do not exist and have names similar to others.
    ///
    /// No errors: the objects of a namespace that was deleted are gone.
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
