import Base
import Host
import Kubernetes

/// The server, its CA and the token with which a worker joins a cluster.
struct JoinCredentials {
    /// The directory of secret files.
    static let secrets = "secrets"

    private static let authorityPath = "ca.crt"
    private static let tokenPath = "\(secrets)/bootstrap-token"

    /// The files that have to be put into the directory if no credentials are given.
    static let missingFiles = [
        NodeDirectory.OpenPlace(place: authorityPath, text: "the certificate of the cluster's CA; put it there"),
        NodeDirectory.OpenPlace(
            place: tokenPath,
            text: "a token with which nodes join, such as 'kubeadm token create' prints; put it there with mode 0600"
        ),
    ]

    /// The URL of the API server.
    let server: String

    /// The files of the directory.
    let files: [TemplateFile]

    /// The largest kubeconfig or file that it names.
    private static let limit = 1 << 20

    /// Reads a kubeconfig.
    ///
    /// - Parameter path: The path of the kubeconfig, whose current context has a CA and a token.
    /// - Throws: ``Base/Problems`` of the kubeconfig, or ``Base/SystemError`` if a file cannot be read.
    init(path: String) throws {
        let kubeconfig = try Kubeconfig(FileSystem.read(path, limit: Self.limit), path: Configuration.absolute(path))
        guard let authority = kubeconfig.certificateAuthority, let token = kubeconfig.token else {
            let missing = kubeconfig.token == nil ? "token" : "certificate authority"
            throw Problem(
                "'\(path)' has no \(missing), so no node can join with it",
                hint:
                    "make one with create-join-token.sh of 'init control-plane', or with 'kubeadm kubeconfig user --token'"
            )
        }
        server = kubeconfig.server
        files = [
            TemplateFile(path: Self.authorityPath, content: try Self.content(authority)),
            TemplateFile(path: Self.tokenPath, content: try Self.content(token)),
        ]
    }

    private static func content(_ material: Kubeconfig.Material) throws -> [UInt8] {
        switch material {
        case .file(let path): try FileSystem.read(path, limit: limit)
        case .data(let bytes): bytes
        }
    }
}
