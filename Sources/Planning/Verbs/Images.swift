import Base

/// Verb `images`: images of containers, from archives into containerd.
public struct ImagesDeclaration: VerbDeclaration {
    /// The archives, which `docker save` or a program for OCI images has written.
    public var archives: [FileSource] = []
    public var socket = LocatedPath.unset

    /// The name and value of the label with which the kubelet's garbage collection leaves an image alone.
    ///
    /// Source: containerd, `internal/cri/labels`.
    public static let pin = (name: "io.cri-containerd.pinned", value: "pinned")

    /// The label, with the name of the task, of an image that was there and that the task has pinned.
    public static let pinnedBy = "nest-bootstrap/pinned-by"

    /// The program that talks to containerd.
    public static let program = "ctr"

    /// Returns the arguments of ``program`` for a command, in the namespace of the kubelet's images.
    public static func arguments(socket: String, _ command: [String]) -> [String] {
        ["--address", socket, "--namespace", "k8s.io"] + command
    }
}

extension ImagesDeclaration: ReadableVerb {
    public static var name: String { "images" }

    static var summary: String { "imports images of containers from archives" }

    private static let usualSocket = "/run/containerd/containerd.sock"

    static let keys: [Key<Self>] = [
        Key("archives", \.archives, .fileSources(example: "[FILE.tar]"), required: "[FILE.tar]").meaning(
            "files and pinned URLs of archives as `docker save` or `skopeo copy` write them, also compressed with gzip"
        ),
        Key("socket", \.socket, .writtenPath, default: "`\(usualSocket)`").meaning("the socket of containerd"),
    ]

    static func read(_ fields: ConfigValue, _ context: VerbContext) -> ReadVerb? {
        var declaration = Self()
        declaration.socket = LocatedPath(usualSocket, location: fields.location)
        return fields.read(keys, into: &declaration) ? ReadVerb(declaration) : nil
    }

    public var footprint: Footprint {
        var footprint = Footprint(
            // containerd may be started again while the task runs, and then makes another socket.
            reads: [.init(path: socket, use: .awaited)],
            command: .init(
                name: LocatedPath(Self.program, location: socket.location),
                package: "containerd"
            )
        )
        footprint.imageSocket = socket
        for source in archives {
            switch source {
            case .path(let path): footprint.reads.append(.init(path: path, use: .archive))
            case .url(let url, let digest, _):
                footprint.connections.append(.url(url))
                footprint.fetchedDigests.append(digest)
            }
        }
        return footprint
    }
}
