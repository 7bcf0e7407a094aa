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
        let response = try await fetch(url, digest)
        let bytes = response.body
        let found = sha256(bytes)
        guard found == digest else {
            throw mismatch(url, digest, found, response)
        }
        do {
            try run.files.keep(bytes, as: digest, in: "\(run.cacheDirectory)/\(task)")
        } catch {
            emit(.warning(subject: url, "cannot be cached for the next boot: \(error)"))
        }
        return bytes
    }

    /// Returns the error of a content with another digest.
    ///
    /// - Parameters:
    ///   - url: The URL.
    ///   - digest: The digest in the task file.
    ///   - found: The digest of the content.
    ///   - response: The response, with at least the beginning of its body.
    /// - Returns: The error, with what was answered and what to do.
    func mismatch(_ url: String, _ digest: String, _ found: String, _ response: HTTPResponse) -> Problem {
        let words = "the digest of '\(url)' differs: expected SHA-256 \(digest), got \(found)"
        let (answer, hint) = difference(response, url, digest)
        return Problem(words + answer, hint: hint)
    }

    /// Returns what was answered in place of a pinned text, and what to do.
    private func difference(_ response: HTTPResponse, _ url: String, _ digest: String) -> (String, hint: String) {
        let target = response.redirectedURL
        let way = target.map { ": it is redirected to '\(urlWithoutQuery($0))'" } ?? ""
        let isPage = ContentFormat.recognised(response.body, path: url)?.kind == .html
        if isPage {
            let page = way.isEmpty ? ": it is an HTML page" : ", an HTML page"
            return (way + page, "correct the URL, or \(place(of: digest))")
        }
        let advice = "compare it with what its publisher announces, and do not use it until they agree"
        return (way, "something else is there now: \(advice)")
    }

    /// The place at which an administrator may put the file, as advice.
    private func place(of digest: String) -> String { "put the file at '\(run.files.root + path(of: digest))'" }

    /// Returns the text of a pinned URL if it is in the cache.
    ///
    /// - Throws: ``Base/Problem`` if the cached file cannot be read, or does not match the digest.
    func kept(_ url: String, sha256 digest: String) throws(Problem) -> [UInt8]? {
        var fault: Problem?
        for path in copies(of: digest) {
            do {
                let bytes = try run.files.read(path, limit: SizeLimit.content)
                if sha256(bytes) == digest { return bytes }
                fault = fault ?? Problem("the copy in the cache, '\(path)', is damaged")
            } catch {
                if !error.isNotFound {
                    fault = fault ?? Problem("the copy in the cache cannot be used: \(error)")
                }
            }
        }
        if let fault { throw fault }
        return nil
    }

    /// Returns the paths at which the cache may have a copy.
    func copies(of digest: String) -> [String] { ["\(run.cacheDirectory)/\(task)/\(digest)", path(of: digest)] }

    /// Returns the path, shared by all tasks, at which an administrator may place the file.
    private func path(of digest: String) -> String { "\(run.cacheDirectory)/\(digest)" }

    private func fetch(_ url: String, _ digest: String) async throws(Problem) -> HTTPResponse {
        let request = HTTPRequest(url: url, followsRedirects: true, replyLimit: SizeLimit.content)
        do {
            return try await RetryPolicy(deadline: deadline) { [emit] in emit(.waiting($0)) }.retry(
                .init(.condition, "'\(url)'")
            ) {
                () async throws(FetchError) in
                try await attempt(request)
            }
        } catch {
            throw unreachable(url, digest, error)
        }
    }

    /// Returns the error of a content that its server does not send.
    func unreachable(_ url: String, _ digest: String, _ error: FetchError) -> Problem {
        Problem(
            "cannot fetch '\(url)'",
            hint: "\(error.hint ?? "make it reachable"), or \(place(of: digest))",
            cause: error
        )
    }

    /// Sends a request once.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - limit: The instant after which the attempt is given up, `nil` for a minute from now.
    ///   - receiver: A function that receives the body in parts, see ``HTTP/HTTPClient``.
    /// - Returns: The response, with status 200 or 206.
    /// - Throws: ``FetchError`` if there is no such response.
    func attempt(
        _ request: HTTPRequest,
        until limit: ContinuousClock.Instant? = nil,
        receiver: BodyReceiver? = nil
    ) async throws(FetchError) -> HTTPResponse {
        let response: HTTPResponse
        do {
            response = try await run.http.send(
                request,
                deadline: min(deadline, limit ?? ContinuousClock.now + .seconds(60)),
                receiver: receiver
            )
        } catch {
            throw FetchError(
                words: error.message,
                disposition: error.disposition,
                hint: error.advice
            )
        }
        guard response.status == 200 || response.status == 206 && receiver != nil else {
            let mayPass = response.status == 429 || response.status >= 500
            let target = response.redirectedURL.map { " at '\(urlWithoutQuery($0))', to which it is redirected" } ?? ""
            throw FetchError(
                words: "the server answered \(response.status)\(target)",
                disposition: mayPass ? .retry : .permanent,
                hint: mayPass ? nil : "correct the URL",
                status: response.status
            )
        }
        return response
    }
}

/// The reason why a URL could not be fetched.
struct FetchError: Retriable, CustomStringConvertible {
    var words: String
    var disposition: Disposition
    var hint: String?
    /// The status with which the server answered, `nil` if it did not.
    var status: Int?

    var retryAfter: Duration? { nil }
    var description: String { words }
}
