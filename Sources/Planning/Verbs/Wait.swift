public import Base

/// Verb `wait`: a condition that must hold.
public struct WaitDeclaration: VerbDeclaration {
    public enum Condition: Sendable, Hashable {
        /// The API server is ready and has namespace `kube-system`; the path is its kubeconfig, if the key names one.
        case apiServer(LocatedPath?)
        /// A TCP port accepts a connection.
        case tcp(host: String, port: UInt16)
        case file(LocatedPath)
        /// A URL responds with a 2xx status.
        case url(String)
        /// A systemd unit is active.
        case unit(String)
        /// The node has a usable address in a range, on an interface that is up.
        case address(AddressRange)
        /// A network interface is up and has a carrier; the name may contain `*`.
        case interface(String)
        case object(ObjectReference)
    }

    public var condition = Condition.unit("")

    /// The location of the condition in the task file.
    var location = SourceLocation.nowhere

    /// The kubeconfig of the API server, if the condition needs one.
    public var kubeconfig = LocatedPath.unset

    /// The CA of the URL's server; if `nil`, the system's CAs.
    public var certificateAuthority: LocatedPath?

    /// Whether the condition is that this node's own Node is ready.
    public var isOwnNode = false
}

extension WaitDeclaration: ReadableVerb {
    public static var name: String { "wait" }

    static var summary: String { "waits until a condition holds" }

    private static let conditions = [
        "apiServer", "tcp", "file", "url", "unit", "address", "interface", "object", "node",
    ]

    static let keys: [Key<Self>] = [
        Key(
            "apiServer",
            \.condition,
            ValueReader(type: .either([.enumeration(["true"]), .path]), read: server),
            oneOf: conditions
        )
        .meaning("the API server answers, is ready and has namespace `kube-system`; a path is that of its kubeconfig"),
        Key(
            "tcp",
            \.condition,
            ValueReader<Endpoint>.endpoint.map { .tcp(host: $0.host, port: $0.port) },
            oneOf: conditions
        )
        .meaning("the port accepts a connection"),
        Key("file", \.condition, ValueReader<LocatedPath>.readPath.map { .file($0) }, oneOf: conditions)
            .meaning("the path exists"),
        Key("url", \.condition, ValueReader<String>.url.map { .url($0) }, oneOf: conditions)
            .meaning("the URL answers with a status of 200 to 299"),
        Key("unit", \.condition, ValueReader<String>.unit.map { .unit($0) }, oneOf: conditions)
            .meaning("the systemd unit is active"),
        Key("address", \.condition, ValueReader<AddressRange>.addressRange.map { .address($0) }, oneOf: conditions)
            .meaning("the node has an address in the range, on an interface that is up"),
        Key("interface", \.condition, ValueReader<String>.interface.map { .interface($0) }, oneOf: conditions)
            .meaning("a network interface with the name is up and has a carrier; `*` in it matches any text"),
        Key("object", \.condition, ValueReader<ObjectReference>.object.map { .object($0) }, oneOf: conditions)
            .meaning("the object exists and is ready; a custom resource without condition `Ready` is ready"),
        Key("node", \.isOwnNode, ValueReader<String>.word(["ready"]).map { _ in true }, oneOf: conditions)
            .meaning("this node is registered in the cluster, and its condition `Ready` is true since this boot"),
        Key("kubeconfig", \.kubeconfig, .readPath, default: nearestKubeconfig)
            .meaning("with `apiServer: true`, `object` or `node`: the kubeconfig of the API server"),
        Key("certificateAuthority", \.certificateAuthority, .readPath, default: "the system's CAs")
            .meaning("with `url`: the CA of the server's certificate"),
    ]

    static func read(_ fields: ConfigValue, _ context: VerbContext) -> ReadVerb? {
        var declaration = Self()
        let isUsable = fields.read(keys, into: &declaration)
        let isOne = fields.requireOne(of: conditions, example: "apiServer: true")
        fields.reportMisplacedKey("kubeconfig", goesWith: ["apiServer", "object", "node"])
        fields.reportMisplacedKey("certificateAuthority", goesWith: ["url"])
        guard isUsable, isOne else { return nil }
        declaration.location =
            fields.entries.first { conditions.contains($0.key) }?.value.location ?? fields.location
        if declaration.isOwnNode {
            let name = context.hostName.lowercased()
            let node = ObjectReference(apiVersion: "v1", kind: "Node", name: name, location: declaration.location)
            declaration.condition = .object(node)
        }
        switch declaration.condition {
        case .apiServer(let path):
            if let path { declaration.kubeconfig = path }
            return ReadVerb(declaration, \.kubeconfig)
        case .object: return ReadVerb(declaration, \.kubeconfig)
        case .url, .tcp, .file, .unit, .address, .interface: return ReadVerb(declaration)
        }
    }

    @Sendable private static func server(_ value: ConfigValue) -> Condition? {
        if value.node.boolean == true { return .apiServer(nil) }
        guard value.node.string != nil else {
            return value.mismatch("true or the path of a kubeconfig", hint: value.write("true"))
        }
        return ValueReader.readPath.read(value).map { .apiServer($0) }
    }

    public var footprint: Footprint {
        var footprint = Footprint()
        switch condition {
        case .apiServer(let path):
            footprint.useAPIServer(kubeconfig)
            if path != nil { footprint.kubeconfigKey = "apiServer" }
        case .object(let object):
            footprint.useAPIServer(kubeconfig)
            footprint.neededObjects = [object]
        case .tcp(let host, let port):
            footprint.connections = [.endpoint(host: host, port: port)]
        case .file(let path):
            footprint.reads = [.init(path: path, use: .awaited)]
        case .url(let url):
            footprint.connections = [.url(url, certificateAuthority: certificateAuthority)]
            if let certificateAuthority {
                footprint.reads = [
                    .init(path: certificateAuthority, use: .authority, sizeLimit: SizeLimit.configuration)
                ]
            }
        case .unit:
            footprint.connections = [.systemBus]
        case .address, .interface:
            footprint.watchesInterfaces = true
        }
        return footprint
    }
}
