@testable import Actions
import Base
import HTTP
import Host
import TestSupport
import Testing

/// Pinned URLs and what is kept of them.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct DigestCacheTests {
    private let text = Array("{}\n".utf8)
    private var digest: String { sha256(text) }
    private var kept: String { TemporaryDirectory.file("root/var/lib/nest-bootstrap/cache/it/\(digest)") }

    /// Asks the cache for a URL of a server, and returns what it answers or throws, in words.
    private func ask(
        _ server: LoopbackServer,
        timeout: Duration = .seconds(600),
        isDryRun: Bool = false,
        _ check: (Bench) throws -> Void = { _ in },
    ) async throws -> String {
        let url = server.url
        var answer = ""
        try await withBench("tasks: {it: {timeout: 1m, exec: {command: ls}}}", isDryRun: isDryRun) { bench in
            let context = try bench.context("it")
            let late = ActionContext(
                run: bench.run,
                task: context.task,
                deadline: .now + timeout,
                emit: context.emit
            )
            do throws(Problem) {
                answer = String(decoding: try await late.fetchedText("\(url)/m", sha256: digest), as: UTF8.self)
            } catch {
                answer = [error.message, error.cause.map { "\($0)" }, error.hint].compactMap(\.self).joined(
                    separator: "; "
                )
            }
            answer = answer.replacing(url, with: "URL")
            try check(bench)
        }
        return answer
    }

    private func server(_ reply: LoopbackServer.Reply) throws -> LoopbackServer {
        try LoopbackServer { _ in reply }
    }

    @Test func `a URL is fetched once, and kept by its digest`() async throws {
        let server = try server(.response(200, body: text))
        #expect(try await ask(server) == "{}\n")
        #expect(try readFile(kept, limit: 100) == text)
        #expect(try await ask(server) == "{}\n")
        #expect(server.requests.count == 1)
    }

    @Test func `a dry run keeps nothing`() async throws {
        let server = try server(.response(200, body: text))
        #expect(try await ask(server, isDryRun: true) == "{}\n")
        let changed = try await ask(try self.server(.response(200, body: [1])), isDryRun: true)
        #expect(changed.contains("digest"), "\(changed)")
        #expect(try FileSystem.exists(TemporaryDirectory.file("root")) == false)
    }

    @Test func `a damaged copy is reported and fetched again`() async throws {
        let server = try server(.response(200, body: text))
        try FileSystem.write([1], to: kept, mode: 0o644)
        let answer = try await ask(server) { bench in
            let path = "/var/lib/nest-bootstrap/cache/it/\(digest)"
            #expect(bench.lines == ["warning: \(path): has another digest than its name, and is not used"])
        }
        #expect(answer == "{}\n")
        #expect(try readFile(kept, limit: 100) == text)
    }

    @Test func `what will not change is not asked again`() async throws {
        let server = try server(.response(404))
        #expect(try await ask(server).hasPrefix("cannot fetch 'URL/m'; the server answered 404; "))
        #expect(server.requests.count == 1)
    }

    @Test(arguments: [429, 503]) func `what may pass is asked again`(status: Int) async throws {
        let count = Locked(0)
        let server = try LoopbackServer { [text] _ in
            let number = count.withLock { count in
                count += 1
                return count
            }
            return number < 3 ? .response(status) : .response(200, body: text)
        }
        #expect(try await ask(server) == "{}\n")
        #expect(server.requests.count == 3)
    }

    @Test func `a server that goes on refusing is reported at the deadline`() async throws {
        let answer = try await ask(try server(.response(503)), timeout: .seconds(2))
        #expect(answer.hasPrefix("cannot fetch 'URL/m'; "))
    }
}
