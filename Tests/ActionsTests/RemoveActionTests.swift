import Host
import TestSupport
import Testing

@testable import Actions

/// Verb `remove`, as far as no server is needed.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct RemoveActionTests {
    private func task(_ keys: String) -> String { "tasks: {it: {remove: {\(keys)}}}\n" }

    @Test func `files, links and with 'recursive' directories are removed once`() async throws {
        try await withBench(task("paths: [/x/file, /x/link, /x/dir], recursive: true")) { bench async throws in
            try bench.write("a", to: "root/x/file")
            try bench.write("b", to: "root/x/dir/below/deep")
            try bench.write("c", to: "root/kept/file")
            let link = "\(bench.directory)/root/x/link"
            try FileSystem.makeSymbolicLink(at: link, to: "../kept", replacing: false)
            #expect(try await bench.perform("it") == "changed")
            #expect(bench.lines == ["/x/file removed", "/x/link removed", "/x/dir removed"])
            #expect(try FileSystem.list("\(bench.directory)/root/x") == [])
            #expect(try bench.read("root/kept/file") == "c")
            #expect(try await bench.perform("it") == "unchanged")
            try FileSystem.removeTree("\(bench.directory)/root/x")
            #expect(try await bench.perform("it") == "unchanged")
        }
    }

    @Test func `a directory is kept without 'recursive'`() async throws {
        try await withBench(task("paths: [/x]")) { bench async throws in
            try bench.write("a", to: "root/x/file")
            let words = try await bench.perform("it")
            #expect(words.hasPrefix("cannot remove '/x': it is a directory; write 'recursive: true'"), "\(words)")
            #expect(try bench.read("root/x/file") == "a")
        }
    }

    @Test func `a link on the way to a path is not followed`() async throws {
        try await withBench(task("paths: [/a/x/file]")) { bench async throws in
            try bench.write("a", to: "root/real/x/file")
            try FileSystem.makeSymbolicLink(at: "\(bench.directory)/root/a", to: "real", replacing: false)
            let words = try await bench.perform("it")
            #expect(words.hasPrefix("cannot remove '/a/x/file': '/a' is a symbolic link to 'real';"), "\(words)")
            #expect(try bench.read("root/real/x/file") == "a")
        }
    }

    @Test(.enabled(if: Machine.isRoot))
    func `a file system that is mounted in a tree keeps it, whatever the name of its directory`() async throws {
        for name in ["m", "\u{301}m"] {
            try await withBench(task("paths: [/x], recursive: true")) { bench async throws in
                try bench.write("a", to: "root/x/\(name)/hidden")
                try bench.write("b", to: "mounted/kept")
                let place = "\(bench.directory)/root/x/\(name)"
                let mount = try await Tool.run("mount", ["--bind", "\(bench.directory)/mounted", place])
                try #require(mount.status == 0, "\(mount.errors)")
                let result = try? await bench.perform("it")
                _ = try await Tool.run("umount", [place])
                #expect(result?.contains("a file system is mounted there") == true, "\(result ?? "")")
                #expect(try bench.read("mounted/kept") == "b")
            }
        }
    }

    @Test func `a name that no object can have is refused`() async throws {
        let object = "{apiVersion: v1, kind: Pod, name: My_Pod, namespace: default}"
        try await withBench(task("kubeconfig: /k, objects: [\(object)]")) { bench async throws in
            let result = try await bench.perform("it")
            #expect(result.contains("Pod/default/My_Pod: field 'metadata.name': expected "), "\(result)")
            let found = await bench.problems().filter { $0.contains("Pod/default/My_Pod: field 'metadata.name'") }
            #expect(found.count == 1 && found[0].hasPrefix("DIR/bootstrap.yaml:1:"), "\(found)")
        }
    }

    @Test func `a dry run removes nothing`() async throws {
        try await withBench(task("paths: [/x], recursive: true"), isDryRun: true) { bench async throws in
            try bench.write("a", to: "root/x/file")
            #expect(try await bench.perform("it") == "changed")
            #expect(bench.lines == ["/x removed"])
            #expect(try bench.read("root/x/file") == "a")
        }
    }

    @Test func `check reports an object that one task applies and another deletes`() async throws {
        let tasks = """
            tasks:
              config: {file: {path: /etc/nest-test/k, content: x}}
              apply: {after: [config], apply: {kubeconfig: /etc/nest-test/k, manifests: [ns.yaml]}}
              delete:
                after: [apply]
                remove: {kubeconfig: /etc/nest-test/k, objects: [{apiVersion: v1, kind: Namespace, name: pond}]}
            """
        try await withBench(tasks) { bench async throws in
            try bench.write("{apiVersion: v1, kind: Namespace, metadata: {name: pond}}\n", to: "ns.yaml")
            let problems = await bench.problems()
            let words = "task 'delete' deletes Namespace/pond, which task 'apply' applies too (DIR/ns.yaml:1:1): "
            #expect(problems.count == 1 && problems[0].hasPrefix("DIR/bootstrap.yaml:6:54: \(words)"), "\(problems)")
        }
    }
}
