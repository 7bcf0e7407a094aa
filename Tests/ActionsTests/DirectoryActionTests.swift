import Base
import Host
import TestSupport
import Testing

@testable import Actions

/// Verb `directory`.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct DirectoryActionTests {
    private static func task(_ more: String = "") -> String {
        "tasks: {data: {directory: {path: /var/lib/data/\(more)}}}\n"
    }

    private let path = TemporaryDirectory.file("root/var/lib/data")

    @Test func `a directory is made once, and corrected after it was changed`() async throws {
        try await withBench(Self.task(", mode: '0750'")) { bench async throws in
            #expect(try await bench.perform("data") == "changed")
            #expect(try FileSystem.directoryStatus(path)?.mode == 0o750)
            #expect(try FileSystem.directoryStatus("\(path)/..")?.mode == 0o755)
            #expect(try await bench.perform("data") == "unchanged")
            try Files.setMode(path, 0o777)
            #expect(try await bench.perform("data") == "changed")
            #expect(try FileSystem.directoryStatus(path)?.mode == 0o750)
            #expect(bench.lines == ["created", "unchanged", "changed"].map { "/var/lib/data \($0)" })
        }
    }

    @Test func `without keys a directory that exists stays as it is`() async throws {
        try await withBench(Self.task()) { bench async throws in
            try FileSystem.makeDirectory(DirectorySettings(path: path, mode: 0o1777))
            #expect(try await bench.perform("data") == "unchanged")
            #expect(try FileSystem.directoryStatus(path)?.mode == 0o1777)
            try FileSystem.removeTree(path)
            #expect(try await bench.perform("data") == "changed")
            #expect(try FileSystem.directoryStatus(path)?.mode == 0o755)
        }
    }

    @Test(arguments: [false, true])
    func `what is in the way is named with what to do`(isDryRun: Bool) async throws {
        let words = "cannot create directory '/var/lib/data': cannot create directory 'DIR/root/var/lib/data': a"
        try await withBench(Self.task(), isDryRun: isDryRun) { bench async throws in
            try bench.write("", to: "root/var/lib/data")
            #expect(try await bench.perform("data").hasPrefix("\(words) regular file is in the way; remove it"))
            try FileSystem.makeSymbolicLink(at: path, to: "/srv", replacing: true)
            #expect(try await bench.perform("data").hasPrefix("\(words) symbolic link to '/srv' is in the way;"))
            try FileSystem.removeTree(TemporaryDirectory.file("root/var/lib"))
            try bench.write("", to: "root/var/lib")
            let above = try await bench.perform("data")
            #expect(above.contains("cannot create directory 'DIR/root/var/lib': is a regular file;"), "\(above)")
            #expect(bench.lines == [])
        }
    }

    @Test func `an unknown account is reported, and nothing is made`() async throws {
        try await withBench(Self.task(", owner: nobody-of-this-name")) { bench async throws in
            let found = try await bench.perform("data")
            #expect(found.contains("cannot find user 'nobody-of-this-name': no such user;"), "\(found)")
            #expect(try FileSystem.exists("\(bench.directory)/root") == false)
        }
    }

    @Test func `a dry run makes nothing, and later tasks see the directory`() async throws {
        let tasks = """
            tasks:
              data: {directory: {path: /etc/data}}
              there: {after: [data], wait: {file: /etc/data}}
            """
        try await withBench(tasks, isDryRun: true) { bench async throws in
            #expect(try await bench.perform("data") == "changed")
            #expect(bench.lines == ["/etc/data created"])
            let files = bench.run.files
            #expect(try files.exists("/etc/data") && files.isDirectory("/etc/data"))
            #expect(try files.list("/etc/data") == [])
            let error = #expect(throws: SystemError.self) { try files.read("/etc/data", limit: 1) }
            #expect(error?.isDirectory == true)
            #expect(try FileSystem.exists("\(bench.directory)/root") == false)
        }
    }

    @Test func `a task that writes in the directory has to run after the task that creates it`() async throws {
        let tasks = """
            tasks:
              data: {directory: {path: /etc/data, mode: "0700"}}
              inner: {directory: {path: /etc/data/inner}}
              right: {after: [inner, data], file: {path: /etc/data/inner/right, content: x}}
              wrong: {after: [data], file: {path: /etc/data/inner/deep/wrong, content: x}}
              program: {exec: {command: "true", writes: [/etc/data/]}}
              corrected: {after: [program], directory: {path: /srv/corrected}}
              other: {file: {path: /etc/database, content: x}}
              made: {exec: {command: "true", creates: /srv/corrected/x}}
              late: {after: [made], directory: {path: /srv/late}}
            """
        try await withBench(tasks) { bench async throws in
            let problems = await bench.problems().filter { $0.contains("run after") }
            let starts = [
                "3:29: task 'inner' writes '/etc/data/inner' in '/etc/data', which task 'data' creates",
                "5:39: task 'wrong' writes '/etc/data/inner/deep/wrong' in '/etc/data/inner', which task 'inner' creates",
                "6:46: task 'program' writes '/etc/data/' in '/etc/data', which task 'data' creates",
                "9:43: task 'made' writes '/srv/corrected/x' in '/srv/corrected', which task 'corrected' creates",
            ]
            #expect(
                problems.map { String($0.split(separator: ", but")[0]) } == starts.map { "DIR/bootstrap.yaml:\($0)" }
            )
        }
    }

    @Test func `a file in a directory that a task creates is not one that the task writes`() async throws {
        let tasks = """
            tasks:
              data: {directory: {path: /etc/nest-data}}
              copy: {after: [data], file: {path: /etc/nest-copy, source: /etc/nest-data/missing}}
              manifests: {apply: {kubeconfig: /k, manifests: [/etc/nest-data]}}
            """
        try await withBench(tasks) { bench async throws in
            let problems = await bench.problems()
            #expect(problems.contains { $0.hasPrefix("DIR/bootstrap.yaml:3:62: ") }, "\(problems)")
            let words = "task 'manifests' reads '/etc/nest-data', which task 'data' writes, but does not run after it"
            #expect(problems.contains { $0.contains(words) }, "\(problems)")
        }
    }
}
