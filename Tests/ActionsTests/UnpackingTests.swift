import Base
import Host
import TestSupport
import Testing

@testable import Actions

/// Archives that `tar` unpacks.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct UnpackingTests {
    private static let tasks = """
        tasks:
          t: {file: {path: /opt/tool, source: a.tar, unpack: {}}}

        """

    private var root: String { TemporaryDirectory.file("root/opt/tool") }

    private func write(_ tar: TarText) throws {
        try FileSystem.write(tar.ended, to: TemporaryDirectory.file("a.tar"), mode: 0o644)
    }

    private func perform(isDryRun: Bool = false) async throws -> [String] {
        var lines: [String] = []
        try await withBench(Self.tasks, isDryRun: isDryRun) { bench async throws in
            lines = [try await bench.perform("t")] + bench.lines
        }
        return lines
    }

    /// What is in a directory, with its mode and content or target.
    private func tree(_ path: String) throws -> [String] {
        var found: [String] = []
        for name in try FileSystem.list(path) {
            guard let status = try FileSystem.status("\(path)/\(name)") else { continue }
            found.append("\(path)/\(name) \(status.kind) \(status.mode) \(status.target ?? "\(status.size)")")
            if status.kind == .directory { found += try tree("\(path)/\(name)") }
        }
        return found
    }

    /// Entries that would change something outside of the directory, with the word that names the cause.
    static let hostile: [(entries: [(String, TarText.Kind, String)], cause: String)] = [
        ([("../out/file", .file, "")], "'..'"), ([("a/../../out/file", .file, "")], "'..'"),
        ([("link", .link, "../../../out")], "leads out"), ([("link", .link, "/DIR/out")], "leads out"),
        ([("d/link", .link, "..")], ""), ([("d/link", .link, "../..")], "leads out"),
        ([("here", .link, "."), ("link", .link, "here/here/here/../../../out")], "leads out"),
        ([("link", .link, "/DIR/out"), ("link/file", .file, "")], "link/file"),
        ([("link", .link, "../../../out"), ("link/file", .file, "")], "link/file"),
        ([("link", .link, "/DIR/out"), ("hard", .hardLink, "link/kept")], "link/kept"),
        ([("hard", .hardLink, "/DIR/out/kept")], "hard link"),
        ([("hard", .hardLink, "../../../out/kept")], "hard link"),
        ([("fifo", .fifo, "")], "fifo"), ([("disk", .blockDevice, "")], "disk"),
    ]

    @Test(arguments: hostile.indices) func `a hostile archive changes nothing outside of its directory`(
        index: Int
    ) async throws {
        let (entries, cause) = Self.hostile[index]
        let out = TemporaryDirectory.file("out")
        try FileSystem.write(Array("kept".utf8), to: "\(out)/kept", mode: 0o600)
        try FileSystem.write([], to: TemporaryDirectory.file("root/out/kept"), mode: 0o600)
        let before = try (tree(out), tree(TemporaryDirectory.file("root/out")))
        var tar = TarText()
        for (name, kind, target) in entries {
            let target = target.replacing("/DIR", with: TemporaryDirectory.path)
            tar.add(name, kind, kind == .file ? "text" : "", target: target)
        }
        try write(tar)
        let result = try await perform().first ?? ""
        #expect(cause.isEmpty ? result == "changed" : result.contains(cause), "\(result)")
        #expect(try (tree(out), tree(TemporaryDirectory.file("root/out"))) == before)
        if !cause.isEmpty { #expect(try tree(root) == []) }
    }

    @Test func `an archive of which nothing is left is refused, and what was unpacked stays`() async throws {
        var tar = TarText()
        tar.add("tool/run", .file, "text", mode: 0o755)
        try write(tar)
        #expect(try await perform().first == "changed")
        let before = try tree(root)
        for (part, archive) in [("{strip: 2}", tar), ("{}", TarText())] {
            try write(archive)
            let tasks = Self.tasks.replacing("unpack: {}", with: "unpack: \(part)")
            try await withBench(tasks) { bench async throws in
                let result = try await bench.perform("t")
                #expect(result.contains("has nothing to unpack"), "\(result)")
            }
            #expect(try tree(root) == before)
        }
    }

    @Test func `a file that takes longer than the task may is refused`() async throws {
        let make = "cd \"$1\" && truncate -s 1T huge && tar -cSf a.tar huge && rm huge"
        let made = try await Tool.run("sh", ["-euc", make, "sh", TemporaryDirectory.path])
        try #require(made.status == 0, "\(made.errors)")
        try await withBench("tasks: {t: {timeout: 1s, file: {path: /opt/tool, source: a.tar, unpack: {}}}}\n") {
            bench in
            let result = try await bench.perform("t")
            #expect(["the time of the task is over", "at its deadline"].contains { result.contains($0) }, "\(result)")
        }
        #expect(try FileSystem.list(root) == [])
    }

    @Test func `names that are absolute stay in the directory, and files lose their set-id bits`() async throws {
        var tar = TarText()
        tar.add("/etc/", .directory, mode: 0o555)
        tar.add("/etc/file", .file, "text", mode: 0o6755)
        try write(tar)
        #expect(try await perform().first == "changed")
        #expect(try FileSystem.status("\(root)/etc/file")?.mode == 0o755)
        #expect(try FileSystem.list(root) == ["etc"])
    }

    @Test func `a later archive replaces what it has, and leaves other files alone`() async throws {
        var tar = TarText()
        for name in ["bin/old", "bin/same", "bin/edited"] { tar.add(name, .file, name) }
        tar.add("bin/alias", .link, target: "old")
        try write(tar)
        #expect(try await perform(isDryRun: true).contains("would unpack 'DIR/a.tar' in '/opt/tool'"))
        #expect(try FileSystem.exists(root) == false)
        #expect(try await perform().first == "changed")
        #expect(try await perform() == ["unchanged", "/opt/tool unchanged"])
        try FileSystem.write(Array("mine".utf8), to: "\(root)/bin/edited", mode: 0o755)
        tar = TarText()
        for name in ["bin/same", "bin/new", "bin/edited"] { tar.add(name, .file, name) }
        try write(tar)
        let lines = try await perform()
        #expect(Set(lines) == ["changed", "/opt/tool/bin/new created", "/opt/tool/bin/edited changed"], "\(lines)")
        #expect(try FileSystem.list("\(root)/bin") == ["alias", "edited", "new", "old", "same"])
        #expect(try await perform().first == "unchanged")
    }
}
