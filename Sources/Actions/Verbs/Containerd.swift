import Base
import Execution
import Glibc
import Host
import Kubernetes
import Planning

/// A client of the images of a containerd, in the namespace of the kubelet, which runs `ctr`.
struct Containerd {
    private let context: ActionContext
    private let socket: LocatedPath

    init(_ context: ActionContext, _ declaration: ImagesDeclaration) {
        (self.context, socket) = (context, declaration.socket)
    }

    /// Waits until containerd answers, and returns the names of its images.
    ///
    /// - Parameter filters: Conditions for the images, none for all images.
    /// - Throws: ``Base/Problem`` if it does not answer until the deadline of the task.
    func names(_ filters: [String] = []) async throws -> Set<String> {
        let list = try await call("containerd cannot be reached at '\(socket.path)'") { () async throws(CallFailure) in
            try await context.retryPolicy.retry(.init(.condition, "containerd at '\(socket.path)'")) {
                () async throws(CallFailure) in
                try await output(["images", "list", "-q"] + filters, until: .now + .seconds(10))
            }
        }
        return Set(list.split(separator: "\n").map(String.init))
    }

    /// Imports an archive, which may be compressed with gzip.
    ///
    /// The images are not unpacked: the kubelet's request does that with the snapshotter that is configured for it.
    ///
    /// - Parameters:
    ///   - file: The location of the archive.
    ///   - name: The path or URL, for messages.
    /// - Throws: ``Base/Problem`` if containerd refuses it.
    func importArchive(_ file: String, _ name: String) async throws {
        // Older versions of 'ctr' take no compressed archives.
        let script = "file=$1; shift; gzip -dcf <\"$file\" | \"$@\""
        _ = try await call("'\(name)' cannot be imported") { () async throws(CallFailure) in
            try await output(["images", "import", "--no-unpack", "-"], by: ["/bin/sh", "-c", script, "sh", file])
        }
    }

    /// Sets labels of an image.
    func label(_ name: String, _ labels: [String]) async throws {
        _ = try await call("image '\(name)' cannot be pinned") { () async throws(CallFailure) in
            try await output(["images", "label", name] + labels)
        }
    }

    /// The failure of a call of `ctr`.
    private struct CallFailure: Retriable {
        var words: String
        var disposition = Disposition.retry
        var hint = "see 'journalctl -u containerd'"
        var retryAfter: Duration? { nil }
    }

    private func call(
        _ subject: String,
        _ body: () async throws(CallFailure) -> String
    ) async throws -> String {
        do {
            return try await body()
        } catch {
            try Task.checkCancellation()
            throw Problem("\(subject): \(error.words)", at: socket.location, hint: error.hint)
        }
    }

    private func output(
        _ words: [String],
        by shell: [String] = [],
        until limit: ContinuousClock.Instant? = nil
    ) async throws(CallFailure) -> String {
        guard LocalSocket.exists(socket.path) else {
            throw CallFailure(words: "there is no socket", hint: "start containerd, or correct 'socket'")
        }
        var environment = context.run.processEnvironment
        environment["PATH"] = searchPathOfPackages(environment["PATH"] ?? "")
        let line = shell + [ImagesDeclaration.program] + ImagesDeclaration.arguments(socket: socket.path, words)
        let result: FilterResult
        do throws(SystemError) {
            result = try await filter(
                Command(line[0], Array(line.dropFirst()), environment: environment),
                input: SecretBytes(copying: []),
                outputLimit: 16 << 20,
                deadline: min(context.deadline, limit ?? context.deadline)
            )
        } catch {
            let hint = "install the package 'containerd', or put 'ctr' into /usr/local/bin in an earlier task"
            let usual = CallFailure(words: "").hint
            throw CallFailure(words: "\(error)", disposition: .permanent, hint: error.code == ENOENT ? hint : usual)
        }
        guard result.status.isSuccess else {
            throw CallFailure(words: result.status == .timedOut ? "'ctr' does not answer" : result.reason)
        }
        return String(decoding: result.output.copy, as: UTF8.self)
    }
}

/// Returns a `PATH` with the directories of programs for administrators, which that of an ordinary user may lack.
func searchPathOfPackages(_ searchPath: String) -> String {
    ((searchPath.isEmpty ? [] : [searchPath]) + ["/usr/sbin", "/sbin"]).joined(separator: ":")
}
