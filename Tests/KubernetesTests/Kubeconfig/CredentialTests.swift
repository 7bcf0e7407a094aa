import Base
import HTTP
@testable import Kubernetes
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(15)))
struct CredentialTests {
    private let authority: TestAuthority
    private var check: CredentialCheck { CredentialCheck() }

    init() throws {
        authority = try TestAuthority(subject: "/CN=kubernetes-ca")
    }

    private func file(_ path: String) throws -> CredentialFile {
        CredentialFile(name: path, bytes: try Files.read(path))
    }

    /// The printed line of a fault, the directory and instants left out.
    private func line(_ body: () throws(Problem) -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch {
            return error.description
                .replacing("\(authority.directory)/", with: "")
                .replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, with: "TIME")
                .replacing(/\d+ days/, with: "N days")
        }
    }

    /// The printed line of a fault in a client's certificate with its key.
    private func fault(_ certificate: String, _ key: String) throws -> String {
        let (certificate, key) = (try file(certificate), try file(key))
        return line { () throws(Problem) in _ = try check.client(certificate: certificate, key: key) }
    }

    @Test func `credentials that belong together are accepted`() throws {
        let issued = try authority.issue("a")
        let (certificate, ca) = (try file(issued.certificatePath), try file(authority.certificatePath))
        #expect(try check.authority(ca).map(\.subject) == ["CN=kubernetes-ca"])
        let own = try check.client(certificate: certificate, key: try file(issued.keyPath))
        #expect(own.subject == "CN=kube-admin,O=system:masters")
        #expect(line { () throws(Problem) in try check.chain(of: certificate, to: ca) } == "no error")
    }

    @Test func `a CA that was made again is noticed by its key`() throws {
        let other = try TestAuthority(subject: "/CN=kubernetes-ca")
        let own = try authority.issue("a")
        func credentials(
            _ authorities: [TestAuthority],
            _ files: (certificate: String, key: String)
        ) throws -> Credentials {
            let content = try authorities.flatMap { try Files.read($0.certificatePath) }
            var kubeconfig = try Kubeconfig(
                Array(
                    """
                    apiVersion: v1
                    clusters: [{name: c, cluster: {server: "https://127.0.0.1:1", certificate-authority: /ca}}]
                    users: [{name: u, user: {client-certificate: \(files.certificate), client-key: \(files.key)}}]
                    contexts: [{name: x, context: {cluster: c, user: u}}]
                    current-context: x
                    """.utf8
                ),
                path: "/k"
            )
            kubeconfig.certificateAuthority = .data(content)
            return try Credentials(kubeconfig) { try Files.read($0) }
        }
        let files = (own.certificatePath, own.keyPath)
        #expect(try credentials([authority], files).doubt == nil)
        #expect(try credentials([other], files).doubt?.message.hasSuffix("but another key") == true)
        let both = try credentials([other, authority], files)
        #expect(both.doubt == nil)
    }

    @Test func `a certificate that is not valid now is reported with its subject, its instant and the clock`() throws {
        let old = try authority.issue("old", validity: .past)
        let subject = "'CN=kube-admin,O=system:masters'"
        #expect(
            try fault(old.certificatePath, old.keyPath).hasPrefix(
                "client certificate 'old.crt' (\(subject)) expired N days ago (at TIME; the node's clock says TIME); "
            )
        )
        let new = try authority.issue("new", validity: .future)
        let (certificate, key) = (try file(new.certificatePath), try file(new.keyPath))
        let error = #expect(throws: Problem.self) { try check.client(certificate: certificate, key: key) }
        #expect(error?.cause is NotYetValid)
        #expect(
            try fault(new.certificatePath, new.keyPath).hasPrefix(
                "client certificate 'new.crt' (\(subject)) is not valid before TIME (the node's clock says TIME); "
            )
        )
    }

    @Test(arguments: [
        (["serverAuth", "emailProtection"], "server auth and others"), (["clientAuth", "serverAuth"], nil),
        (["anyExtendedKeyUsage"], nil),
    ])
    func `a certificate that is not for clients is refused`(usages: [String], shown: String?) throws {
        let issued = try authority.issue("a", usages: usages)
        let words = shown.map { "is not valid for client authentication: its extended key usage is for \($0); " }
        #expect(try fault(issued.certificatePath, issued.keyPath).contains(words ?? "no error"))
    }

    @Test func `an unknown critical extension is named`() throws {
        let key = ["-nodes", "-keyout", "k.key", "-out", "k.crt", "-subj", "/CN=k"]
        try authority.openssl(
            ["req", "-x509", "-newkey", "rsa:2048"] + key + ["-addext", "1.2.3.4=critical,ASN1:NULL"]
        )
        let certificate = try file(authority.path("k.crt"))
        #expect(
            line { () throws(Problem) in try check.chain(of: certificate, to: certificate) }
                == "certificate 'k.crt' ('CN=k') is refused: unhandled critical extension ('k.crt' is CA 'CN=k')"
        )
    }

    @Test func `a key of another certificate is reported with both files`() throws {
        let (own, other) = (try authority.issue("a"), try authority.issue("b"))
        #expect(
            try fault(own.certificatePath, other.keyPath).hasPrefix(
                "key 'b.key' does not belong to certificate 'a.crt' ('CN=kube-admin,O=system:masters'), the first of its file; "
            )
        )
    }

    @Test func `files with other contents are distinguished`() throws {
        let issued = try authority.issue("a")
        let certificate = try file(issued.certificatePath)
        let empty = CredentialFile(name: "empty", bytes: [])
        #expect(
            line { () throws(Problem) in _ = try check.authority(certificate) }
                .hasPrefix("'a.crt' is not a CA: its certificate 'CN=kube-admin,O=system:masters' may not issue")
        )
        #expect(
            line { () throws(Problem) in _ = try check.authority(empty) }.hasPrefix("certificate 'empty' is empty; ")
        )
        #expect(try fault(issued.keyPath, issued.keyPath).hasPrefix("certificate 'a.key' is a private key; "))
        #expect(
            try fault(issued.certificatePath, issued.certificatePath).hasPrefix("key 'a.crt' is a certificate; ")
        )
    }

    @Test func `a certificate of another CA is reported with both`() throws {
        let other = try TestAuthority(subject: "/CN=other-ca")
        let certificate = try file(try authority.issue("a").certificatePath)
        let ca = CredentialFile(name: "other.crt", bytes: try file(other.certificatePath).bytes)
        #expect(
            line { () throws(Problem) in try check.chain(of: certificate, to: ca) }.hasPrefix(
                "certificate 'a.crt' ('CN=kube-admin,O=system:masters') is issued by 'CN=kubernetes-ca', "
                    + "which is not trusted ('other.crt' is CA 'CN=other-ca'); "
            )
        )
    }

    @Test func `certificates between a client's and its CA must be valid now`() throws {
        let ca = try file(authority.certificatePath)
        func chain(_ validity: TestAuthority.Validity = .now) throws -> String {
            let between = try authority.issue("between", subject: "/CN=between", validity: validity, isAuthority: true)
            let own = try authority.issue("own", issuer: "between")
            let bytes = try file(own.certificatePath).bytes + file(between.certificatePath).bytes
            let both = CredentialFile(name: "both", bytes: bytes)
            return line { () throws(Problem) in try check.chain(of: both, to: ca) }
        }
        #expect(try chain() == "no error")
        #expect(try chain(.past).contains("depends on 'CN=between', which expired at TIME"))
        #expect(try chain(.future).contains("depends on 'CN=between', which is not valid before TIME"))
    }

    @Test func `a file of several CAs needs one that is valid`() throws {
        let old = try authority.issue("old", subject: "/CN=old-ca", validity: .past, isAuthority: true)
        let (expired, current) = (try file(old.certificatePath), try file(authority.certificatePath))
        let both = CredentialFile(name: "both", bytes: expired.bytes + current.bytes)
        #expect(try check.authority(both).map(\.subject) == ["CN=kubernetes-ca"])
        #expect(
            line { () throws(Problem) in _ = try check.authority(expired) }.hasPrefix(
                "CA 'old.crt' ('CN=old-ca') expired N days ago (at TIME"
            )
        )
    }

    private func kubeconfig(_ user: String, cluster: String = "certificate-authority: ca.crt") throws -> Kubeconfig {
        let text = """
            {current-context: x, contexts: [{name: x, context: {cluster: c, user: me}}],
             clusters: [{name: c, cluster: {server: 'https://h', \(cluster)}}], users: [{name: me, user: {\(user)}}]}
            """
        return try Kubeconfig(Array(text.utf8), path: "\(authority.directory)/k")
    }

    private func load(_ kubeconfig: Kubeconfig) throws(Problem) -> Credentials {
        try Credentials(kubeconfig) { try Files.read($0) }
    }

    @Test(arguments: [
        ("client-certificate: a.crt, client-key: a.key", "user 'me', certificate 'CN=kube-admin,O=system:masters'"),
        ("tokenFile: token", "user 'me', token file 'token'"),
        ("token: secret", "user 'me', token of the kubeconfig"),
        ("", "user 'me'"),
    ])
    func `credentials know who we are, without secrets`(user: String, whoami: String) throws {
        _ = try authority.issue("a")
        let credentials = try load(try kubeconfig(user))
        #expect(credentials.whoami.replacing("\(authority.directory)/", with: "") == "kubeconfig 'k', \(whoami)")
        #expect(
            credentials.authority.replacing("\(authority.directory)/", with: "")
                == "CA file 'ca.crt' ('CN=kubernetes-ca')"
        )
    }

    @Test(arguments: [
        (
            "client-certificate: none.crt, client-key: a.key",
            "k:2:134: client-certificate of kubeconfig 'k': cannot read 'none.crt': No such file or directory; "
        ),
        (
            "client-certificate: a.crt",
            "k:2:134: user 'me' of kubeconfig 'k' has no client-key; "
        ),
        (
            "client-key: a.key",
            "k:2:126: user 'me' of kubeconfig 'k' has no client-certificate; "
        ),
    ])
    func `what a kubeconfig names must be there`(user: String, message: String) throws {
        _ = try authority.issue("a")
        let kubeconfig = try kubeconfig(user)
        #expect(line { () throws(Problem) in _ = try load(kubeconfig) }.hasPrefix(message))
    }

    @Test func `without a CA the system's are named`() throws {
        let credentials = try load(try kubeconfig("token: t", cluster: "tls-server-name: kubernetes"))
        #expect(credentials.authority == "the system's CAs")
        #expect(credentials.connectionIdentity.serverName == "kubernetes")
        #expect(credentials.connectionIdentity.certificateAuthority == nil)
    }
}

@Suite(.timeLimit(.minutes(15)))
struct TokenTests {
    private let now = Timestamp(seconds: 1_800_000_000)

    /// Returns a JSON Web Token with claims, which nobody has signed.
    private func token(_ claims: String) -> [UInt8] {
        let payload = Base64.encode(Array(claims.utf8)).replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
        return Array("e30.\(payload).c2ln\n".utf8)
    }

    private func fault(_ claims: String) -> String? {
        do throws(Problem) {
            try TokenClaims(token(claims))?.requireValid(named: "token 't'", at: now)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func `a token that is not valid now is refused, with its instant`() {
        #expect(
            fault(#"{"exp": 1799999000}"#)?
                .hasPrefix("token 't' expired 16 minutes ago (at 2027-01-15T07:43:20Z; the node's clock says ") == true
        )
    }

    @Test(arguments: [
        #"{"exp": 1800000001, "nbf": 1799999999}"#, #"{"exp": -1}"#, #"{"exp": 1e99}"#, #"{"exp": "1"}"#, "{}", "[]",
        "x",
        "",
    ])
    func `a token that is valid, or whose claims have another form, is used`(claims: String) {
        #expect(fault(claims) == nil)
    }

    @Test func `a text that is no JSON Web Token has no claims`() {
        for text in ["abc", "a.b", "a.b.c.d", "a b.c.d", "..", "a.\u{e9}.c", "e30.@@@.c"] {
            #expect(TokenClaims(Array(text.utf8)) == nil, "\(text)")
        }
    }
}

/// Certificates that are valid and end soon.
@Suite(.timeLimit(.minutes(15)))
struct CredentialWarningTests {
    private let authority: TestAuthority

    init() throws {
        authority = try TestAuthority(subject: "/CN=kubernetes-ca")
    }

    private func warnings(
        of path: String,
        isAuthority: Bool = false,
        inDays days: Int64 = 0,
        warnBefore: Duration? = nil,
    ) throws -> [String] {
        var now = Timestamp.now()
        // Half an hour more, so that a second makes no difference.
        now.seconds += days * 86400 + 1800
        let file = CredentialFile(name: path, bytes: try Files.read(path))
        return CredentialCheck(now: now, warnBefore: warnBefore).warnings(of: file, isAuthority: isAuthority).map {
            "\($0.problem)".replacing("\(authority.directory)/", with: "")
                .replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, with: "TIME")
        }
    }

    @Test func `a client certificate is warned of in the last tenth of its validity, and not after`() throws {
        let path = try authority.issue("a", validity: .days(40)).certificatePath
        #expect(try warnings(of: path) == [])
        #expect(try warnings(of: path, inDays: 35) == [])
        let words = "client certificate 'a.crt' ('CN=kube-admin,O=system:masters') expires in 2 days (at TIME); "
        #expect(try warnings(of: path, inDays: 37).map { $0.hasPrefix(words) } == [true])
        #expect(try warnings(of: path, inDays: 39).first?.contains("expires in 23 hours") == true)
        #expect(try warnings(of: path, inDays: 41) == [])
    }

    @Test(arguments: [(30, 3), (3650, 30)])
    func `the time of the warnings is a tenth of the validity, and 30 days at most`(
        validity: Int,
        last: Int
    ) throws {
        let path = try authority.issue("a", validity: .days(validity)).certificatePath
        #expect(try warnings(of: path, inDays: Int64(validity - last - 1)) == [])
        #expect(try warnings(of: path, inDays: Int64(validity - last)).count == 1)
    }

    @Test func `a limit that is set replaces the tenth`() throws {
        let path = try authority.issue("a", validity: .days(40)).certificatePath
        let limit = Duration.seconds(10 * 86_400)
        #expect(try warnings(of: path, inDays: 29, warnBefore: limit) == [])
        #expect(try warnings(of: path, inDays: 30, warnBefore: limit).count == 1)
    }

    @Test func `a CA is warned of unless its successor is in the same file`() throws {
        let old = try authority.issue("old", subject: "/CN=my-ca", validity: .yearEndingInDays(2), isAuthority: true)
        let new = try authority.issue("new", subject: "/CN=my-ca", isAuthority: true)
        let words = "CA 'old.crt' ('CN=my-ca') expires in 2 days (at TIME); "
        #expect(try warnings(of: old.certificatePath, isAuthority: true).map { $0.hasPrefix(words) } == [true])
        let both = try Files.read(old.certificatePath) + Files.read(new.certificatePath)
        let path = try authority.write(String(decoding: both, as: UTF8.self), to: "both.crt")
        #expect(try warnings(of: path, isAuthority: true) == [])
    }

    @Test func `what is no certificate is not warned of`() throws {
        let key = try authority.issue("b").keyPath
        #expect(try warnings(of: key) == [])
    }
}
