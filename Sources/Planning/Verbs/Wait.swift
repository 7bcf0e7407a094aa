public import Base
import YAML

/// Verb `wait`: a condition that must hold.
public struct WaitDeclaration: VerbDeclaration {
    /// An object of the API server, by its name.
    public typealias ObjectReference = Planning.ObjectReference

    /// The conditions to wait for.
    public enum Condition: Sendable, Hashable {
        /// The API server of a kubeconfig responds and is ready.
        case apiServer(kubeconfig: LocatedPath)
        /// A TCP port accepts a connection.
        case tcp(host: String, port: UInt16)
        /// A path exists.
        case file(LocatedPath)
        /// A URL responds with a 2xx status. The certificate of its server is checked against the CA.
        case url(String, certificateAuthority: LocatedPath?)
        /// A systemd unit is active.
        case unit(String)
        /// The node has an address in a range.
        case address(AddressRange)
        /// A network interface is up; its name may contain `*`.
        case interface(String)
        /// An object is ready.
        case object(ObjectReference, kubeconfig: LocatedPath)
    }

    /// The condition.
    public var condition: Condition

    /// The location of the condition in the task file.
    public var location: SourceLocation

    /// Whether the object is the Node of this node.
    public var isOwnNode = false

    /// The key that names the kubeconfig, if the condition has one.
    public var kubeconfigKey = "kubeconfig"
}

extension WaitDeclaration: ReadableVerb {
    /// The verb's key in the task file.
    public static var name: String { "wait" }

    public static var summary: String { "waits until a condition holds" }

    /// The verb's keys.
    public static var keys: [KeyDescription] {
        [
            Keys.apiServer.description, Keys.tcp.description, Keys.file.description, Keys.url.description,
            Keys.unit.description, Keys.address.description, Keys.interface.description, Keys.object.description,
            Keys.node.description, Keys.kubeconfig.description, Keys.certificateAuthority.description,
        ]
    }

    /// The API server to wait for.
    private enum Server {
        case ofTask
        case of(LocatedPath)
    }

    private enum Keys {
        static let conditions = ["apiServer", "tcp", "file", "url", "unit", "address", "interface", "object", "node"]
        static let apiServer = Key.oneOf(
            conditions,
            "apiServer",
            ValueReader(type: .either([.enumeration(["true"]), .path]), read: server),
            "the API server answers, is ready and has namespace `kube-system`; a path is that of its kubeconfig"
        )
        static let tcp = Key.oneOf(
            conditions,
            "tcp",
            ValueReader(type: .endpoint) { $0.endpoint() },
            "the port accepts a connection"
        )
        static let file = Key.oneOf(conditions, "file", .readPath, "the path exists")
        static let url = Key.oneOf(conditions, "url", .url, "the URL answers with a status of 200 to 299")
        static let unit = Key.oneOf(conditions, "unit", .unit, "the systemd unit is active")
        static let address = Key.oneOf(
            conditions,
            "address",
            .addressRange,
            "the node has an address in the range, on an interface that is up"
        )
        static let interface = Key.oneOf(
            conditions,
            "interface",
            .interface,
            "a network interface with the name is up and has a carrier; `*` in it matches any text"
        )
        static let object = Key.oneOf(
            conditions,
            "object",
            .object,
            "the object exists and is ready; a custom resource without condition `Ready` is ready"
        )
        static let node = Key.oneOf(
            conditions,
            "node",
            ValueReader<String>.word(["ready"]),
            "this node is registered in the cluster, and its condition `Ready` is true since this boot"
        )
        static let kubeconfig = Key.optional(
            "kubeconfig",
            .readPath,
            default: "the file of the nearest `kubeconfig` task among the dependencies",
            "with `apiServer: true`, `object` or `node`: the kubeconfig of the API server"
        )
        static let certificateAuthority = Key.optional(
            "certificateAuthority",
            .readPath,
            default: "the system's CAs",
            "with `url`: the CA of the server's certificate"
        )
    }

    static func read(_ fields: inout MappingReader, _ context: VerbContext) -> ReadVerb? {
        let kubeconfig = fields.value(Keys.kubeconfig)
        let authority = fields.value(Keys.certificateAuthority)
        let server = fields.value(Keys.apiServer)
        let tcp = fields.value(Keys.tcp).map { Condition.tcp(host: $0.host, port: $0.port) }
        let file = fields.value(Keys.file).map(Condition.file)
        let url = fields.value(Keys.url).map { Condition.url($0, certificateAuthority: authority) }
        let unit = fields.value(Keys.unit).map(Condition.unit)
        let address = fields.value(Keys.address).map(Condition.address)
        let interface = fields.value(Keys.interface).map(Condition.interface)
        let object = fields.value(Keys.object)
        let node = fields.value(Keys.node)
        fields.requireOne(of: Keys.conditions, example: "apiServer: true")
        fields.reportMisplacedKey("kubeconfig", goesWith: ["apiServer", "object", "node"])
        fields.reportMisplacedKey("certificateAuthority", goesWith: ["url"])
        let location = fields.entries.first { Keys.conditions.contains($0.key) }?.value.location ?? fields.location
        if let condition = tcp ?? file ?? url ?? unit ?? address ?? interface {
            return ReadVerb(Self(condition: condition, location: location))
        }
        if node != nil {
            let node = ObjectReference(
                apiVersion: "v1",
                kind: "Node",
                namespace: nil,
                name: context.hostName.lowercased(),
                location: location
            )
            return ReadVerb(kubeconfig: kubeconfig) {
                Self(condition: .object(node, kubeconfig: $0), location: location, isOwnNode: true)
            }
        }
        switch (server, object) {
        case (.of(let path)?, _):
            return ReadVerb(
                Self(
                    condition: .apiServer(kubeconfig: path),
                    location: location,
                    kubeconfigKey: Keys.apiServer.description.name
                )
            )
        case (.ofTask?, _):
            return ReadVerb(kubeconfig: kubeconfig) {
                Self(condition: .apiServer(kubeconfig: $0), location: location)
            }
        case (nil, let object?):
            return ReadVerb(kubeconfig: kubeconfig) {
                Self(condition: .object(object, kubeconfig: $0), location: location)
            }
        case (nil, nil): return nil
        }
    }

    @Sendable private static func server(_ value: ConfigValue) -> Server? {
        if value.node.boolean == true { return .ofTask }
        guard value.node.string != nil else {
            value.reportTypeMismatch("true or the path of a kubeconfig", hint: value.write("true"))
            return nil
        }
        return value.readPath().map(Server.of)
    }

    /// The paths, connections and privileges of the task.
    public var footprint: Footprint {
        var footprint = Footprint()
        switch condition {
        case .apiServer(let kubeconfig):
            footprint.useAPIServer(kubeconfig)
            footprint.kubeconfigKey = kubeconfigKey
        case .object(let object, let kubeconfig):
            footprint.useAPIServer(kubeconfig)
            footprint.neededObjects = [object]
        case .tcp(let host, let port):
            footprint.connections = [.endpoint(host: host, port: port)]
        case .file(let path):
            footprint.reads = [.init(path: path, use: .awaited)]
        case .url(let url, let authority):
            footprint.connections = [.url(url, certificateAuthority: authority)]
            footprint.reads =
                authority.map { [.init(path: $0, use: .authority, sizeLimit: SizeLimit.configuration)] } ?? []
        case .unit:
            footprint.connections = [.systemBus]
        case .address, .interface:
            footprint.watchesInterfaces = true
        }
        return footprint
    }
}
