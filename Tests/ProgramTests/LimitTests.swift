import Glibc
import TestSupport
import Testing

/// A process that may not open, start or take what a run needs.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct LimitTests {
    /// Runs a graph of one file in a process that `prlimit` limits.
    private func run(_ limit: String) async throws -> ToolResult {
        let node = try TestNode("tasks: {t: {file: {path: /etc/t, content: t}}}\n")
        let arguments = [limit, TestNode.program, "run", "--config", node.config, "--root", node.root]
        return try await Tool.run("prlimit", arguments, environment: ["JOURNAL_STREAM": nil])
    }

    /// The directory of the records is full, in the first of two runs.
    @Test(.enabled(if: geteuid() == 0))
    func `a task that cannot be recorded fails, and the next run heals`() async throws {
        let tasks = "tasks: {one: {file: {path: /etc/one, content: x}}, two: {after: [one], exec: {command: ls}}}"
        let node = try TestNode("\(tasks)\n")
        let script = """
            mkdir -p "$0"
            mount -t tmpfs -o size=64k,mode=755 none "$0"
            head -c 100000 /dev/zero >"$0/fill" || true
            for step in full free; do
                code=0
                "$@" || code=$?
                echo "$step: $code"
                rm -f "$0/fill"
            done
            """
        let program = [TestNode.program, "run", "--config", node.config, "--root", node.root]
        let result = try await Tool.run(
            "unshare",
            ["--mount", "sh", "-euc", script, node.written("/run/nest-bootstrap")] + program,
            environment: ["NEST_ROLE": nil, "JOURNAL_STREAM": nil]
        )
        let codes = result.outputLines.filter { $0.hasPrefix("full: ") || $0.hasPrefix("free: ") }
        #expect(codes == ["full: 1", "free: 0"], "\(result.output)\(result.errors)")
        #expect(result.errors.contains("one: error: cannot write the record of the task: "), "\(result.errors)")
        #expect(result.errors.contains("No space left on device"))
        #expect(try Files.text(node.written("/etc/one")) == "x")
    }

    /// A library whose `pthread_create` fails from the call on that the environment names.
    private static let preloaded = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <errno.h>
        #include <pthread.h>
        #include <stdatomic.h>
        #include <stdlib.h>
        static atomic_int calls;
        int pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *x) {
            int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = dlsym(RTLD_NEXT, "pthread_create");
            const char *first = getenv("FIRST_FAILURE");
            if (++calls >= (first ? atoi(first) : 1)) return EAGAIN;
            return next(t, a, f, x);
        }
        """

    @Test func `a run that gets no further thread ends, and says why`() async throws {
        let (source, library) = (TemporaryDirectory.file("shim.c"), TemporaryDirectory.file("shim.so"))
        try Files.write(Array(Self.preloaded.utf8), to: source, mode: 0o600)
        let compiled = try await Tool.run("clang", ["-shared", "-fPIC", "-o", library, source, "-ldl"])
        try #require(compiled.status == 0, "\(compiled.errors)")
        let tasks =
            "tasks:\n" + (1...3).map { "  t\($0): {exec: {command: sleep, args: ['1']}}\n" }.joined()
        let results = try await withThrowingTaskGroup(of: (Int, ToolResult).self) { group in
            for first in stride(from: 4, through: 32, by: 2) {
                group.addTask {
                    let node = try TestNode(tasks, in: TemporaryDirectory.file("n\(first)"))
                    let environment = ["LD_PRELOAD": library, "FIRST_FAILURE": "\(first)", "JOURNAL_STREAM": nil]
                    let arguments = ["run", "--config", node.config, "--root", node.root]
                    return (first, try await Tool.run(TestNode.program, arguments, environment: environment))
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        for (first, result) in results.sorted(by: { $0.key < $1.key }) {
            let isReported =
                result.errors.contains("thread") || result.errors.contains("Resource temporarily unavailable")
            #expect(result.status == 0 || isReported, "\(first): \(result.status) \(result.errors)")
        }
        #expect(results.values.contains { $0.status == 1 })
    }

    @Test(arguments: 9...24) func `too few files are reported before the run`(count: Int) async throws {
        let result = try await run("--nofile=\(count)")
        #expect(result.status == 1)
        #expect(result.output == "")
        let message =
            /nest-bootstrap: cannot open enough files: Too many open files \(the limit is \d+, and a run needs \d+\); write LimitNOFILE=64 in the unit, or run 'ulimit -n 64'\n/
        #expect(try message.wholeMatch(in: result.errors) != nil, "\(result.errors)")
    }

    @Test(arguments: [10, 20, 40]) func `too little memory for the threads is reported before the run`(
        mebibytes: Int
    ) async throws {
        let result = try await run("--data=\(mebibytes << 20)")
        #expect(result.status == 1)
        #expect(result.output == "")
        let start = "nest-bootstrap: cannot start enough threads: Resource temporarily unavailable ("
        #expect(result.errors.hasPrefix(start), "\(result.errors)")
        #expect(result.errors.hasSuffix("or 'ulimit -u' and 'ulimit -v'\n"), "\(result.errors)")
    }

    @Test(arguments: [300, 450]) func `too little address space is reported with what is enough`(
        mebibytes: Int
    ) async throws {
        let result = try await run("--as=\(mebibytes << 20)")
        #expect(result.status == 1)
        let message =
            /nest-bootstrap: cannot reserve enough address space: .* a run needs \d+ MiB\); write LimitAS=(\d+)M in the unit, or run 'ulimit -v \d+', or more for the programs of tasks\n/
        let needed = try #require(try message.wholeMatch(in: result.errors)?.1, "\(result.errors)")
        let bytes = try #require(Int(needed)) << 20
        let enough = try await run("--as=\(bytes)")
        #expect(enough.status == 0, "\(enough.errors)")
    }

    @Test(
        .enabled(if: geteuid() == 0),
        arguments: [
            ("umount -l /proc", "/proc is not mounted; run 'mount -t proc proc /proc'"),
            ("mount -t tmpfs none /dev", "No such file or directory; run 'mount -t devtmpfs dev /dev'"),
        ]
    ) func `a system that is not mounted is reported`(command: String, end: String) async throws {
        let node = try TestNode("tasks: {t: {file: {path: /etc/t, content: t}}}\n")
        let result = try await Tool.run(
            "unshare",
            ["--mount", "--propagation", "private", "sh", "-c", "\(command) && exec \"$@\"", "sh"]
                + [TestNode.program, "run", "--config", node.config, "--root", node.root],
            environment: ["JOURNAL_STREAM": nil],
        )
        #expect(result.status == 1)
        #expect(result.errors.hasSuffix(": \(end)\n"), "\(result.errors)")
    }

    @Test func `enough of both is enough`() async throws {
        let result = try await run("--nofile=64")
        #expect(result.status == 0, "\(result.errors)")
    }

    @Test(.enabled(if: geteuid() == 0)) func `a disk that is read-only is reported as that`() async throws {
        let node = try TestNode("tasks: {t: {file: {path: /etc/t, content: t}}}\n")
        try Files.makeDirectories(node.root)
        let script = "mount -t tmpfs -o ro none \"$0\" && exec \"$@\""
        let result = try await Tool.run(
            "unshare",
            ["--mount", "--propagation", "slave", "sh", "-c", script, node.root]
                + [TestNode.program, "run", "--config", node.config, "--root", node.root],
            environment: ["JOURNAL_STREAM": nil],
        )
        #expect(result.status == 1)
        let start = "nest-bootstrap: cannot write the records of the tasks: cannot create directory "
        #expect(result.errors.hasPrefix(start), "\(result.errors)")
        let end = ": Read-only file system; mount its file system so that it can be written\n"
        #expect(result.errors.hasSuffix(end), "\(result.errors)")
    }

    @Test func `temporary files of a killed run are removed by the next`() async throws {
        let node = try TestNode("tasks: {big: {file: {path: /etc/big, source: big}}}\n")
        _ = try await Tool.run("truncate", ["-s", "60M", node.path("big")])
        func temporary() throws -> [String] {
            guard try Files.exists(node.written("/etc")) else { return [] }
            return try Files.list(node.written("/etc")).filter { $0.hasSuffix(".tmp") }
        }
        // Killed while the file is written.
        var wasKilled = false
        for _ in 0..<20 where !wasKilled {
            let tool = try node.start(["run"])
            #expect(try await becomes { try !temporary().isEmpty || Files.exists(node.written("/etc/big")) })
            tool.signal(SIGKILL)
            _ = await tool.result()
            wasKilled = try !temporary().isEmpty
            _ = try Files.remove(node.written("/etc/big"))
        }
        #expect(wasKilled)
        #expect(try await node.run("run").status == 0)
        #expect(try Files.list(node.written("/etc")) == ["big"])
    }
}
