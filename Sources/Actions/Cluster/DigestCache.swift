import Base
import Execution
import HTTP
import Host
import Kubernetes
import Planning
import TLS

/// The contents of pinned URLs, cached by digest so that a boot needs no Internet access.
struct DigestCache {
    /// The environment that all actions share.
    let run: RunEnvironment
    /// The name of the task; the task's unit does not see the directories of other tasks.
    let task: String
    /// The instant at which fetching is given up.
    let deadline: ContinuousClock.Instant
    /// The receiver of events.
    let emit: Emitter

    /// Returns the text of a pinned URL, from the cache or from its server.
    ///
    /// A request that may succeed later is retried until the task's deadline. The text must match the digest.
    func text(of url: String, sha256 digest: String) async throws(Problem) -> [UInt8] {
        do {
            if let kept = try kept(url, sha256: digest) { return kept }
        } catch {
            emit(.warning(subject: url, "\(error); it is fetched again"))
        }
        let bytes = try await fetch(url, digest)
        let found = sha256(bytes)
        guard found == digest else {
            throw Problem(
                .notFetched,
                "the digest of '\(url)' differs: expected SHA-256 \(digest), got \(found)",
                hint: ContentFormat.recognised(bytes, path: url).flatMap { $0.kind == .html ? $0 : nil }.map {
                    "it is \($0.name): correct the URL, or see what it answers"
                }
                    ?? "something else is there now: compare it with what its publisher announces, and do not use it until they agree",
            )
        }
        do {
            try run.files.keep(bytes, as: digest, in: "\(run.cacheDirectory)/\(task)")
        } catch {
            emit(.warning(subject: url, "cannot be cached for the next boot: \(error)"))
        }
        return bytes
    }

    /// Returns the text of a pinned URL if it is in the cache.
    ///
    /// - Throws: ``Base/Problem`` if the cached file cannot be read, or does not match the digest.
    func kept(_ url: String, sha256 digest: String) throws(Problem) -> [UInt8]? {
        var fault: Problem?
        for path in ["\(run.cacheDirectory)/\(task)/\(digest)", path(of: digest)] {
            do {
                let bytes = try run.files.read(path, limit: SizeLimit.content)
                if sha256(bytes) == digest { return bytes }
                fault = fault ?? Problem(.notFetched, "the copy in the cache, '\(path)', is damaged")
            } catch {
                if !error.isNotFound {
                    fault = fault ?? Problem(.notFetched, "the copy in the cache cannot be used: \(error)")
                }
            }
        }
        if let fault { throw fault }
        return nil
    }

    /// Returns the path, shared by all tasks, at which an administrator may place the file.
    private func path(of digest: String) -> String { "\(run.cacheDirectory)/\(digest)" }

    private func fetch(_ url: String, _ digest: String) async throws(Problem) -> [UInt8] {
        let request = HTTPRequest(url: url, followsRedirects: true, replyLimit: SizeLimit.content)
        do {
            return try await RetryPolicy(deadline: deadline) { [emit] in emit(.waiting($0)) }.retry(
                .init(.condition, "'\(url)'")
            ) {
                () async throws(FetchError) in
                try await attempt(request)
            }
        } catch {
            let place = "put the file at '\(run.files.root + path(of: digest))'"
            throw Problem(
                .notFetched,
                "cannot fetch '\(url)'",
                hint: "\(error.hint ?? "make it reachable"), or \(place)",
                cause: error
            )
        }
    }

    private func attempt(_ request: HTTPRequest) async throws(FetchError) -> [UInt8] {
        let response: HTTPResponse
        do {
            response = try await run.http.send(
                request,
                deadline: min(deadline, ContinuousClock.now + .seconds(60)),
            )
        } catch {
            throw FetchError(words: error.message, disposition: error.disposition, hint: Self.hint(for: error))
        }
        guard response.status == 200 else {
            let mayPass = response.status == 429 || response.status >= 500
            throw FetchError(
                words: "the server answered \(response.status)",
                disposition: mayPass ? .retry : .permanent,
                hint: mayPass ? nil : "correct the URL"
            )
        }
        return response.body
    }
}

extension DigestCache {
    /// Returns advice about a server that does not respond.
    private static func hint(for error: TransportError) -> String? {
        switch error.kind {
        case .untrusted, .selfSigned: "add the server's CA to the CAs of the system, which are trusted here"
        default: error.advice
        }
    }
}

/// The reason why a URL could not be fetched.
struct FetchError: Retriable, CustomStringConvertible {
    var words: String
    var disposition: Disposition
    var hint: String?

    var retryAfter: Duration? { nil }
    var description: String { words }
}

/// A file in a task's cache directory that lists the objects that earlier runs found unchanged.
struct VerifiedObjectStore {
    private let run: RunEnvironment
    private let directory: String

    private static let name = "verified.json"

    /// The maximum size of the file in bytes.
    private static let sizeLimit = 16 << 20

    init(_ context: ActionContext) {
        run = context.run
        directory = "\(run.cacheDirectory)/\(context.task.name)"
    }

    /// Returns the objects that earlier runs have saved, or none if they cannot be read.
    func objects() -> VerifiedObjects {
        VerifiedObjects(json: try? run.files.read("\(directory)/\(Self.name)", limit: Self.sizeLimit))
    }

    /// Saves the objects if they have changed.
    ///
    /// - Throws: ``Base/SystemError`` if the file cannot be written, in which case the next run only takes longer.
    func keep(_ objects: VerifiedObjects) throws(SystemError) {
        guard let json = objects.json, json.count <= Self.sizeLimit else { return }
        try run.files.keep(json, as: Self.name, in: directory)
    }
}
