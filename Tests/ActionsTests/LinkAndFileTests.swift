import Base
import Host
import TestSupport
import Testing

@testable import Actions

/// Verbs `symlink` and `file`.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct LinkAndFileTests {
    private static let link = "tasks: {link: {symlink: {path: /bin/calico-ipam, target: ../calico}}}\n"
    private static let force = link.replacing("../calico", with: "../calico, replace: true")

    @Test func `a link that is right already stays`() async throws {
        try await withBench(Self.link) { bench in
            #expect(try await bench.perform("link") == "changed")
            #expect(try await bench.perform("link") == "unchanged")
            try FileSystem.makeSymbolicLink(at: "\(bench.directory)/root/bin/calico-ipam", to: "/x", replacing: true)
            #expect(try await bench.perform("link") == "changed")
            let kinds = ["created", "unchanged", "changed"]
            #expect(bench.lines == kinds.map { "/bin/calico-ipam \($0)" })
            #expect(try FileSystem.status("\(bench.directory)/root/bin/calico-ipam")?.target == "../calico")
        }
    }

    @Test(arguments: [false, true])
    func `a file in the way of a link is replaced only if the task says so, a directory never`(
        isDryRun: Bool
    )
        async throws
    {
        try await withBench(Self.link, isDryRun: isDryRun) { bench async throws in
            try bench.write("x", to: "root/bin/calico-ipam")
            let words = try await bench.perform("link")
            #expect(words.hasPrefix("cannot create link '/bin/calico-ipam': a regular file is in the way;"), "\(words)")
            #expect(words.contains("'replace: true'"))
        }
        try await withBench(Self.force, isDryRun: isDryRun) { bench async throws in
            let path = "\(bench.directory)/root/bin/calico-ipam"
            #expect(try await bench.perform("link") == "changed")
            #expect(try FileSystem.status(path)?.kind == (isDryRun ? .regular : .symbolicLink))
            try FileSystem.remove(path)
            try FileSystem.makeDirectories("\(path)/full")
            let words = try await bench.perform("link")
            #expect(words.hasPrefix("cannot create link '/bin/calico-ipam': a directory is in the way;"), "\(words)")
            #expect(try FileSystem.list(path) == ["full"])
        }
    }

    @Test func `a link whose directory cannot be made is reported`() async throws {
        try await withBench(Self.link) { bench in
            try bench.write("", to: "root/bin")
            let words = try await bench.perform("link")
            #expect(words.contains("cannot create directory 'DIR/root/bin': is a regular file;"), "\(words)")
        }
    }

    @Test func `a file is copied from where another task wrote its source`() async throws {
        let tasks = """
            tasks:
              first: {file: {path: /etc/source, content: text, mode: "0600"}}
              second: {after: [first], file: {path: /etc/copy, source: /etc/source}}
            """
        for isDryRun in [true, false] {
            try await withBench(tasks, isDryRun: isDryRun) { bench async throws in
                #expect(try await bench.perform("first") == "changed")
                #expect(try await bench.perform("second") == "changed")
                #expect(try bench.read("root/etc/copy") == (isDryRun ? nil : "text"))
            }
        }
        #expect(try FileSystem.status(TemporaryDirectory.file("root/etc/copy"))?.mode == 0o600)
    }

    @Test(
        arguments: [(0o600, 0o600), (0o400, 0o600), (0o640, 0o640), (0o444, 0o644), (0o755, 0o644)]
            as [(UInt32, UInt32)]
    )
    func `a copy has the permissions of its source as far as 0644 allows`(source: UInt32, copy: UInt32) async throws {
        try await withBench("tasks: {a: {file: {path: /etc/a, source: source}}}") { bench async throws in
            try bench.write("x", to: "source", mode: source)
            #expect(try await bench.perform("a") == "changed")
            #expect(try await bench.perform("a") == "unchanged")
            #expect(try FileSystem.status("\(bench.directory)/root/etc/a")?.mode == copy)
        }
        try await withBench("tasks: {a: {file: {path: /etc/a, source: source, mode: '0644'}}}") { bench async throws in
            #expect(try await bench.perform("a") == (copy == 0o644 ? "unchanged" : "changed"))
            #expect(try FileSystem.status("\(bench.directory)/root/etc/a")?.mode == 0o644)
        }
    }

    @Test(
        arguments: [
            ("source: /nowhere/at/all", "cannot read '/nowhere/at/all': directory '/nowhere' does not exist;"),
            ("source: /dev/zero", "cannot read '/dev/zero': is a character device"),
            ("content: x, owner: nobody-of-this-name", "cannot find user 'nobody-of-this-name': no such user;"),
            ("content: x, group: nest-no-such", "cannot find group 'nest-no-such': no such group;"),
        ]
    )
    func `a file that cannot be written is reported, and nothing is written`(fields: String, cause: String) async throws
    {
        try await withBench("tasks: {a: {file: {path: /etc/a, \(fields)}}}\n") { bench async throws in
            #expect(try await bench.perform("a").hasPrefix("cannot write file '/etc/a': \(cause)"))
            #expect(try FileSystem.exists("\(bench.directory)/root") == false)
            #expect(bench.lines == [])
        }
    }
}
