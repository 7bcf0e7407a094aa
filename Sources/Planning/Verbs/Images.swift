import Base
import YAML

/// Verb `images`: images of containers, from archives into containerd.
public struct ImagesDeclaration: VerbDeclaration {
    /// The archives, which `docker save` or a program for OCI images has written.
    public var archives: [FileSource]

    /// The socket of containerd.
    public var socket: LocatedPath

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
    /// The verb's key in the task file.
    public static var name: String { "images" }

    public static var summary: String { "imports images of containers from archives" }

    /// The verb's keys.
    public static var keys: [KeyDescription] { [Keys.archives.description, Keys.socket.description] }

    private enum Keys {
        static let archives = Key.required(
            "archives",
            .fileSources(example: "[FILE.tar]"),
            example: "[FILE.tar]",
            "files and pinned URLs of archives as `docker save` or `skopeo copy` write them, also compressed with gzip"
        )
        static let socket = Key.optional(
            "socket",
            ValueReader(type: .absolutePath) { $0.writtenPath() },
            default: "`/run/containerd/containerd.sock`",
            "the socket of containerd"
        )
    }

    static func read(_ fields: inout MappingReader, _ context: VerbContext) -> ReadVerb? {
        let archives = fields.value(Keys.archives)
        let socket = fields.value(Keys.socket)
        guard let archives else { return nil }
        let usual = LocatedPath("/run/containerd/containerd.sock", location: fields.location)
        return ReadVerb(Self(archives: archives, socket: socket ?? usual))
    }

    /// The paths, connections and privileges of the task.
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
