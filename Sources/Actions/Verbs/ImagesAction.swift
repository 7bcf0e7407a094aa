import Base
import Glibc
import HTTP
import Host
import Kubernetes
public import Planning

/// Verb `images`: imports container images into containerd.
///
/// An archive is imported unless the task has imported the same digest and containerd still has all its images.
struct ImagesAction: Action {
    let context: ActionContext
    let declaration: ImagesDeclaration
    private var socket: LocatedPath { declaration.socket }

    private var files: NodeFiles { context.run.files }

    /// Imports archives if necessary, pins all images, and returns whether anything changed.
    ///
    /// With a root directory, nothing is imported, because the running containerd belongs to this machine.
    func run() async throws -> Bool {
        guard files.root.isEmpty else {
            let words = "no images are imported, because '--root' is for another machine"
            context.emit(.warning(subject: declaration.socket.path, words))
            return false
        }
        let isAnswered = !files.isDryRun || LocalSocket.exists(declaration.socket.path)
        var present = isAnswered ? try await presentNames() : []
        var images: [String] = []
        var digests: [String] = []
        var isChanged = false
        for source in declaration.archives {
            let archive = try await Archive(source, "cannot import", context)
            digests.append(archive.sha256)
            if let names = lines(of: Self.list(archive)), present.isSuperset(of: names) {
                images += names
                continue
            }
            isChanged = true
            guard !files.isDryRun else {
                context.emit(.planned("would import the images of '\(archive.name)'"))
                continue
            }
            images += try await importImages(archive, &present)
        }
        guard !files.isDryRun else { return isChanged }
        context.discardOthers(than: digests)
        return try await pin(images.unique { $0 }) || isChanged
    }

    /// Imports an archive, and returns the names of its images.
    private func importImages(_ archive: Archive, _ present: inout Set<String>) async throws -> [String] {
        let file = try await archive.file()
        let names = try await names(in: file, archive)
        // Recorded before the import, so that 'reset' can remove the images of an interrupted import.
        let imported = Set(lines(of: Self.importedList) ?? []).union(names.filter { !present.contains($0) })
        try keep(imported.sorted(), as: Self.importedList)
        let reason = "containerd imports '\(archive.name)'"
        context.emit(.waiting(Wait(.init(.condition, "images"), reason: reason)))
        try await importArchive(file, archive.name)
        present = try await presentNames()
        if let absent = names.first(where: { !present.contains($0) }) {
            let words = "containerd has imported '\(archive.name)' and does not have image '\(absent)' of it"
            throw Problem(words, at: archive.location)
        }
        try keep(names, as: Self.list(archive))
        for name in names { context.emit(.change("image '\(name)'", "imported")) }
        return names
    }

    /// Protects images from the kubelet's garbage collection, and returns whether any was unprotected before.
    ///
    /// An unprotected image that the task has not imported gets a second label, so that `reset` only unpins it.
    private func pin(_ images: [String]) async throws -> Bool {
        let (pin, value) = ImagesDeclaration.pin
        let pinned = try await presentNames(["labels.\"\(pin)\"==\(value)"])
        let imported = lines(of: Self.importedList) ?? []
        let others = images.filter { !pinned.contains($0) }
        for name in others {
            let isImported = imported.containsExactly(name)
            let owner = isImported ? [] : ["\(ImagesDeclaration.pinnedBy)=\(context.task.name)"]
            _ = try await run("image '\(name)' cannot be pinned", ["label", name, "\(pin)=\(value)"] + owner)
            if !isImported { context.emit(.change("image '\(name)'", "pinned")) }
        }
        return !others.isEmpty
    }
}

/// The names under which containerd imports images.
extension ImagesAction {
    /// Reads the names of the images in an archive from the index of an OCI layout, or from the list of `docker save`.
    private func names(in file: String, _ archive: Archive) async throws -> [String] {
        var reason = ""
        for document in ["index.json", "manifest.json"] {
            let words = ["--extract", "--to-stdout", "--occurrence=1", "--no-anchored", document]
            let result = try await context.tar(file, words)
            try Task.checkCancellation()
            reason = result.reason
            guard result.status.isSuccess else { continue }
            let node = try readJSON(result.output.copy, file: "\(document) of '\(archive.name)'")
            let names = node.sequence == nil ? Self.layoutNames(node) : Self.dockerNames(node)
            // Names are recorded one per line.
            if let name = names.first(where: { $0.contains(where: \.isWhitespace) }) {
                throw Problem(
                    "'\(archive.name)' has an image with the wrong name '\(printable(name))'",
                    at: archive.location
                )
            }
            if !names.isEmpty { return names.unique { $0 } }
            throw Problem(
                "'\(archive.name)' has images without names",
                at: archive.location,
                hint: "write it with names: docker save NAME:TAG, or skopeo copy docker://NAME oci-archive:FILE:NAME"
            )
        }
        throw Problem("'\(archive.name)' has no list of images: \(reason)", at: archive.location)
    }

    /// Returns the names in the index of an OCI layout, except tags without a repository, which `ctr` would rename.
    private static func layoutNames(_ index: Node) -> [String] {
        (index["manifests"]?.sequence ?? []).compactMap { entry in
            let annotations = entry["annotations"]
            let name = annotations?["io.containerd.image.name"]?.string
            let reference = annotations?["org.opencontainers.image.ref.name"]?.string
            return name ?? reference.flatMap { $0.contains { "/:@".contains($0) } ? $0 : nil }
        }
    }

    /// Returns the names in the list of `docker save`, completed with defaults: `docker.io`, `library` and `latest`.
    private static func dockerNames(_ list: Node) -> [String] {
        (list.sequence ?? []).flatMap { $0["RepoTags"]?.sequence ?? [] }.compactMap(\.string).map { tag in
            var parts = tag.pathParts.map(String.init)
            let isHost = parts.count > 1 && (parts[0].contains { ".:".contains($0) } || parts[0] == "localhost")
            if !isHost { parts.insert("docker.io", at: 0) }
            if parts[0] == "docker.io", parts.count == 2 { parts.insert("library", at: 1) }
            let hasTag = parts.last?.contains(":") == true
            return parts.joined(separator: "/") + (hasTag ? "" : ":latest")
        }
    }
}

/// Lists of image names in the task's cache directory, one name per line.
extension ImagesAction {
    /// The name of the list of images that containerd did not have before the task imported them.
    static let importedList = "imported"

    /// Returns the name of an archive's list, which is written after the import.
    private static func list(_ archive: Archive) -> String { "\(archive.sha256).images" }

    private func lines(of list: String) -> [String]? {
        guard let bytes = try? files.read("\(context.cacheDirectory)/\(list)", limit: 8 << 20) else { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private func keep(_ names: [String], as list: String) throws(Problem) {
        try attempt("cannot record what is imported") {
            try files.keep(Array(names.map { "\($0)\n" }.joined().utf8), as: list, in: context.cacheDirectory)
        }
    }
}

extension ImagesDeclaration {
    /// Returns shell commands that remove the images that a task has imported, and its pins of other images.
    ///
    /// The commands fail if the task has imported images and containerd does not run. The CRI plugin gives each image a
    /// second name, `sha256:…`, which is removed with the last other name.
    public func removalCommands(ofTask task: String) -> String {
        func call(_ words: String...) -> String {
            shellLine([Self.program] + Self.arguments(socket: socket.path, ["images"] + words))
        }
        let list = call("list", "-q")
        let unlabelled = shellLine(["\(Self.pin.name)=", "\(Self.pinnedBy)="])
        let file = shellLine(["\(RunEnvironment.usualCacheDirectory)/\(task)/\(ImagesAction.importedList)"])
        // `ctr` prints a heading of six words; the third word after it is the digest of the image's manifest.
        return """
            test -S \(shellLine([socket.path])) || {
              test -s \(file) || exit 0
              echo "containerd does not run, which has images of the task: start it first" >&2
              exit 1
            }
            set -f
            for name in $(cat \(file) 2>/dev/null || true); do
              line=$(\(call("list")) "name==$name")
              set -- $line
              test -n "$9" || continue
              \(call("remove")) "$name" >/dev/null
              rest=$(\(list) "target.digest==$9")
              case $rest in *[!0-9a-z:]*) ;; sha256:*) \(call("remove")) "$rest" >/dev/null ;; esac
            done
            pinned=$(\(list) \(shellLine(["labels.\"\(Self.pinnedBy)\"==\"\(task)\""])))
            for name in $pinned; do \(call("label")) "$name" \(unlabelled) >/dev/null; done
            """
    }
}

/// Calls of `ctr` in the kubelet's containerd namespace.
extension ImagesAction {
    /// Waits until containerd answers, and returns the names of its images or, with a filter, of those that match it.
    private func presentNames(_ filters: [String] = []) async throws -> Set<String> {
        let list = try await run(
            "containerd cannot be reached at '\(socket.path)'",
            ["list", "-q"] + filters,
            retries: true
        )
        return Set(list.split(separator: "\n").map(String.init))
    }

    /// Imports an archive, which may be compressed with gzip.
    ///
    /// The images are not unpacked, because the kubelet's snapshotter may differ from the default of `ctr`.
    private func importArchive(_ file: String, _ name: String) async throws {
        // Older versions of 'ctr' do not accept compressed archives.
        let script = "file=$1; shift; gzip -dcf <\"$file\" | \"$@\""
        let shell = ["/bin/sh", "-c", script, "sh", file]
        _ = try await run("'\(name)' cannot be imported", ["import", "--no-unpack", "-"], by: shell)
    }

    private func run(
        _ failure: String,
        _ words: [String],
        by shell: [String] = [],
        retries: Bool = false
    ) async throws -> String {
        do throws(NotYet) {
            guard retries else { return try await output(words, by: shell, until: context.deadline) }
            let subject = Wait.Subject(.condition, "containerd at '\(socket.path)'")
            return try await context.retryPolicy.retry(subject) { () async throws(NotYet) in
                try await output(words, until: .now + .seconds(10))
            }
        } catch {
            try Task.checkCancellation()
            let hint = error.hint ?? "see 'journalctl -u containerd'"
            throw Problem("\(failure): \(error.words)", at: socket.location, hint: hint)
        }
    }

    private func output(
        _ words: [String],
        by shell: [String] = [],
        until limit: ContinuousClock.Instant
    ) async throws(NotYet) -> String {
        guard LocalSocket.exists(socket.path) else {
            throw NotYet(words: "there is no socket", hint: "start containerd, or correct 'socket'")
        }
        var environment = context.run.processEnvironment
        environment["PATH"] = searchPathOfPackages(environment["PATH"] ?? "")
        let line =
            shell + [ImagesDeclaration.program] + ImagesDeclaration.arguments(socket: socket.path, ["images"] + words)
        let result: FilterResult
        do throws(SystemError) {
            result = try await filter(
                Command(line[0], Array(line.dropFirst()), environment: environment),
                outputLimit: 16 << 20,
                deadline: min(context.deadline, limit)
            )
        } catch {
            let hint = "install the package 'containerd', or put 'ctr' into /usr/local/bin in an earlier task"
            throw NotYet(words: "\(error)", disposition: .permanent, hint: error.code == ENOENT ? hint : nil)
        }
        guard result.status.isSuccess else {
            throw NotYet(words: result.status == .timedOut ? "'ctr' does not answer" : result.reason)
        }
        return String(decoding: result.output.copy, as: UTF8.self)
    }
}

/// Returns a `PATH` with `/usr/sbin` and `/sbin`, which an ordinary user's `PATH` may lack.
func searchPathOfPackages(_ searchPath: String) -> String {
    ((searchPath.isEmpty ? [] : [searchPath]) + ["/usr/sbin", "/sbin"]).joined(separator: ":")
}
