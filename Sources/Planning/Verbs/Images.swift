import Base

/// Verb `images`: container images that are imported from archives into containerd.
public struct ImagesDeclaration: VerbDeclaration {
    /// The archives, in the format of `docker save` or of OCI.
    public var archives: [FileSource] = []
    public var socket = LocatedPath.unset

    /// The label that excludes an image from the kubelet's garbage collection.
    ///
    /// Source: containerd, `internal/cri/labels`.
    public static let pin = (name: "io.cri-containerd.pinned", value: "pinned")

    /// The label of an image that a task has pinned without importing it; its value is the name of the task.
    public static let pinnedBy = "nest-bootstrap/pinned-by"

    /// The command-line client of containerd.
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
            // If containerd is restarted while the task runs, it creates another socket.
            reads: [.init(path: socket, use: .awaited)],
            command: .init(
                name: LocatedPath(Self.program, location: socket.location),
                package: "containerd"
            )
        )
        footprint.imageSocket = socket
        for source in archives { footprint.use(source, as: .archive) }
        return footprint
    }
}
