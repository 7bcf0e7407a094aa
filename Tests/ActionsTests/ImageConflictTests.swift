import Host
import TLS
import TestSupport
import Testing

@testable import Actions

/// Archives of several tasks with images of one name.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct ImageConflictTests {
    /// Writes an archive with one image, as `docker save` does.
    private func write(_ layer: String, tag: String, to name: String) throws {
        let digest = sha256(Array(layer.utf8))
        let configuration =
            #"{"architecture":"\#(Machine.architecture)","os":"linux","rootfs":{"diff_ids":["sha256:\#(digest)"]}}"#
        var tar = TarText()
        for (path, content) in [
            ("manifest.json", #"[{"Config":"c.json","RepoTags":["\#(tag)"],"Layers":["layer.tar"]}]"#),
            ("c.json", configuration), ("layer.tar", layer),
        ] {
            tar.add(Array(path.utf8), .file, Array(content.utf8))
        }
        try FileSystem.write(tar.ended, to: TemporaryDirectory.file(name), mode: 0o644)
    }

    @Test func `check reports two tasks with different images of one name`() async throws {
        try write("one", tag: "a:1", to: "one.tar")
        try write("two", tag: "docker.io/library/a:1", to: "two.tar")
        try write("one", tag: "a:1", to: "same.tar")
        try write("two", tag: "a:2", to: "other.tar")
        func problems(_ tasks: [String]) async throws -> [String] {
            var found: [String] = []
            let text = tasks.enumerated().map { "  t\($0.offset): {images: {\($0.element)}}\n" }.joined()
            try await withBench("tasks:\n\(text)") { bench async throws in
                found = await bench.problems().filter { $0.contains("images of the name") }
            }
            return found
        }
        let words = "have different images of the name 'docker.io/library/a:1'; remove one of the two archives"
        #expect(
            try await problems(["archives: [one.tar]", "archives: [two.tar]"]) == [
                "DIR/bootstrap.yaml:3:28: 'DIR/one.tar' of task 't0' and 'DIR/two.tar' of task 't1' \(words)"
            ]
        )
        #expect(try await problems(["archives: [one.tar, two.tar]"]).count == 1)
        #expect(try await problems(["archives: [one.tar, same.tar]", "archives: [other.tar]"]) == [])
        let sockets = ["archives: [one.tar]", "archives: [two.tar], socket: /run/other.sock"]
        #expect(try await problems(sockets) == [])
    }
}
