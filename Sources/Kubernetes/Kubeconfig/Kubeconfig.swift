public import Base
import YAML

/// One context of a kubeconfig: a server, a user and a namespace.
public struct Kubeconfig: Sendable {
    /// A piece of PEM or a token, named by path or written into the file.
    public enum Material: Sendable, Hashable {
        /// In a file of its own; a relative path counts from the kubeconfig's folder.
        case file(String)
        /// In the kubeconfig, already decoded.
        case data([UInt8])
    }

    /// The file's path in messages.
    public var path: String

    /// The server's URL, without a slash at its end.
    public var server: String

    /// The CA that the server's certificate is checked against, `nil` for the system's.
    public var certificateAuthority: Material?

    /// The name to verify instead of the URL's host: `tls-server-name`.
    public var serverName: String?

    /// The user's name in the file.
    public var user: String

    /// The client certificate, if any.
    public var clientCertificate: Material?

    /// The client key, if any.
    public var clientKey: Material?

    /// The bearer token, if any.
    public var token: Material?

    /// The user that every request acts as, if any: `as` and what belongs to it.
    public var impersonation: Impersonation?

    /// The proxy that is connected through, if any: `proxy-url`.
    public var proxy: String?

    /// The namespace of objects without one.
    public var namespace: String

    /// Reads the current context of a kubeconfig.
    ///
    /// - Parameters:
    ///   - bytes: The file's content, YAML or JSON.
    ///   - path: The file's path; relative paths in it count from its folder.
    /// - Throws: All problems of the file at once. Settings that would weaken TLS are refused, and so are credential
    ///   plug-ins, and keys that have no meaning here.
    public init(_ bytes: [UInt8], path: String) throws(Problems) {
        let documents = try readDocuments(bytes, file: path, limits: .taskFile)
        guard let root = documents.compactMap(\.root).first, root.mapping != nil else {
            throw Problems([Problem("is not a kubeconfig: expected a mapping", at: SourceLocation(file: path))])
        }
        var reader = KubeconfigReader(root: root, path: path)
        self = try reader.read()
    }

    /// Creates a context from its parts.
    init(path: String, server: String, user: String, namespace: String) {
        self.path = path
        self.server = server
        self.user = user
        self.namespace = namespace
    }

    /// The name that the server's certificate must have.
    var verifiedName: String {
        serverName ?? (try? WebAddress(server))?.host ?? server
    }

    /// The file that has the private key in it, if there is one: one of its own, or the kubeconfig.
    public var keyPath: String? {
        switch clientKey {
        case .file(let path): path
        case .data: path
        case nil: nil
        }
    }

    /// The API server's host and port, or its URL, for messages.
    public var address: String {
        (try? WebAddress(server))?.endpoint.description ?? server
    }
}
