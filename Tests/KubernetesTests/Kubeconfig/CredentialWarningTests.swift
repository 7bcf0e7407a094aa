import Base
import TLS
import TestSupport
import Testing

@testable import Kubernetes

/// Certificates that are valid and end soon.
@Suite(.timeLimit(.minutes(5)))
struct CredentialWarningTests {
    private let authority: TestAuthority

    init() throws {
        authority = try TestAuthority(subject: "/CN=kubernetes-ca")
    }

    private func warnings(
        of path: String,
        as role: CredentialCheck.CertificateRole,
        inDays days: Int64 = 0,
        warnBefore: Duration? = nil,
    ) throws -> [String] {
        var now = Timestamp.now()
        // Half an hour more, so that a second makes no difference.
        now.seconds += days * 86400 + 1800
        let file = CredentialFile(name: path, bytes: try Files.read(path))
        return CredentialCheck(now: now, warnBefore: warnBefore).warnings(of: file, as: role).map {
            "\($0.problem)".replacing("\(authority.directory)/", with: "")
                .replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, with: "TIME")
        }
    }

    @Test func `a client certificate is warned of in the last tenth of its validity, and not after`() throws {
        let path = try authority.issue("a", validity: .days(40)).certificatePath
        #expect(try warnings(of: path, as: .client) == [])
        #expect(try warnings(of: path, as: .client, inDays: 35) == [])
        #expect(
            try warnings(of: path, as: .client, inDays: 37) == [
                "client certificate 'a.crt' ('CN=kube-admin,O=system:masters') expires in 2 days (at TIME); renew it: "
                    + "have CA 'CN=kubernetes-ca' issue a certificate for the same subject, and replace the file"
            ]
        )
        #expect(try warnings(of: path, as: .client, inDays: 39).first?.contains("expires in 23 hours") == true)
        #expect(try warnings(of: path, as: .client, inDays: 41) == [])
    }

    @Test(arguments: [(30, 3), (365, 30), (3650, 30)])
    func `the time of the warnings is a tenth of the validity, and 30 days at most`(
        validity: Int,
        last: Int
    ) throws {
        let path = try authority.issue("a", validity: .days(validity)).certificatePath
        #expect(try warnings(of: path, as: .client, inDays: Int64(validity - last - 1)) == [])
        #expect(try warnings(of: path, as: .client, inDays: Int64(validity - last)).count == 1)
    }

    @Test func `a limit that is set replaces the tenth`() throws {
        let path = try authority.issue("a", validity: .days(40)).certificatePath
        let limit = Duration.seconds(10 * 86_400)
        #expect(try warnings(of: path, as: .client, inDays: 29, warnBefore: limit) == [])
        #expect(try warnings(of: path, as: .client, inDays: 30, warnBefore: limit).count == 1)
    }

    @Test func `a CA is warned of unless its successor is in the same file`() throws {
        let old = try authority.issue("old", subject: "/CN=my-ca", validity: .yearEndingInDays(2), isAuthority: true)
        let new = try authority.issue("new", subject: "/CN=my-ca", isAuthority: true)
        #expect(
            try warnings(of: old.certificatePath, as: .authority) == [
                "CA 'old.crt' ('CN=my-ca') expires in 2 days (at TIME); renew it: issue a CA certificate with the same "
                    + "subject and key, and replace the file where it is used"
            ]
        )
        let both = try Files.read(old.certificatePath) + Files.read(new.certificatePath)
        let path = try authority.write(String(decoding: both, as: UTF8.self), to: "both.crt")
        #expect(try warnings(of: path, as: .authority) == [])
    }

    @Test func `what is no certificate is not warned of`() throws {
        let key = try authority.issue("b").keyPath
        #expect(try warnings(of: key, as: .client) == [])
    }
}
