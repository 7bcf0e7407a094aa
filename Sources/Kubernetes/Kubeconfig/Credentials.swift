public import Base
public import HTTP

/// The loaded and checked credentials of a kubeconfig.
public struct Credentials: Sendable {
    public var connectionIdentity = ConnectionIdentity()

    /// The description of the user for messages: the kubeconfig, the user name, and any certificate and token.
    public var whoami: String

    /// The common name in the client certificate, `nil` if there is no certificate or no common name.
    public private(set) var commonName: String?

    /// The hint if the server refuses the user for an unknown reason.
    private var commonAdvice: String

    /// The hint if the server refuses the user.
    var advice: String { doubt?.hint ?? commonAdvice }

    /// The reason why the server will probably not accept the user, if one can be seen in the files of the kubeconfig.
    public private(set) var doubt: Problem?

    /// The description of the trusted CAs for messages: a file with its subjects, or the system's CAs.
    public var authority: String

    /// The trusted CA certificates that are valid now; if empty, the system's CAs are trusted.
    private(set) var authorities: [Certificate] = []

    /// Loads and checks the files of a kubeconfig.
    ///
    /// - Throws: ``Base/Problem`` if the credentials cannot be used now. Its cause is ``NotYetValid`` if a certificate
    ///   is not valid yet. An unreadable token file is not an error.
    public init(
        _ kubeconfig: Kubeconfig,
        now: Timestamp = .now(),
        read: (String) throws -> [UInt8],
    ) throws(Problem) {
        let check = CredentialCheck(now: now)
        authority = "the system's CAs"
        if let file = try Self.load(kubeconfig.certificateAuthority, "certificate-authority", of: kubeconfig, read) {
            authorities = try check.authority(file)
            let subjects = authorities.map { "'\($0.subject)'" }.joined(separator: ", ")
            authority = "CA file '\(file.name)' (\(subjects))"
            connectionIdentity.certificateAuthority = file.bytes
        }
        whoami = "kubeconfig '\(kubeconfig.path)', user '\(kubeconfig.user)'"
        commonAdvice = "give this user a 'client-certificate' and 'client-key', or a 'tokenFile'"
        let certificate = try Self.load(kubeconfig.clientCertificate, "client-certificate", of: kubeconfig, read)
        let key = try Self.load(kubeconfig.clientKey, "client-key", of: kubeconfig, read)
        switch (certificate, key) {
        case (let certificate?, let key?):
            let own = try check.client(
                certificate: certificate,
                key: key,
                isWithToken: kubeconfig.token != nil,
            )
            commonName = own.commonName
            whoami += ", certificate '\(own.subject)'"
            commonAdvice =
                "check that CA '\(own.issuer)', which issued the certificate, is in the server's '--client-ca-file'"
            if own.isIssuedByNamesake(of: authorities, intermediates: try CredentialCheck.certificates(in: certificate))
            {
                doubt = Problem(
                    "\(authority) has the name of the certificate's issuer, but another key",
                    hint: "the CA was probably made again: have the API server's CA issue the certificate again, or "
                        + "name the CA that issued it",
                )
            }
            connectionIdentity.clientCertificate = certificate.bytes
            connectionIdentity.clientKey = key.bytes
        case (nil, nil):
            break
        case (_, nil), (nil, _):
            let missing = key == nil ? "client-key" : "client-certificate"
            throw Problem(
                "user '\(kubeconfig.user)' of kubeconfig '\(kubeconfig.path)' has no \(missing)",
                at: kubeconfig.locations[key == nil ? "client-certificate" : "client-key"]
                    ?? kubeconfig.locations[key == nil ? "client-certificate-data" : "client-key-data"],
                hint: "a client certificate and its key belong together: write '\(missing): PATH'",
            )
        }
        connectionIdentity.serverName = kubeconfig.serverName
        connectionIdentity.proxy = kubeconfig.proxy
        if let token = kubeconfig.token { try add(token, of: kubeconfig, now, read) }
    }

    /// Adds a token, which the server uses if it does not accept the certificate.
    private mutating func add(
        _ token: Kubeconfig.Material,
        of kubeconfig: Kubeconfig,
        _ now: Timestamp,
        _ read: (String) throws -> [UInt8],
    ) throws(Problem) {
        let name: String
        let claims: TokenClaims?
        switch token {
        case .file(let path):
            connectionIdentity.token = .file(path)
            whoami += ", token file '\(path)'"
            name = "token in '\(path)'"
            // A missing file may be written later, and is reported by each request until then.
            claims = (try? read(path)).flatMap(TokenClaims.init)
        case .data(let bytes):
            connectionIdentity.token = .value(String(decoding: bytes, as: UTF8.self))
            whoami += ", token of the kubeconfig"
            name = "token of kubeconfig '\(kubeconfig.path)'"
            claims = TokenClaims(bytes)
        }
        let setting = if case .file = token { "tokenFile" } else { "token" }
        try claims?.requireValid(named: name, at: now, writtenAt: kubeconfig.locations[setting])
        doubt = nil
        commonAdvice = "check that the token belongs to this cluster and has not expired"
    }

    private static func load(
        _ material: Kubeconfig.Material?,
        _ setting: String,
        of kubeconfig: Kubeconfig,
        _ read: (String) throws -> [UInt8],
    ) throws(Problem) -> CredentialFile? {
        switch material {
        case nil: return nil
        case .data(let bytes):
            return CredentialFile(
                name: "\(setting)-data of \(kubeconfig.path)",
                bytes: bytes,
                isValue: true,
                at: kubeconfig.locations["\(setting)-data"],
            )
        case .file(let path):
            do {
                let location = kubeconfig.locations[setting]
                return CredentialFile(name: path, bytes: try read(path), at: location)
            } catch {
                let isDirectory = (error as? SystemError)?.isDirectory == true
                let hint = isDirectory ? "name one file in it" : "put the file there, or correct '\(setting)'"
                throw Problem(
                    "\(setting) of kubeconfig '\(kubeconfig.path)': \(error)",
                    at: kubeconfig.locations[setting],
                    hint: (error as? SystemError)?.advice ?? hint,
                )
            }
        }
    }
}
