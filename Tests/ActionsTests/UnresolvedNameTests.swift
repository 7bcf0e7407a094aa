import Base
import Glibc
import Testing

@testable import Actions

@Suite(.timeLimit(.minutes(30)))
struct UnresolvedNameTests {
    private func advice(
        _ files: [String: String],
        isOverdue: Bool = false,
        _ name: String = "cp1.example",
    ) -> String? {
        let unresolved = UnresolvedName(name) { (path) throws(SystemError) in
            guard let text = files[path] else { throw SystemError("cannot read", path, code: ENOENT) }
            return Array(text.utf8)
        }
        return unresolved.advice(correcting: "the URL", isOverdue: isOverdue)
    }

    private let hosts = "127.0.0.1 localhost\n10.0.0.1 CP1.example cp1 # first\n"

    @Test(arguments: [
        ("hosts: dns", "has no 'files'; write 'hosts: files dns' there"),
        ("hosts: dns [NOTFOUND=return] files", "'dns [NOTFOUND=return]' ends the search before 'files'"),
        ("hosts:dns [!UNAVAIL=return] files", "'dns [!UNAVAIL=return]' ends the search before 'files'"),
    ])
    func `a name of the file that is not read has both lines`(line: String, words: String) {
        let advice = advice(["/etc/hosts": hosts, "/etc/nsswitch.conf": "passwd: files\n\(line)\n"])
        #expect(advice?.hasPrefix("/etc/hosts:2 has the name, but /etc/hosts is not read: ") == true)
        #expect(advice?.contains("/etc/nsswitch.conf:2") == true)
        #expect(advice?.contains(words) == true)
    }

    @Test(arguments: ["hosts: files dns", "hosts: resolve [!UNAVAIL=return] files", "hosts: sss", "passwd: files"])
    func `a name of a file that is read has no advice`(line: String) {
        #expect(advice(["/etc/hosts": hosts, "/etc/nsswitch.conf": line]) == nil)
    }

    @Test func `a line without an address is named`() {
        let advice = advice(["/etc/hosts": "10.0.0.l cp1.example", "/etc/nsswitch.conf": "hosts: files"])
        #expect(advice == "/etc/hosts:1 has the name for '10.0.0.l', which is no address: correct it")
    }

    @Test func `DNS that is not asked, has no server or does not answer is named`() {
        let files = ["/etc/nsswitch.conf": "hosts: files mdns4_minimal [NOTFOUND=return]", "/etc/resolv.conf": ""]
        #expect(
            advice(files)?.contains("/etc/nsswitch.conf:1 has no 'dns'; write 'hosts: files mdns4_minimal dns'") == true
        )
        #expect(advice(["/etc/resolv.conf": "search x\n"])?.hasPrefix("/etc/resolv.conf names no DNS server: ") == true)
        let servers = ["/etc/resolv.conf": "search x\nnameserver 10.0.0.53\n"]
        #expect(advice(servers) == nil)
        let words = "no usable answer came in time from DNS server 10.0.0.53 (/etc/resolv.conf:2): "
        #expect(advice(servers, isOverdue: true)?.hasPrefix(words) == true)
    }
}
