import Base
import Testing

@Suite(.timeLimit(.minutes(30)))
struct SymbolicModeTests {
    @Test(arguments: [
        ("rw-r--r--", "0644"), ("rw-------", "0600"), ("-rwxr-x---", "0750"), ("---------", "0000"),
        ("-----x--x", "0011"),
        ("u=rw", "0600"), ("u=rwx,g=rx,o=", "0750"), ("a=r", "0444"), ("=r,u=rw", "0644"), ("ug=rw,o=r", "0664"),
        ("u=rw,u=r", "0400"),
    ])
    func `permissions in letters have octal digits`(text: String, digits: String) {
        #expect(octalMode(ofSymbolic: text) == digits)
    }

    @Test(arguments: [
        "", "0644", "go-rwx", "u+x", "rwx", "wr-r--r--", "rw-r--r--+", "brw-r--r--", "u=s", "x=r", "u=rw,", "u==r",
    ])
    func `other texts have none`(text: String) {
        #expect(octalMode(ofSymbolic: text) == nil)
    }
}
