import Base
import YAML

/// The objects of one collection that a run wants to know, read by a list of metadata where that is cheaper than a GET of
/// each.
///
/// On 1.36.2, with 32 GETs at a time, a GET takes about as long as 40 objects of a list, also of those that a list with a
/// label passes over, which are only not sent. The ratios leave a margin for servers with other costs.
struct ListedObjects: Sendable {
    /// The result of a list.
    struct Findings: Sendable {
        /// The wanted objects that were read, by name.
        var found: [String: MetadataList.Item] = [:]
        /// Whether all objects of the collection were read, so that others do not exist.
        var isComplete = false
    }

    /// The smallest number of wanted objects for which a list is read.
    static let leastCount = 8

    /// The largest number of objects of a page.
    private static let pageSize = 500

    /// The largest number of objects for each wanted one: in the first page, in the rest of a list, and in the collection
    /// of which a list has only those with the agent's label.
    private static let (firstRatio, restRatio, labelledRatio) = (10, 10, 25)

    /// The selector of objects with the agent's label.
    private static let ownLabel = "\(ManagedMetadata.managedByLabel)=\(ManagedMetadata.manager)"

    /// The time after which a page is given up, because the objects can be read one by one.
    private static let pageLimit = Duration.seconds(5)

    let client: APIClient
    /// The path of the collection.
    let collection: String
    /// The names of the wanted objects.
    let names: Set<String>
    /// Whether an earlier run knows the state of one of them; otherwise the list only shows which are missing.
    let hasKnownStates: Bool
    /// Whether the metadata is needed as JSON.
    let isJSON: Bool
    let deadline: ContinuousClock.Instant

    /// Reads the list.
    ///
    /// - Returns: The findings, with none of the objects if the server does not list them.
    func read() async -> Findings {
        guard names.count >= Self.leastCount, !client.catalog.unlistedCollections.withLock({ $0.contains(collection) })
        else {
            return Findings()
        }
        for _ in 0..<2 {
            do throws(APIError) {
                return try await readOnce()
            } catch .refused(let refusal) where refusal.code == 410 {
                // The state of the first page is no longer kept.
                continue
            } catch .refused(let refusal) where [403, 405, 406].contains(refusal.code) {
                _ = client.catalog.unlistedCollections.withLock { $0.insert(collection) }
                break
            } catch {
                // The GETs that follow report the error, if it lasts.
                break
            }
        }
        return Findings()
    }

    private func readOnce() async throws(APIError) -> Findings {
        var findings = Findings()
        let size = min(Self.pageSize, names.count * Self.firstRatio)
        let first = try await page(nil, size: size, labelled: nil)
        add(try items(of: first), to: &findings)
        guard let token = first.continuation else {
            findings.isComplete = true
            return findings
        }
        guard hasKnownStates || findings.found.isEmpty else { return findings }
        // Servers such as 1.20 do not say how many remain. If the first page is worth it, the rest probably is.
        let isWorthwhile = findings.found.count * Self.restRatio >= size
        guard let remaining = first.remainingCount ?? (isWorthwhile ? names.count : nil) else { return findings }
        let isLabelled = !findings.found.isEmpty && findings.found.values.allSatisfy(\.metadata.isLabelled)
        // A server may have new objects since, and a label may leave pages nearly empty, but none has more pages than this.
        let pageCount = (first.remainingCount ?? Self.restRatio * names.count) / Self.pageSize + 3
        if remaining <= names.count || !isLabelled && remaining <= Self.restRatio * names.count {
            try await addPages(from: token, labelled: nil, atMost: pageCount, to: &findings)
            findings.isComplete = true
        } else if isLabelled, remaining <= Self.labelledRatio * names.count {
            try await addPages(from: nil, labelled: Self.ownLabel, atMost: pageCount, to: &findings)
        }
        return findings
    }

    /// Adds all pages from one on, each of which is read while the objects of the one before are.
    private func addPages(
        from token: String?,
        labelled selector: String?,
        atMost count: Int,
        to findings: inout Findings
    ) async throws(APIError) {
        var page = try await page(token, size: Self.pageSize, labelled: selector)
        var remaining = count
        while let next = page.continuation {
            remaining -= 1
            guard remaining > 0 else { throw .pending("the list has no end", .permanent) }
            async let following = result(of: next, labelled: selector)
            add(try items(of: page), to: &findings)
            page = try await following.get()
        }
        add(try items(of: page), to: &findings)
    }

    private func page(
        _ token: String?,
        size: Int,
        labelled selector: String?
    ) async throws(APIError) -> MetadataList {
        try await client.metadataPage(
            of: collection,
            size: size,
            continuing: token,
            labelled: selector,
            isJSON: isJSON,
            until: min(deadline, .now + Self.pageLimit)
        )
    }

    /// Returns a page or its error as a value, because `async let` loses the type of thrown errors.
    private func result(of token: String, labelled selector: String?) async -> Result<MetadataList, APIError> {
        do throws(APIError) {
            return .success(try await page(token, size: Self.pageSize, labelled: selector))
        } catch {
            return .failure(error)
        }
    }

    private func items(of page: MetadataList) throws(APIError) -> [MetadataList.Item] {
        do {
            return try page.items()
        } catch {
            throw .pending("an object in the reply to GET \(collection) cannot be read", .retry)
        }
    }

    private func add(_ items: [MetadataList.Item], to findings: inout Findings) {
        for item in items where names.contains(item.metadata.name) { findings.found[item.metadata.name] = item }
    }
}
