public import Base
public import HTTP
public import Kubernetes

/// A connection to an API server outside a run, which waits neither for the server nor for valid credentials.
public struct ClusterConnection: Sendable {
    /// The API server.
    public let client: APIClient

    /// The common name in the client certificate, if there is one.
    public let commonName: String?

    /// Connects to the server of a kubeconfig.
    ///
    /// - Parameters:
    ///   - path: The path of the kubeconfig.
    ///   - files: The files of the node.
    ///   - http: The client that sends requests.
    /// - Throws: ``Base/Problem`` if the kubeconfig or its credentials cannot be used.
    public init(kubeconfig path: String, _ files: NodeFiles, _ http: HTTPClient) throws(Problem) {
        let bytes: [UInt8]
        do {
            bytes = try files.read(path, limit: SizeLimit.configuration)
        } catch {
            throw Problem("kubeconfig '\(path)' cannot be used", cause: error)
        }
        let kubeconfig = try files.kubeconfig(bytes, path)
        let credentials = try files.credentials(of: kubeconfig)
        client = APIClient(http, kubeconfig: kubeconfig, credentials: credentials)
        commonName = credentials.commonName
    }
}

extension NodeFiles {
    /// Parses a kubeconfig, and refuses a key that other users may read and a token that they may change.
    func kubeconfig(_ bytes: [UInt8], _ path: String) throws(Problem) -> Kubeconfig {
        do {
            let kubeconfig = try Kubeconfig(bytes, path: path)
            if let key = kubeconfig.keyPath, !isForeign(kubeconfig.clientKey) { try requirePrivate(key) }
            if case .file(let token) = kubeconfig.token { try requireTrusted(token, isData: true) }
            return kubeconfig
        } catch {
            throw Problem("kubeconfig '\(path)' cannot be used", cause: error)
        }
    }

    /// Returns whether the file of a key has another content, which is reported when the credentials are loaded.
    ///
    /// Such a file, for example a certificate, may be readable by everyone.
    private func isForeign(_ key: Kubeconfig.Material?) -> Bool {
        guard case .file(let path) = key, let bytes = try? read(path, limit: SizeLimit.configuration) else {
            return false
        }
        return ContentFormat.recognised(bytes, path: path).map { $0.kind != .privateKey } ?? false
    }

    /// Loads the credentials of a kubeconfig.
    func credentials(of kubeconfig: Kubeconfig) throws(Problem) -> Credentials {
        var credentials: Credentials
        do throws(SystemError) {
            for path in kubeconfig.files { try requireKnown(path) }
        } catch {
            throw Problem("kubeconfig '\(kubeconfig.path)' cannot be used", cause: error)
        }
        do throws(Problem) {
            credentials = try Credentials(kubeconfig) { path in try read(path, limit: SizeLimit.configuration) }
        } catch {
            // The files of a kubeconfig may be right later, even if the place of the problem is known.
            var problem = error
            problem.mayPass = true
            throw problem
        }
        // The token file is read again for each request, so the transport needs its location.
        if case .file(let token) = credentials.connectionIdentity.token {
            credentials.connectionIdentity.token = .file((try? location(ofRead: token)) ?? token)
        }
        return credentials
    }
}
