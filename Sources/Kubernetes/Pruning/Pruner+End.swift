import Base
import HTTP
import YAML

/// The end of an ApplySet.
extension Pruner {
    /// The pruner of a node that has applied an older version, and whose new objects are obsolete unless another node has
    /// them.
    public var withoutManifests: Self {
        var pruner = Self(
            client: client,
            set: set,
            manifests: [],
            includesProtected: false,
            isDryRun: isDryRun,
            retryPolicy: retryPolicy,
            location: location,
        )
        pruner.deletesOnlyRecorded = true
        return pruner
    }

    /// A parent that does not exist yet, for a set of which only the node's record is left.
    public var newParent: SetParent { SetParent() }

    /// Reads the parent.
    ///
    /// - Returns: `nil` if there is none.
    /// - Throws: ``ObjectFailure`` if it cannot be read.
    public func read() async throws(ObjectFailure) -> SetParent? {
        try await explained { () async throws(APIError) in
            try await retryPolicy.retry(parentSubject) { () async throws(APIError) in
                try await client.find(set.parent, until: retryPolicy.deadline).map { SetParent($0) }
            }
        }
    }

    /// Records that the node's file no longer has the set.
    ///
    /// - Parameter node: The node.
    /// - Returns: The parent without the node's claim, `nil` if there is no parent.
    /// - Throws: ``ObjectFailure`` if the parent cannot be read or written, or belongs to another tool.
    public func release(by node: String) async throws(ObjectFailure) -> SetParent? {
        let result = try await explained { () async throws(APIError) -> Result<SetParent?, ObjectFailure> in
            try await retryPolicy.retry(parentSubject) {
                () async throws(APIError) -> Result<SetParent?, ObjectFailure> in
                try await releaseOnce(by: node)
            }
        }
        return try result.get()
    }

    private func releaseOnce(by node: String) async throws(APIError) -> Result<SetParent?, ObjectFailure> {
        guard let live = try await client.find(set.parent, until: retryPolicy.deadline) else { return .success(nil) }
        if let refusal = set.refusal(of: live) {
            return .failure(ObjectFailure(parentManifest, .conflict, refusal.message, hint: refusal.hint))
        }
        var parent = SetParent(live)
        guard parent.claimants.contains(node) else { return .success(parent) }
        parent.release(by: node)
        guard !isDryRun else { return .success(parent) }
        guard let written = try await write(parent) else {
            throw .pending("another node has changed it", .retry)
        }
        return .success(written)
    }

    /// Deletes the parent, unless it has changed since it was read.
    ///
    /// - Parameter parent: The parent as it was read.
    /// - Throws: ``ObjectFailure`` if it cannot be deleted.
    public func deleteParent(_ parent: SetParent) async throws(ObjectFailure) {
        guard !isDryRun, let version = parent.resourceVersion else { return }
        let options = Node.mapping([
            ("apiVersion", .string("v1")), ("kind", .string("DeleteOptions")),
            ("preconditions", .mapping([("resourceVersion", .string(version))])),
        ])
        try await explained { () async throws(APIError) in
            try await retryPolicy.retry(parentSubject) { () async throws(APIError) in
                do throws(APIError) {
                    let type = set.parent.type
                    let resource = try await client.catalog.resource(of: type, on: client, until: retryPolicy.deadline)
                    _ = try await client.object(
                        "DELETE",
                        resource.path(of: set.parent),
                        body: options.json(),
                        contentType: "application/json",
                        until: retryPolicy.deadline
                    )
                } catch .refused(let refusal) where refusal.code == 404 || refusal.isOfChangedObject {
                    // A node has claimed the set again, or has deleted the parent.
                }
            }
        }
    }
}
