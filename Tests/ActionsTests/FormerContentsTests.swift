import Host
import TestSupport
import Testing

@testable import Actions

/// Files of an archive that a newer archive does not have.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct FormerContentsTests {
    private func write(_ name: String, files: [String: String], links: [String: String] = [:]) throws {
        var tar = TarText()
        for (path, content) in files.sorted(by: { $0.key < $1.key }) {
            tar.add(Array(path.utf8), .file, Array(content.utf8), mode: 0o755)
        }
        for (path, target) in links { tar.add(Array(path.utf8), .link, target: target) }
        try FileSystem.write(tar.ended, to: TemporaryDirectory.file(name), mode: 0o644)
    }

    private func perform(
        _ task: String,
        _ tasks: String,
        isDryRun: Bool = false,
    ) async throws -> [String] {
        var lines: [String] = []
        try await withBench(tasks, isDryRun: isDryRun) { bench async throws in
            lines = [try await bench.perform(task)] + bench.lines
        }
        return lines
    }

    @Test func `what only the former archive had is removed unless it was changed or may be of another task`()
        async throws
    {
        try write(
            "a.tar",
            files: [
                "bin/old": "old", "bin/same": "same", "bin/edited": "edited", "bin/shared": "shared", "deep/er/x": "x",
            ],
            links: ["bin/alias": "old", "bin/other": "old"]
        )
        let tasks = """
            tasks:
              t: {file: {path: /opt/tool, source: a.tar, unpack: {}}}
              other: {file: {path: /opt/tool/bin, source: b.tar, unpack: {only: [shared]}}}

            """
        #expect(try await perform("t", tasks).first == "changed")
        let root = TemporaryDirectory.file("root/opt/tool")
        try FileSystem.write(Array("mine".utf8), to: "\(root)/bin/edited", mode: 0o755)
        try FileSystem.write(Array("mine".utf8), to: "\(root)/bin/mine", mode: 0o755)
        try FileSystem.makeSymbolicLink(at: "\(root)/bin/other", to: "mine", replacing: true)
        // As a run leaves it that was killed.
        let temporary = "\(root)/deep/er/.x.nest-bootstrap-0123456789abcdef.tmp"
        try FileSystem.write([], to: temporary, mode: 0o600)
        try write("a.tar", files: ["bin/same": "same", "bin/new": "new"])
        let removed = ["/opt/tool/bin/old removed", "/opt/tool/deep/er/x removed", "/opt/tool/bin/alias removed"]
        let planned = try await perform("t", tasks, isDryRun: true)
        #expect(planned.filter { $0.hasSuffix(" removed") } == removed, "\(planned)")
        #expect(try FileSystem.exists("\(root)/bin/old"))
        let lines = try await perform("t", tasks)
        #expect(lines.first == "changed")
        #expect(lines.filter { $0.hasSuffix(" removed") } == removed, "\(lines)")
        #expect(try FileSystem.list("\(root)/bin") == ["edited", "mine", "new", "other", "same", "shared"])
        #expect(try !FileSystem.exists(temporary))
        #expect(try await perform("t", tasks).first == "unchanged")
    }
}
