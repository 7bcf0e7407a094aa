import Base
import TLS
import YAML

/// The parent of an ApplySet: the ConfigMap that lists where members are and which nodes have the set.
public struct SetParent: Sendable, Equatable {
    static let markAnnotation = "nest-bootstrap/narrowing"
    static let clusterAnnotation = "nest-bootstrap/cluster"

    var scope = ApplySetScope()
    /// The version of the ConfigMap as it was read, `nil` if it did not exist.
    public internal(set) var resourceVersion: String?

    /// Whether a node is about to shorten the list of kinds, or was interrupted before it could.
    var isMarked = false

    /// The cluster that the nodes' files name, if they do.
    var cluster: String?

    /// The annotations that record the version of the task.
    var version: [String: String] = [:]

    /// The claims of the nodes whose files have the set.
    var claims: [String: NodeClaim] = [:]

    /// The lists of objects by digest, which nodes with the same objects share.
    var lists: [String: Set<MemberKey>] = [:]

    /// The objects that a list once had and no list has now, until they are deleted.
    var former: Set<MemberKey> = []

    /// The objects of nodes that no longer have the set, which stay until the set is removed.
    var released: Set<MemberKey> = []

    /// The last applications that have changed objects with other manifests than before, the oldest first.
    var history: [Application] = []

    /// The objects that a node's manifests have.
    struct NodeClaim: Sendable, Equatable {
        /// The digest of the list; see ``lists``.
        var digest: String
        /// The version of the task in the node's file, if it has one.
        var version: String?

        /// The claim as text.
        var text: String { [digest, version].compactMap(\.self).joined(separator: " ") }

        init(digest: String, version: String?) {
            (self.digest, self.version) = (digest, version)
        }

        init(text: String) {
            let words = text.split(separator: " ", maxSplits: 1).map { String($0) }
            self.init(digest: words.first ?? "", version: words.count == 2 ? words[1] : nil)
        }

        /// Returns whether the claim is one of an older version.
        func isOlder(than version: OrderedVersion?) -> Bool {
            guard let version, let own = self.version.flatMap(OrderedVersion.init) else { return false }
            return own.order(comparedWith: version) == .older
        }
    }

    /// An application of manifests.
    struct Application: Sendable, Equatable {
        var digest: String
        var node: String
        var time: Timestamp
    }

    /// The largest size of the data in bytes, somewhat below that of a ConfigMap.
    static let sizeLimit = 900_000

    private static let historyLimit = 3
    private static let historyKey = "history"
    private static let formerKey = "former"
    private static let releasedKey = "released"
    static let nodePrefix = "node."
    private static let listPrefix = "objects."

    init() {}

    /// Reads the parent on the server.
    ///
    /// Malformed entries of its history, and malformed members of a list, are left out.
    init(_ live: Node) {
        let metadata = live["metadata"]
        scope = ApplySetScope(parent: live)
        resourceVersion = metadata?["resourceVersion"]?.string
        let annotations = metadata?["annotations"]
        isMarked = annotations?[Self.markAnnotation] != nil
        cluster = annotations?[Self.clusterAnnotation]?.string
        for name in AppliedVersion.annotations { version[name] = annotations?[name]?.string }
        for entry in live["data"]?.mapping?.entries ?? [] {
            guard let text = entry.value.string else { continue }
            if entry.key == Self.historyKey {
                history = Self.history(text)
            } else if entry.key == Self.formerKey {
                former = Self.members(text)
            } else if entry.key == Self.releasedKey {
                released = Self.members(text)
            } else if entry.key.hasPrefix(Self.nodePrefix) {
                claims[String(entry.key.dropFirst(Self.nodePrefix.count))] = NodeClaim(text: text)
            } else if entry.key.hasPrefix(Self.listPrefix) {
                lists[String(entry.key.dropFirst(Self.listPrefix.count))] = Self.members(text)
            }
        }
    }

    private static func members(_ text: String) -> Set<MemberKey> {
        Set(text.split(separator: "\n").compactMap { MemberKey(text: $0) })
    }

    private static func history(_ text: String) -> [Application] {
        let items = (try? readJSON(Array(text.utf8), file: historyKey))?.sequence ?? []
        return items.compactMap { item in
            guard let digest = item["digest"]?.string, let node = item["node"]?.string,
                let time = item["time"]?.string.flatMap({ Timestamp(rfc3339: $0) })
            else { return nil }
            return Application(digest: digest, node: node, time: time)
        }
    }

    /// Returns whether the parent lists the kind and the namespace of an object.
    public func covers(_ object: ObjectIdentity) -> Bool {
        var wanted = scope
        wanted.insert(object)
        return wanted == scope
    }

    /// The nodes whose files have the set, in alphabetical order.
    public var claimants: [String] { claims.keys.sorted() }

    /// The objects that the manifests of a node that has the set have or had.
    var known: Set<MemberKey> { former.union(listed) }

    private var listed: Set<MemberKey> { lists.values.reduce(into: []) { $0.formUnion($1) } }

    /// Returns the nodes whose claims keep an object from being deleted by another node, in alphabetical order.
    ///
    /// - Parameters:
    ///   - member: The object.
    ///   - node: The node that would delete it.
    ///   - version: The version of the task in that node's file; claims of older versions keep nothing.
    /// - Returns: The names of the nodes.
    func claimants(of member: MemberKey, otherThan node: String, at version: OrderedVersion?) -> [String] {
        claims.filter { name, claim in
            // A claim whose list is not there keeps everything.
            name != node && !claim.isOlder(than: version) && lists[claim.digest]?.contains(member) != false
        }.keys.sorted()
    }

    /// Records that a node's manifests have these objects, and no others.
    mutating func claim(_ members: Set<MemberKey>, by node: String, at version: OrderedVersion?) {
        let before = known
        let digest = sha256(Array(MemberKey.lines(members).joined(separator: "\n").utf8))
        claims[node] = NodeClaim(digest: digest, version: version?.description)
        lists[digest] = members
        removeUnusedLists(knownBefore: before)
    }

    /// Records that a node's file no longer has the set.
    mutating func release(by node: String) {
        let own = claims[node].flatMap { lists[$0.digest] } ?? []
        let before = former
        claims[node] = nil
        removeUnusedLists(knownBefore: before)
        released = released.union(own).subtracting(listed)
    }

    private mutating func removeUnusedLists(knownBefore before: Set<MemberKey>) {
        let used = Set(claims.values.map(\.digest))
        lists = lists.filter { used.contains($0.key) }
        former = before.subtracting(listed)
        released.subtract(listed)
    }

    /// Returns the last application, and an earlier one of the same manifests, if an application by another node would
    /// undo the last one; otherwise `nil`.
    func undone(by application: Application) -> (last: Application, earlier: Application)? {
        guard let last = history.last, last.digest != application.digest, last.node != application.node else {
            return nil
        }
        return history.dropLast().last { $0.digest == application.digest }.map { (last, $0) }
    }

    /// Records an application of manifests that has changed objects.
    mutating func note(_ application: Application) {
        guard history.last?.digest != application.digest else { return }
        history = Array((history + [application]).suffix(Self.historyLimit))
    }

    /// The annotations of the ConfigMap, without the task and the tool.
    var annotations: [(String, Node)] {
        let own = [(Self.clusterAnnotation, cluster), (Self.markAnnotation, isMarked ? "true" : nil)]
        return scope.annotations
            + (own + version.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }).compactMap { name, value in
                value.map { (name, Node.string($0)) }
            }
    }

    /// The data of the ConfigMap.
    var data: [(String, Node)] {
        var data = claims.map { (Self.nodePrefix + $0.key, $0.value.text) }
        data += lists.map { (Self.listPrefix + $0.key, MemberKey.lines($0.value).joined(separator: "\n")) }
        for (key, members) in [(Self.formerKey, former), (Self.releasedKey, released)] where !members.isEmpty {
            data.append((key, MemberKey.lines(members).joined(separator: "\n")))
        }
        if !history.isEmpty {
            let items = history.map { item in
                Node.mapping([
                    ("digest", .string(item.digest)), ("node", .string(item.node)), ("time", .string("\(item.time)")),
                ])
            }
            data.append((Self.historyKey, String(decoding: Node.sequence(items).json(), as: UTF8.self)))
        }
        return data.sorted { $0.0 < $1.0 }.map { ($0, .string($1)) }
    }
}
