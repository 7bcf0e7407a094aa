import Base
import Host
import Kubernetes
import Planning
import TestSupport
import Testing

@testable import Actions

/// Files, directories and URLs of manifests.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct ManifestLoaderTests {
    /// Loads the manifests of a task; a URL answers its own path as the name of a namespace.
    private func load(
        _ manifests: String,
        more: String = "",
        _ prepare: (Bench) throws -> Void = { _ in },
    ) async throws -> (names: [String], problems: [String], warnings: [String]) {
        let tasks = """
            variables: {name: replaced}
            tasks: {it: {apply: {kubeconfig: /k, manifests: [\(manifests)]\(more)}}}
            """
        var result: (names: [String], problems: [String], warnings: [String]) = ([], [], [])
        try await withBench(tasks) { bench in
            try prepare(bench)
            let manifests = try #require(try bench.context("it").task.footprint.manifests)
            let contents = await ManifestLoader(run: bench.run, manifests: manifests)
                .load { (url, _) throws(Problem) in
                    if url.hasSuffix("/later") { return nil }
                    if url.hasSuffix("/broken") { throw Problem("cannot fetch '\(url)'", hint: "fix it") }
                    return Array(Self.namespace("url").utf8)
                }
            result.names = contents.manifests.map(\.identity.name)
            result.problems = contents.problems.map { "\($0)".replacing(bench.directory, with: "DIR") }
            result.warnings = contents.warnings.map { "\($0)".replacing(bench.directory, with: "DIR") }
        }
        return result
    }

    private static func namespace(_ name: String) -> String {
        "{apiVersion: v1, kind: Namespace, metadata: {name: \(name)}}\n"
    }

    @Test func `a dry run finds the manifests that an earlier task would write`() async throws {
        let tasks = """
            tasks:
              write: {file: {path: /etc/nest-test/d/ns.yaml, content: "\(Self.namespace("one").dropLast())"}}
              it: {after: [write], apply: {kubeconfig: /k, manifests: [/etc/nest-test/d]}}
            """
        try await withBench(tasks, isDryRun: true) { bench async throws in
            #expect(try await bench.perform("write") == "changed")
            let manifests = try #require(try bench.context("it").task.footprint.manifests)
            let contents = await ManifestLoader(run: bench.run, manifests: manifests)
                .load { (_, _) throws(Problem) in nil }
            #expect(contents.manifests.map(\.identity.name) == ["one"])
            #expect(contents.problems == [])
        }
    }

    private static let warning = "DIR/bootstrap.yaml:2:50: not read from directory 'DIR/d': "
    private static let advice =
        "; manifests are named *.yaml, *.yml or *.json; name a subdirectory in 'manifests' too"

    @Test func `a directory is read in the order of its names, not recursively`() async throws {
        let (names, problems, warnings) = try await load("d/, one.txt") { bench in
            for name in [
                "b.yml", "a.yaml", "c.json", ".hidden.yaml", "d.yaml~", "e.txt", "deep/f.yaml", "g.yaml/h.yaml",
            ] {
                let text = Self.namespace("n-" + name.prefix(1))
                try bench.write(
                    name == "c.json" ? #"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n-c"}}"# : text,
                    to: "d/\(name)"
                )
            }
            // A file that is named is read, whatever it is called.
            try bench.write(Self.namespace("one"), to: "one.txt")
        }
        #expect(names == ["n-a", "n-b", "n-c", "one"])
        #expect(problems == [])
        #expect(warnings == ["\(Self.warning)'deep' and 'g.yaml'\(Self.advice)"])
    }

    @Test(arguments: [
        (["b.YAML"], "'b.YAML'"), (["b.Yml", "c.YAML"], "'b.Yml' and 'c.YAML'"), (["b.yaml.j2", "c.yaml.bak"], ""),
    ])
    func `a file whose name is almost that of a manifest is no manifest, and is reported`(
        names: [String],
        expected: String
    ) async throws {
        let (read, problems, warnings) = try await load("d") { bench in
            for name in ["a.yaml"] + names { try bench.write(Self.namespace("own"), to: "d/\(name)") }
        }
        #expect(read == ["own"])
        #expect(problems == [])
        #expect(warnings == (expected.isEmpty ? [] : ["\(Self.warning)\(expected)\(Self.advice)"]))
    }

    @Test func `what cannot be read is reported, and the rest is read`() async throws {
        let (names, problems, _) = try await load("none.yaml, empty, comments.yaml, d, fifo") { bench in
            try FileSystem.makeDirectories("\(bench.directory)/empty")
            try bench.write("# nothing\n---\n", to: "comments.yaml")
            try bench.write("a: [\n", to: "d/broken.yaml")
            try bench.write(Self.namespace("good"), to: "d/good.yaml")
            try FileSystem.makeSymbolicLink(at: "\(bench.directory)/d/dangling.yaml", to: "/nowhere", replacing: false)
            try FileSystem.makeSymbolicLink(at: "\(bench.directory)/fifo", to: "/dev/zero", replacing: false)
        }
        #expect(names == ["good"])
        #expect(
            problems.map { String($0.prefix { $0 != ";" }) } == [
                "DIR/bootstrap.yaml:2:50: cannot read 'DIR/none.yaml': No such file or directory",
                "DIR/bootstrap.yaml:2:61: directory 'DIR/empty' contains no manifest",
                "DIR/comments.yaml: contains no object",
                "DIR/d/broken.yaml:2:1: did not find expected node content while parsing a flow node",
                "DIR/bootstrap.yaml:2:83: cannot read 'DIR/d/dangling.yaml': 'DIR/d/dangling.yaml' is a link to '/nowhere', "
                    + "which does not exist",
                "DIR/bootstrap.yaml:2:86: cannot read 'DIR/fifo': is a character device",
            ]
        )
    }

    @Test(arguments: [(", substitute: true", "replaced"), ("", "${name}")])
    func `variables are replaced only where the task says so`(more: String, expected: String) async throws {
        let (names, problems, _) = try await load("a.yaml", more: more) { bench in
            try bench.write(Self.namespace("'${name}'"), to: "a.yaml")
        }
        #expect(names == [expected])
        #expect(problems == [])
    }

    @Test func `a variable that nobody knows keeps its document away`() async throws {
        let (names, problems, _) = try await load("a.yaml", more: ", substitute: true") { bench in
            try bench.write("---\n\(Self.namespace("'${nam}'"))---\n\(Self.namespace("good"))", to: "a.yaml")
        }
        #expect(names == ["good"])
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("DIR/a.yaml:2:") == true, "\(problems)")
    }

    @Test func `URLs come in their location, are skipped or reported`() async throws {
        let digest = String(repeating: "0", count: 64)
        func url(_ path: String) -> String { "{url: 'https://h/\(path)', sha256: '\(digest)'}" }
        let (names, problems, _) = try await load("\(url("x")), a.yaml, \(url("later")), \(url("broken"))") { bench in
            try bench.write(Self.namespace("file"), to: "a.yaml")
        }
        #expect(names == ["url", "file"])
        #expect(problems.count == 1)
        #expect(problems.first?.hasSuffix(": cannot fetch 'https://h/broken'; fix it") == true, "\(problems)")
    }
}
