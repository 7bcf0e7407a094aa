import Base
import Execution
import HTTP
import Host
import Kubernetes
import TLS

/// Files of any size, which are streamed to the disk.
extension DigestCache {
    /// Returns the location of a file with the content of a pinned URL, from the cache or from its server.
    ///
    /// An interrupted transfer is resumed where it ended, also by a later run, if the server supports ranges.
    ///
    /// - Parameters:
    ///   - url: The URL.
    ///   - digest: The SHA-256 digest of its content.
    /// - Returns: The location of the file, which had the digest when it was read.
    /// - Throws: ``Base/Problem`` if the content cannot be fetched until the deadline, or has another digest.
    func file(of url: String, sha256 digest: String) async throws(Problem) -> String {
        do {
            if let kept = try await keptFile(sha256: digest) { return kept }
        } catch {
            emit(.warning(subject: url, "\(error); it is fetched again"))
        }
        let result: Result<String, Problem>
        do throws(SystemError) {
            let directory = try run.files.stateLocation("\(run.cacheDirectory)/\(task)")
            let transfer = try FileTransfer(PartialFile(digest, in: directory), of: url)
            result = try await complete(transfer, url, digest, in: directory)
        } catch {
            throw Problem("cannot fetch '\(url)'", hint: error.advice, cause: error)
        }
        return try result.get()
    }

    /// Fetches a file unless all of it has arrived, and returns its location.
    private func complete(
        _ transfer: FileTransfer,
        _ url: String,
        _ digest: String,
        in directory: String
    ) async throws(SystemError) -> Result<String, Problem> {
        var found = try await onThread { () throws(SystemError) in try transfer.digest() }
        while found != digest {
            do {
                try await fetch(url, digest, transfer)
            } catch {
                return .failure(error)
            }
            found = try await onThread { () throws(SystemError) in try transfer.digest() }
            guard found != digest else { break }
            let isResumed = transfer.isResumed
            try transfer.clear()
            // The part that was there may be damaged, or of another version.
            if isResumed { continue }
            return .failure(mismatch(url, digest, found, transfer.answer))
        }
        try transfer.file.complete()
        return .success("\(directory)/\(digest)")
    }

    /// Returns the location of a file of the cache.
    ///
    /// - Parameter digest: The SHA-256 digest of its content.
    /// - Returns: The location, or `nil` if the cache has no such file.
    /// - Throws: ``Base/Problem`` if the file cannot be read, or does not have the digest.
    func keptFile(sha256 digest: String) async throws(Problem) -> String? {
        let files = run.files
        var fault: Problem?
        for path in copies(of: digest) {
            do throws(SystemError) {
                let location = try files.location(ofRead: path)
                guard try FileSystem.exists(location) else { continue }
                try files.requireTrusted(path, isData: true)
                if try await onThread({ () throws(SystemError) in try sha256(ofFile: location) }) == digest {
                    return location
                }
                fault = fault ?? Problem("the copy in the cache, '\(path)', is damaged")
            } catch {
                fault = fault ?? Problem("the copy in the cache cannot be used: \(error)")
            }
        }
        if let fault { throw fault }
        return nil
    }

    /// Removes the files that the task has fetched before, and lists of what was in them, except those of some digests.
    func discardOthers(than digests: [String]) {
        let directory = "\(run.cacheDirectory)/\(task)"
        for name in (try? run.files.list(directory)) ?? [] {
            let suffix = [".part", ImportedImages.suffix].first(where: name.hasSuffix) ?? ""
            let stem = String(name.dropLast(suffix.count))
            guard !digests.contains(stem), stem.utf8.count == 64, stem.allSatisfy(\.isHexDigit) else { continue }
            // A file that remains only takes space, and the next run tries again.
            try? run.files.discard(name, in: directory)
        }
    }

    private func fetch(_ url: String, _ digest: String, _ transfer: FileTransfer) async throws(Problem) {
        do {
            try await RetryPolicy(deadline: deadline) { [emit] in emit(.waiting($0)) }.retry(
                .init(.condition, "'\(url)'")
            ) { () async throws(FetchError) in
                try await resume(url, transfer)
            }
        } catch {
            if let failure = transfer.failure {
                // A part that cannot be completed only takes space.
                try? transfer.clear()
                throw Problem("cannot keep '\(url)'", hint: failure.advice, cause: failure)
            }
            throw unreachable(url, digest, error)
        }
    }

    /// Fetches what is missing of a file.
    private func resume(_ url: String, _ transfer: FileTransfer) async throws(FetchError) {
        let size = (try? transfer.file.size) ?? 0
        let range = size > 0 ? [HTTPHeader("Range", "bytes=\(size)-")] : []
        // An encoded body would have another digest, and could not be resumed.
        let headers = range + [HTTPHeader("Accept-Encoding", "identity")]
        let request = HTTPRequest(url: url, headers: headers, followsRedirects: true)
        transfer.begin { [emit, deadline] reason in
            emit(.waiting(Wait(.init(.condition, "'\(url)'"), reason: reason, givesUpAt: timeOfDay(of: deadline))))
        }
        do {
            transfer.finish(try await attempt(request, until: deadline, receiver: transfer.receive))
        } catch {
            guard transfer.failure == nil else {
                throw FetchError(words: error.words, disposition: .permanent, hint: error.hint)
            }
            // Nothing follows what has arrived, so that is not the beginning of the file.
            guard error.status == 416, size > 0, (try? transfer.clear()) != nil else { throw error }
            try await resume(url, transfer)
        }
    }
}
