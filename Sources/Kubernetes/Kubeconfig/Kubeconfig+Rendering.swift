import Base
import YAML

extension Kubeconfig {
    /// What a new kubeconfig is made from.
    public struct Template: Sendable {
        /// The cluster's name.
        public var cluster: String
        /// The server's URL.
        public var server: String
        /// The user's name.
        public var user: String
        /// The context's name.
        public var context: String
        /// The context's namespace, if any.
        public var namespace: String?
        /// The CA, the client certificate and its key.
        public var credentials: Credentials

        /// Where the three pieces of PEM are.
        public enum Credentials: Sendable {
            /// Named by path.
            case paths(certificateAuthority: String, certificate: String, key: String)
            /// Written into the file.
            case inline(certificateAuthority: [UInt8], certificate: [UInt8], key: [UInt8])
        }

        public init(
            cluster: String,
            server: String,
            user: String,
            context: String,
            namespace: String?,
            credentials: Credentials,
        ) {
            self.cluster = cluster
            self.server = server
            self.user = user
            self.context = context
            self.namespace = namespace
            self.credentials = credentials
        }

        /// The kubeconfig's text, the same for the same template.
        public var text: String {
            let (authority, client) = credentialLines
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

        private var credentialLines: (authority: String, client: [String]) {
            switch credentials {
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

        /// A JSON string, which is a YAML string too whatever it holds.
        private func quoted(_ text: String) -> String {
            String(decoding: Node(.string(text), location: SourceLocation(file: "")).json(), as: UTF8.self)
        }
    }
}
