import Base
import Glibc
import HTTP
import Host
import Kubernetes
import Planning

/// The cache of the contents of pinned URLs, which saves later runs from fetching them again.
extension ActionContext {
    /// The task's own cache directory; a confined task cannot write in the directories of other tasks.
    var cacheDirectory: String { "\(Self.sharedCache)/\(task.name)" }
    private static let sharedCache = RunEnvironment.usualCacheDirectory

    /// Returns the location of a file with the content of a pinned URL, from the cache or the server.
    ///
    /// Requests with temporary failures are retried until the task's deadline. An interrupted transfer is resumed, also
    /// by a later run, if the server supports ranges.
    func fetched(_ url: String, sha256 digest: String) async throws(Problem) -> String {
        if let kept = await onThread({ kept(sha256: digest) }) { return kept }
        if let process = run.networkProcess(of: task) {
            try await perform(.fetch, by: process)
            if let kept = await onThread({ kept(sha256: digest) }) { return kept }
            throw Problem("cannot fetch '\(urlWithoutQuery(url))': nothing with its digest arrived")
        }
        let failure = "cannot fetch '\(urlWithoutQuery(url))'"
        let (location, part, isResumed) = try attempt(failure) {
            let location = try run.files.stateLocation(cacheDirectory)
            let part = try PartialFile(digest, in: location)
            return (location, part, try part.size > 0)
        }
        // A partial file that cannot be completed would only take up space.
        func discard() { try? run.files.discard("\(digest).part", in: cacheDirectory) }
        do {
            _ = try await fetch(url, digest, part)
        } catch {
            if error.cause is SystemError { discard() }
            throw error
        }
        let found = try await onThread(failure) {
            let found = try sha256(ofFile: "\(location)/\(digest).part")
            if found == digest { try part.complete() }
            return found
        }
        if found == digest { return "\(location)/\(digest)" }
        discard()
        // The part from an earlier run may be damaged, so the whole file is fetched.
        if isResumed { return try await fetched(url, sha256: digest) }
        throw difference(of: url, found, from: digest)
    }

    private func difference(of url: String, _ found: String, from digest: String) -> Problem {
        Problem(
            "the digest of '\(urlWithoutQuery(url))' differs: expected SHA-256 \(digest), got \(found)",
            hint: "compare it with what its publisher announces, and do not use it until they agree"
        )
    }

    /// Returns the text of a pinned URL from the cache or the server; a dry run does not write into the cache.
    func fetchedText(_ url: String, sha256 digest: String) async throws(Problem) -> [UInt8] {
        if run.files.isDryRun {
            if let kept = keptText(sha256: digest) { return kept }
            let bytes = try await fetch(url, digest, nil)
            let found = HTTP.sha256(bytes)
            guard found == digest else { throw difference(of: url, found, from: digest) }
            return bytes
        }
        let location = try await fetched(url, sha256: digest)
        return try attempt("cannot read '\(urlWithoutQuery(url))'") {
            try readFile(location, limit: SizeLimit.content)
        }
    }

    /// Returns the text with a digest, or `nil` if the cache has no usable file with it.
    func keptText(sha256 digest: String) -> [UInt8]? {
        kept(sha256: digest).flatMap { try? readFile($0, limit: SizeLimit.content) }
    }

    /// Returns the location of a usable cached file: the task's or, if there is none, one in the shared directory.
    ///
    /// A file that has another digest, cannot be read or is refused as untrusted causes a warning.
    func kept(sha256 digest: String) -> String? {
        for path in ["\(cacheDirectory)/\(digest)", "\(Self.sharedCache)/\(digest)"] {
            do {
                let location = try run.files.location(ofRead: path)
                guard try FileSystem.exists(location) else { continue }
                try run.files.requireTrusted(path, isData: true)
                if try sha256(ofFile: location) == digest { return location }
                emit(.warning(subject: path, "has another digest than its name, and is not used"))
            } catch {
                emit(.warning(subject: path, "is not used: \(error)"))
            }
        }
        return nil
    }

    /// Removes from the task's cache the files that are named after other digests.
    func discardOthers(than digests: [String]) {
        for name in (try? run.files.list(cacheDirectory)) ?? [] {
            let stem = String(name.prefix { $0 != "." })
            guard !digests.contains(stem), stem.utf8.count == 64, stem.allSatisfy(\.isHexDigit) else { continue }
            // A file that cannot be removed only takes up space.
            try? run.files.discard(name, in: cacheDirectory)
        }
    }

    /// Fetches the rest of a partial file; without a file, returns the text at the URL.
    private func fetch(_ url: String, _ digest: String, _ part: PartialFile?) async throws(Problem) -> [UInt8] {
        do {
            return
                try await retryPolicy
                .retry(.init(.condition, "'\(urlWithoutQuery(url))'")) { () async throws(NotYet) in
                    try await resume(url, part)
                }
        } catch {
            if let refusal = error.refusal {
                throw Problem("cannot keep '\(urlWithoutQuery(url))'", cause: refusal)
            }
            let place = run.files.root + "\(Self.sharedCache)/\(digest)"
            let hint = "correct the URL, or put the file at '\(place)'"
            throw Problem("cannot fetch '\(urlWithoutQuery(url))'", hint: hint, cause: error)
        }
    }

    private func resume(_ url: String, _ part: PartialFile?) async throws(NotYet) -> [UInt8] {
        let size = (try? part?.size) ?? 0
        let range = size > 0 ? [HTTPHeader("Range", "bytes=\(size)-")] : []
        // A compressed body would have another digest, and could not be resumed.
        let headers = range + [HTTPHeader("Accept-Encoding", "identity")]
        let request = HTTPRequest(url: url, headers: headers, followsRedirects: true, replyLimit: SizeLimit.content)
        let isStale = Locked(size > 0)
        let receive: BodyReceiver = { (response, bytes) throws(SystemError) in
            let wasStale = isStale.withLock { isStale in
                defer { isStale = false }
                return isStale
            }
            // A server that does not support ranges sends the whole file.
            if wasStale, response.status == 200 { try part?.clear() }
            try part?.append(bytes)
        }
        let response: HTTPResponse
        do throws(TransportError) {
            response = try await run.http.send(request, deadline: deadline, receiver: part == nil ? nil : receive)
        } catch {
            let disposition = error.refusal == nil ? error.disposition : .permanent
            throw NotYet(words: error.message, disposition: disposition, refusal: error.refusal)
        }
        if [200, 206].contains(response.status) { return response.body }
        // The partial file is not shorter than the file on the server, so it cannot be resumed.
        if response.status == 416, size > 0, (try? part?.clear()) != nil { return try await resume(url, part) }
        let target = response.redirectedURL.map { " at '\(urlWithoutQuery($0))', to which it is redirected" } ?? ""
        throw NotYet(
            words: "the server answered \(response.status)\(target)",
            disposition: response.status == 429 || response.status >= 500 ? .retry : .permanent
        )
    }
}
