import Planning
import Testing

/// Two spellings of an accent in paths, which are two files of the node.
@Suite(.timeLimit(.minutes(5))) struct PathSpellingTests {
    private static let spellings = ["\u{e9}", "e\u{301}"]

    @Test func `both of two secret files are hidden`() throws {
        let tasks = Self.spellings.enumerated().map { index, name in
            "  k\(index): {kubeconfig: {path: /srv/\(name).conf, user: u, certificate: /c, key: /k, certificateAuthority: /ca,"
                + " server: \"https://x\"}}\n"
        }
        let files = try UnitsTests.files("tasks:\n\(tasks.joined())  other: {exec: {command: ls}}\n")
        let lines = (files["k8s-bootstrap-other.service.d/50-privileges.conf"] ?? "").split(separator: "\n")
        for name in Self.spellings {
            let hidden = lines.filter {
                $0.hasPrefix("InaccessiblePaths=")
                    && String($0).utf8.split(separator: UInt8(ascii: "/")).last.map(Array.init)
                        == Array("\(name).conf\"".utf8)
            }
            #expect(hidden.count == 1, "\(lines)")
        }
    }

    @Test func `a task may write below a directory whose other spelling is removed`() {
        let text = """
            tasks:
              a: {file: {path: /opt/\(Self.spellings[0])/x, content: x}}
              b: {remove: {paths: [/opt/\(Self.spellings[1])], recursive: true}}
            """
        #expect(problems(text) == "")
    }

    @Test(arguments: ["file: {path: /k/PATH, source: /k/OTHER}", "decrypt: {path: /k/PATH, source: /k/OTHER}"])
    func `a task may read the file whose other spelling it writes`(task: String) {
        let spelt = task.replacing("PATH", with: Self.spellings[0]).replacing("OTHER", with: Self.spellings[1])
        #expect(problems("tasks:\n  a: {\(spelt)}\n") == "")
        #expect(problems("tasks:\n  a: {\(spelt.replacing(Self.spellings[1], with: Self.spellings[0]))}\n") != "")
    }
}
