public import Base
import HTTP

/// One context of a kubeconfig: a server, a user and a namespace.
public struct Kubeconfig: Sendable {
    /// PEM data or a token.
    public enum Material: Sendable, Hashable {
        /// A path, resolved against the kubeconfig's directory.
        case file(String)
        /// Data in the kubeconfig itself: the decoded value of a field `…-data`, or the token.
        case data([UInt8])
    }

    public var path: String

    /// The server's URL without a trailing slash.
    public var server: String

    /// The task that writes the kubeconfig, `nil` if no task of the plan does.
    public var writer: String?

    /// The CA that the server's certificate is verified against, `nil` for the system's CAs.
    public var certificateAuthority: Material?

    /// The `tls-server-name`, for which the server's certificate must be valid instead of the URL's host.
    public var serverName: String?

    /// The user's name in the file.
    public var user: String
    public var clientCertificate: Material?
    public var clientKey: Material?

    public var token: Material?

    /// The URL of the proxy.
    public var proxy: String?

    /// The namespace for objects that specify none.
    public var namespace: String

    /// The locations of the settings of the context's cluster and user, by key.
    var locations: [String: SourceLocation] = [:]

    /// The paths of the files to which the kubeconfig refers.
    public var paths: [String] {
        [certificateAuthority, clientCertificate, clientKey, token].compactMap { material in
            if case .file(let path) = material { path } else { nil }
        }
    }

    /// The name for which the server's certificate must be valid.
    var verifiedName: String {
        serverName ?? (try? WebAddress(server))?.host ?? server
    }

    /// The file that contains the private key, which may be the kubeconfig itself.
    public var keyPath: String? {
        switch clientKey {
        case .file(let path): path
        case .data: path
        case nil: nil
        }
    }

    /// The API server's host and port for messages, or the URL if it cannot be parsed.
    public var address: String {
        (try? WebAddress(server))?.endpoint.description ?? server
    }
}

extension Kubeconfig {
    /// Reads the current context of a kubeconfig in YAML or JSON.
    ///
    /// Relative paths in the file are resolved against its directory.
    ///
    /// - Throws: The problems of the file. Passwords, credential plugins, impersonation and weakened TLS are refused.
    public init(_ bytes: [UInt8], path: String) throws(Problems) {
        if let format = ContentFormat.recognised(bytes, path: path) {
            throw Problems([format.problem(path: path, expected: "a kubeconfig")])
        }
        let documents = try readDocuments(bytes, file: path, limits: .taskFile)
        guard let root = documents.compactMap(\.root).first, root.mapping != nil else {
            throw Problems([
                Problem("is not a kubeconfig: expected a mapping", at: SourceLocation(file: path))
            ])
        }
        var reader = KubeconfigReader(root: root, path: path)
        self = try reader.read()
    }

    /// The CA, the client certificate and its key in a new kubeconfig, as paths or as data.
    public enum WrittenCredentials: Sendable {
        /// Paths of the three files.
        case paths(certificateAuthority: String, certificate: String, key: String)
        /// PEM data.
        case inline(certificateAuthority: [UInt8], certificate: [UInt8], key: [UInt8])

        fileprivate var lines: (authority: String, client: [String]) {
            switch self {
            case .paths(let authority, let certificate, let key):
                (
                    "certificate-authority: \(quoted(authority))",
                    ["client-certificate: \(quoted(certificate))", "client-key: \(quoted(key))"]
                )
            case .inline(let authority, let certificate, let key):
                (
                    "certificate-authority-data: \(Base64.encode(authority))",
                    [
                        "client-certificate-data: \(Base64.encode(certificate))",
                        "client-key-data: \(Base64.encode(key))",
                    ]
                )
            }
        }
    }

    /// Returns the text of a new kubeconfig, which is the same for equal arguments.
    public static func text(
        cluster: String,
        server: String,
        user: String,
        context: String,
        namespace: String?,
        credentials: WrittenCredentials,
    ) -> String {
        let (authority, client) = credentials.lines
        let namespaceLine = namespace.map { "\n    namespace: \(quoted($0))" } ?? ""
        return """
            apiVersion: v1
            kind: Config
            current-context: \(quoted(context))
            clusters:
            - name: \(quoted(cluster))
              cluster:
                server: \(quoted(server))
                \(authority)
            users:
            - name: \(quoted(user))
              user:
                \(client[0])
                \(client[1])
            contexts:
            - name: \(quoted(context))
              context:
                cluster: \(quoted(cluster))
                user: \(quoted(user))\(namespaceLine)

            """
    }
}

/// Returns a text as a JSON string, which is always a valid YAML string too.
private func quoted(_ text: String) -> String { String(decoding: Node.string(text).json(), as: UTF8.self) }

extension Kubeconfig {
    /// The description of the setting that contains the server's URL, for messages.
    var serverSetting: String {
        writer.map { "'cluster.servers', from which task '\($0)' writes kubeconfig '\(path)'" }
            ?? "the server in kubeconfig '\(place(of: "server"))'"
    }

    /// Returns the location of a setting, or the path if the kubeconfig does not have the setting.
    func place(of key: String) -> String { locations[key]?.description ?? path }
}
