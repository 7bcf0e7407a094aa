import Base
import Execution
import Host
import Planning
import TestSupport
import Testing
import YAML
@testable import Actions

/// What a unit makes, and what is put in place after it.
@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
struct StagedProductsTests {
    private static let tasks = """
        tasks:
          file: {file: {path: /etc/nest/file, content: text, mode: "0640"}}
          link: {symlink: {path: /etc/nest/link, target: /nowhere}}
          forced: {symlink: {path: /etc/nest/forced, target: /nowhere, replace: true}}
          data: {directory: {path: /etc/nest/data, mode: "0710"}}
          program: {exec: {command: "true", creates: /etc/nest/other}}
        """

    private let stage = TemporaryDirectory.file("stage")
    private let root = TemporaryDirectory.file("root")

    private func plan() throws -> Plan {
        let file = SourceFile(path: "/f.yaml", bytes: Array(Self.tasks.utf8))
        return try readDeclarations([file], node: NodeFacts(hostName: "node", role: nil)).plan
    }

    private func staged(_ task: String) throws -> StagedProducts {
        StagedProducts(of: try plan().selecting([task]).steps[0].task, in: stage)
    }

    private func names(_ directory: String) -> [String] { (try? FileSystem.list(directory, limit: 10)) ?? [] }

    @Test func `nothing is at its path before it is put in place, and nothing is left in the stage after it`()
        async throws
    {
        let products = try staged("file")
        let unit = NodeFiles(root: root, isDryRun: false, staged: products)
        #expect(try unit.write(Array("text".utf8), to: "/etc/nest/file", by: "task", mode: 0o640).change == .created)
        #expect(names(root) == [] && names(stage) == ["0"])
        let node = NodeFiles(root: root, isDryRun: false)
        try await products.publish(to: node)
        #expect(try FileSystem.read("\(root)/etc/nest/file", limit: 100) == Array("text".utf8))
        #expect(try FileSystem.status("\(root)/etc/nest/file")?.mode == 0o640)
        #expect(names(stage) == [])
        // What is as described is not staged again.
        #expect(try unit.write(Array("text".utf8), to: "/etc/nest/file", by: "task", mode: 0o640) == .unchanged)
        #expect(names(stage) == [])
        try await products.publish(to: node)
    }

    @Test func `a link is put in place, and replaces a directory only if the task says so`() async throws {
        let node = NodeFiles(root: root, isDryRun: false)
        for task in ["link", "forced"] {
            let products = try staged(task)
            try products.put(linkTo: "/nowhere", at: "/etc/nest/\(task)")
            try await products.publish(to: node)
            #expect(try FileSystem.status("\(root)/etc/nest/\(task)")?.target == "/nowhere")
            try FileSystem.write([], to: "\(root)/etc/nest/directory-\(task)/file", mode: 0o600)
        }
        let link = "'/etc/nest/link'"
        for (task, problem) in [
            ("forced", nil),
            ("link", "cannot put \(link) in place: cannot create link \(link): a directory is in the way"),
        ] {
            let path = "\(root)/etc/nest/\(task)"
            #expect(try FileSystem.remove(path))
            try FileSystem.write([], to: "\(path)/kept", mode: 0o600)
            let products = try staged(task)
            try products.put(linkTo: "/nowhere", at: "/etc/nest/\(task)")
            #expect(await words { try await products.publish(to: node) } == problem)
        }
        #expect(names("\(root)/etc/nest/link") == ["kept"])
    }

    @Test func `a directory is put in place with what the task says, or something is in the way`() async throws {
        let node = NodeFiles(root: root, isDryRun: false)
        let unit = NodeFiles(root: root, isDryRun: false, staged: try staged("data"))
        let settings = DirectorySettings(path: "/etc/nest/data", mode: 0o710)
        #expect(try unit.makeDirectory(settings, by: "data").change == .created)
        #expect(names(root) == [] && names(stage) == ["0"])
        // The permissions of the stage do not count.
        try Files.setMode("\(stage)/0", 0o6777)
        try await staged("data").publish(to: node)
        #expect(try FileSystem.directoryStatus("\(root)/etc/nest/data")?.mode == 0o710)
        #expect(names(stage) == [])
        #expect(try unit.makeDirectory(settings, by: "data") == .unchanged)
        #expect(names(stage) == [])

        try Files.setMode("\(root)/etc/nest/data", 0o755)
        #expect(try unit.makeDirectory(settings, by: "data").change == .changed)
        try FileSystem.removeTree("\(root)/etc/nest/data")
        try FileSystem.makeSymbolicLink(at: "\(root)/etc/nest/data", to: "/srv", replacing: false)
        let found = await words { try await staged("data").publish(to: node) }
        #expect(found?.hasSuffix("a symbolic link to '/srv' is in the way") == true, "\(found ?? "")")
    }

    @Test func `what a unit leaves in the stage cannot change path, permissions or kind`() async throws {
        let node = NodeFiles(root: root, isDryRun: false)
        let products = try staged("file")
        #expect(throws: SystemError.self) { try products.put([], mode: 0o600, at: "/etc/passwd") }
        try products.put(Array("text".utf8), mode: 0o777, at: "/etc/nest/file")
        try Files.setMode("\(stage)/0", 0o6777)
        // Names that are not those of products stay where they are.
        try FileSystem.write([1], to: "\(stage)/1", mode: 0o600)
        try FileSystem.write([1], to: "\(stage)/passwd", mode: 0o600)
        try await products.publish(to: node)
        #expect(try FileSystem.status("\(root)/etc/nest/file")?.mode == 0o640)
        #expect(names("\(root)/etc/nest") == ["file"])

        try FileSystem.makeSymbolicLink(at: "\(stage)/0", to: "/etc/passwd", replacing: true)
        let refused =
            "cannot put '/etc/nest/file' in place: cannot use '\(stage)/0': a symbolic link, which the task does not write"
        #expect(await words { try await products.publish(to: node) } == refused)
        #expect(try FileSystem.read("\(root)/etc/nest/file", limit: 100) == Array("text".utf8))
        try products.clear()
        #expect(names(stage) == ["1", "passwd"])
    }

    @Test func `only what the agent itself makes is a product`() throws {
        #expect(
            try plan().steps.filter(\.task.footprint.hasOnlyProducts).map(\.task.name) == [
                "file", "link", "forced", "data",
            ]
        )
    }

    private func words(_ body: () async throws -> Void) async -> String? {
        do {
            try await body()
            return nil
        } catch {
            return "\(error)" + ((error as? Problem)?.cause.map { ": \($0)" } ?? "")
        }
    }
}
