import Archive
import Base
import Execution
import Glibc
import Host
import Kubernetes
import Planning
import YAML

/// A client of the images of a containerd, in the namespace of the kubelet, which runs `ctr`.
struct Containerd {
    private let context: ActionContext
    private let socket: LocatedPath

    /// The number of bytes of output above which `ctr` is ended.
    private static let outputLimit = 16 << 20

    /// The maximum number of names of images in one command line.
    private static let nameLimit = 200

    init(_ context: ActionContext, _ declaration: ImagesDeclaration) {
        (self.context, socket) = (context, declaration.socket)
    }

    /// An image that containerd has.
    struct Image {
        /// The digest of the manifest or index to which the name leads.
        var target: String
        var isPinned: Bool
        /// Whether the labels say that the task has imported this content.
        var isImportedByTask: Bool
    }

    /// The images and the version of containerd.
    struct State {
        var images: [String: Image] = [:]
        var version: String?
    }

    /// Returns a command line that asks this containerd, quoted for a hint.
    func quotedCall(_ words: [String]) -> String {
        quotedShellLine([ImagesDeclaration.program] + ImagesDeclaration.arguments(socket: socket.path, words))
    }

    /// Returns whether a version of containerd protects pinned images from the kubelet's garbage collection.
    ///
    /// Source: release notes of containerd 1.6.25 and 1.7.10, "fix using the pinned label to pin image".
    static func protectsPinnedImages(_ version: String) -> Bool {
        let numbers = version.drop { !$0.isNumber }.prefix { $0.isNumber || $0 == "." }.split(separator: ".").map {
            Int($0) ?? 0
        }
        guard numbers.count >= 3 else { return true }
        switch (numbers[0], numbers[1]) {
        case (1, ..<6): return false
        case (1, 6): return numbers[2] >= 25
        case (1, 7): return numbers[2] >= 10
        default: return true
        }
    }

    /// The predicate of a version for which ``protectsPinnedImages(_:)`` is `false`.
    static let unprotected =
        "does not protect pinned images, so that the kubelet may remove them when the disk is full; install 1.6.25, 1.7.10, "
        + "2.0 or a later release of these"

    // MARK: Questions

    /// Waits until containerd answers, and returns its images and version.
    func state() async throws -> State {
        let policy = context.retryPolicy
        let version: String?
        do {
            version = try await policy.retry(.init(.condition, "containerd at '\(socket.path)'")) {
                () async throws(FetchError) in try await self.version()
            }
        } catch {
            try Task.checkCancellation()
            throw Problem(
                "containerd cannot be reached at '\(socket.path)': \(error.words)",
                at: socket.location,
                hint: error.hint
            )
        }
        let lines = try await output(["images", "list"]).split(separator: "\n").dropFirst()
        var state = State(version: version)
        for line in lines {
            let words = line.split { $0 == " " || $0 == "," }.map(String.init)
            guard words.count > 3 else { continue }
            let task = context.task.name
            func hasLabel(_ name: String, _ value: String) -> Bool { words.contains("\(name)=\(value)") }
            let target = words[2]
            state.images[words[0]] = Image(
                target: target,
                isPinned: hasLabel(ImagesDeclaration.pin.name, ImagesDeclaration.pin.value),
                isImportedByTask: hasLabel(ImagesDeclaration.importedBy, task)
                    && hasLabel(ImagesDeclaration.importedDigest, target)
            )
        }
        return state
    }

    /// Asks containerd for its version once.
    ///
    /// - Returns: The version, `nil` if containerd answers without one.
    /// - Throws: ``FetchError`` if it does not answer.
    func version() async throws(FetchError) -> String? {
        let advice = "see 'systemctl status containerd'"
        guard LocalSocket.exists(socket.path) else {
            throw FetchError(
                words: "there is no socket",
                disposition: .retry,
                hint: "start containerd, or correct 'socket'; \(advice)"
            )
        }
        let result: FilterResult
        do throws(SystemError) {
            result = try await filter(
                command(["version"]),
                input: SecretBytes(copying: []),
                outputLimit: Self.outputLimit,
                deadline: min(context.deadline, .now + .seconds(10))
            )
        } catch {
            let isMissing = error.code == ENOENT
            throw FetchError(
                words: "\(error)",
                disposition: .permanent,
                hint: isMissing ? Self.missing : error.advice
            )
        }
        guard result.status.isSuccess else {
            let isLate = result.status == .timedOut
            throw FetchError(
                words: isLate ? "it does not answer" : Self.reason(result),
                disposition: .retry,
                hint: advice
            )
        }
        let text = String(decoding: result.output.copy, as: UTF8.self)
        let server = text.firstRange(of: "Server:").map { text[$0.upperBound...] } ?? ""
        let line = server.split(separator: "\n").first { $0.contains("Version:") }
        return line?.split(separator: " ").last.map(String.init)
    }

    private static let missing = "install the package 'containerd', or put 'ctr' into /usr/local/bin in an earlier task"

    /// Returns the images that containerd lacks, or has with another or an incomplete content.
    func missing(_ images: [ImageArchive.Image], _ state: State) async throws -> [ImageArchive.Image] {
        let present = images.filter { state.images[$0.name] != nil }
        let complete = try await completeNames(present.map(\.name))
        var missing: [ImageArchive.Image] = []
        var configurations: [String: String?] = [:]
        for image in images {
            guard let target = state.images[image.name]?.target, complete.contains(image.name) else {
                missing.append(image)
                continue
            }
            let isSame: Bool
            switch image.content {
            case .target(let digest): isSame = digest == target
            case .configuration(let digest):
                if configurations[target] == nil { configurations[target] = await configuration(of: target) }
                isSame = configurations[target] == digest
            }
            if !isSame { missing.append(image) }
        }
        return missing
    }

    /// Returns the names of images of which containerd has all parts for its platform.
    ///
    /// An image of which not even the manifest can be read lacks parts, and makes `ctr` fail for all.
    private func completeNames(_ names: [String]) async throws -> Set<String> {
        var complete: Set<String> = []
        var rest = names[...]
        while !rest.isEmpty {
            let group = Array(rest.prefix(Self.nameLimit))
            rest = rest.dropFirst(group.count)
            do {
                let filters = group.map { "name==\"\($0)\"" }
                for line in try await output(["images", "check"] + filters).split(separator: "\n").dropFirst() {
                    let words = line.split(separator: " ")
                    if words.count > 3, words[3] == "complete" { complete.insert(String(words[0])) }
                }
            } catch {
                try Task.checkCancellation()
                guard group.count > 1, context.deadline > .now else { continue }
                let half = group.count / 2
                complete.formUnion(try await completeNames(Array(group.prefix(half))))
                complete.formUnion(try await completeNames(Array(group.dropFirst(half))))
            }
        }
        return complete
    }

    /// Returns the digest of the configuration of an image, `nil` if the image has none for this platform.
    private func configuration(of target: String) async -> String? {
        var digest = target
        for _ in 0..<4 {
            guard let text = try? await output(["content", "get", digest]),
                let node = try? readJSON(Array(text.utf8), file: digest)
            else { return nil }
            if let found = node["config"]?["digest"]?.string { return found }
            let next = node["manifests"]?.sequence?.first { entry in
                entry["platform"]?["architecture"]?.string == Machine.architecture
                    && entry["platform"]?["os"]?.string == "linux"
            }
            guard let found = next?["digest"]?.string else { return nil }
            digest = found
        }
        return nil
    }

    // MARK: Changes

    /// Imports an archive.
    ///
    /// The images are not unpacked: the kubelet's request does that with the snapshotter that is configured for it.
    ///
    /// - Parameters:
    ///   - file: The location of the archive.
    ///   - name: The path or URL, for messages.
    /// - Throws: ``Base/Problem`` if containerd refuses it.
    func importArchive(_ file: String, _ name: String) async throws {
        _ = try await output(["images", "import", "--no-unpack", file], subject: "'\(name)' cannot be imported")
    }

    /// Sets labels of an image; an empty value removes one.
    func label(_ name: String, _ labels: [(name: String, value: String)]) async throws {
        _ = try await output(["images", "label", name] + labels.map { "\($0.name)=\($0.value)" })
    }

    // MARK: The program

    private func command(_ words: [String]) -> Command {
        var environment = context.run.processEnvironment
        environment["PATH"] = searchPathOfPackages(environment["PATH"] ?? "")
        return Command(
            ImagesDeclaration.program,
            ImagesDeclaration.arguments(socket: socket.path, words),
            environment: environment
        )
    }

    private func output(_ words: [String], subject: String? = nil) async throws -> String {
        let subject = subject ?? "'\(ImagesDeclaration.program) \(words.prefix(2).joined(separator: " "))' failed"
        let result: FilterResult
        do throws(SystemError) {
            result = try await filter(
                command(words),
                input: SecretBytes(copying: []),
                outputLimit: Self.outputLimit,
                deadline: context.deadline
            )
        } catch {
            throw Problem(
                subject,
                at: socket.location,
                hint: error.code == ENOENT ? Self.missing : error.advice,
                cause: error
            )
        }
        guard result.status.isSuccess else {
            try Task.checkCancellation()
            let isLate = result.status == .timedOut
            throw Problem(
                isLate
                    ? "\(subject): 'ctr' has not finished within the task's timeout"
                    : "\(subject): \(Self.reason(result))",
                at: socket.location,
                hint: isLate ? "increase 'timeout' of task '\(context.task.name)'" : "see 'journalctl -u containerd'"
            )
        }
        return String(decoding: result.output.copy, as: UTF8.self)
    }

    /// Returns the reason that `ctr` has printed for its failure.
    private static func reason(_ result: FilterResult) -> String {
        let line = result.errors.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
        guard !line.isEmpty else { return "'ctr' \(result.status)" }
        return line.hasPrefix("ctr: ") ? String(line.dropFirst(5)) : line
    }
}

/// Returns a `PATH` with the directories of programs for administrators, which that of an ordinary user may lack.
func searchPathOfPackages(_ searchPath: String) -> String {
    ((searchPath.isEmpty ? [] : [searchPath]) + ["/usr/sbin", "/sbin"]).joined(separator: ":")
}
