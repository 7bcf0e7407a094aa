import Archive
import Base
import Execution
import Host
import Planning

/// Verb `images`: imports images of containers into containerd.
struct ImagesAction: Action {
    private let context: ActionContext
    private let declaration: ImagesDeclaration
    private let containerd: Containerd

    init(_ context: ActionContext, _ declaration: ImagesDeclaration) {
        (self.context, self.declaration) = (context, declaration)
        containerd = Containerd(context, declaration)
    }

    /// An archive that was read, with the images in it.
    private struct ReadArchive {
        /// The path or URL, for messages.
        var name: String
        var location: SourceLocation
        var sha256: String
        /// The location of the file, `nil` for a URL that is fetched only if something is missing.
        var file: String?
        var contents: ImageArchive
    }

    private var isDryRun: Bool { context.run.files.isDryRun }

    /// Imports the archives of which an image is missing, pins all images, and returns whether anything changed.
    ///
    /// All archives are read and checked before any image is imported. With a root, nothing is imported: the containerd
    /// that runs is that of this machine.
    func run() async throws -> Bool {
        guard context.run.files.root.isEmpty else {
            context.emit(
                .warning(
                    subject: declaration.socket.path,
                    "no images are imported, because '--root' is for another machine"
                )
            )
            return false
        }
        var archives: [ReadArchive] = []
        var isChanged = false
        for source in declaration.archives {
            if let archive = try await archive(source) { archives.append(archive) } else { isChanged = true }
        }
        try requireOneContent(archives)
        guard !isDryRun || LocalSocket.exists(declaration.socket.path) else {
            for archive in archives { context.emit(.planned("would import the images of '\(archive.name)'")) }
            return isChanged || !archives.isEmpty
        }
        if try await importMissing(archives) { isChanged = true }
        if !isDryRun { context.cache.discardOthers(than: archives.map(\.sha256)) }
        return isChanged
    }

    /// Imports the archives of which an image is missing, and pins all images.
    ///
    /// - Returns: Whether anything changed, or would in a dry run.
    private func importMissing(_ archives: [ReadArchive]) async throws -> Bool {
        var state = try await containerd.state()
        warn(of: state.version)
        var isChanged = false
        for archive in archives {
            let missing = try await containerd.missing(archive.contents.images, state)
            guard !missing.isEmpty else { continue }
            isChanged = true
            guard !isDryRun else {
                for image in missing { context.emit(.planned("would import image '\(image.name)'")) }
                continue
            }
            try await importImages(archive, missing, &state)
        }
        let images = archives.flatMap(\.contents.images).unique { $0.name }
        return try await pin(images, state) || isChanged
    }

    /// Warns about a containerd that does not protect pinned images.
    private func warn(of version: String?) {
        guard let version, !Containerd.protectsPinnedImages(version) else { return }
        context.emit(.warning(subject: "containerd \(version)", "it \(Containerd.unprotected)"))
    }

    /// Returns an archive with its images, `nil` if a dry run would have to fetch or make it, which has been reported.
    private func archive(_ source: FileSource) async throws(Problem) -> ReadArchive? {
        switch source {
        case .path(let path):
            let files = context.run.files
            guard !files.isOfUnknownContent(path.path) else {
                context.emit(.planned("would import the images of '\(path.path)'"))
                return nil
            }
            let found: (file: String, sha256: String)
            do {
                found = try await onThread { () throws(SystemError) in
                    (try files.location(ofRead: path.path), try files.digest(ofFile: path.path))
                }
            } catch {
                throw Problem(
                    "cannot import '\(path.path)'",
                    at: path.location,
                    hint: error.advice,
                    cause: error
                )
            }
            return try await archive(path.path, path.location, found.sha256, in: found.file)
        case .url(let url, let digest, let location):
            let list = ImportedImages(context, sha256: digest)
            if let contents = list.load() {
                return ReadArchive(name: url, location: location, sha256: digest, file: nil, contents: contents)
            }
            guard let file = try await fetched(url, digest) else {
                context.emit(.planned("would fetch '\(url)', and import its images"))
                return nil
            }
            return try await archive(url, location, digest, in: file)
        }
    }

    /// Returns the location of a pinned URL's file, `nil` if a dry run would have to fetch it.
    private func fetched(_ url: String, _ digest: String) async throws(Problem) -> String? {
        guard isDryRun else { return try await context.cache.file(of: url, sha256: digest) }
        return try? await context.cache.keptFile(sha256: digest)
    }

    /// Reads an archive unless its images are known.
    private func archive(
        _ name: String,
        _ location: SourceLocation,
        _ digest: String,
        in file: String
    ) async throws(Problem) -> ReadArchive {
        let list = ImportedImages(context, sha256: digest)
        if let contents = list.load() {
            return ReadArchive(name: name, location: location, sha256: digest, file: file, contents: contents)
        }
        do throws(ArchiveError) {
            let deadline = context.deadline
            let contents = try await onThread { () throws(ArchiveError) in
                try ImageArchive(of: file, architecture: Machine.architecture, deadline: deadline)
            }
            list.save(contents)
            return ReadArchive(name: name, location: location, sha256: digest, file: file, contents: contents)
        } catch {
            throw Problem(
                "'\(name)' \(error)",
                at: location,
                hint: error.advice
            )
        }
    }

    /// Refuses two archives with different images of one name, of which the later would replace the earlier in every run.
    private func requireOneContent(_ archives: [ReadArchive]) throws(Problem) {
        var seen: [String: (content: ImageArchive.Content, archive: String)] = [:]
        for archive in archives {
            for image in archive.contents.images {
                guard let other = seen[image.name] else {
                    seen[image.name] = (image.content, archive.name)
                    continue
                }
                guard other.content != image.content else { continue }
                throw Problem(
                    "'\(other.archive)' and '\(archive.name)' have different images of the name '\(image.name)'",
                    at: archive.location,
                    hint: "remove one of the two archives"
                )
            }
        }
    }

    private func importImages(
        _ archive: ReadArchive,
        _ missing: [ImageArchive.Image],
        _ state: inout Containerd.State
    ) async throws {
        let file: String
        if let known = archive.file {
            file = known
        } else {
            file = try await context.cache.file(of: archive.name, sha256: archive.sha256)
        }
        // If this process ends before the images have their labels, the names show the next run and a reset what to label or
        // to remove.
        do {
            try importedNames.add(missing.map(\.name))
        } catch {
            throw Problem("cannot record what is imported", hint: error.advice, cause: error)
        }
        let words = missing.count == 1 ? "image '\(missing[0].name)'" : "\(missing.count) images"
        let reason = "containerd imports \(words) from '\(archive.name)'"
        context.emit(.waiting(Wait(.init(.condition, "images"), reason: reason)))
        if archive.contents.isCompressed {
            try await importCompressed(file, archive)
        } else {
            try await containerd.importArchive(file, archive.name)
        }
        state = try await containerd.state()
        let absent = try await containerd.missing(archive.contents.images, state)
        if let first = absent.first {
            // The list may be damaged.
            ImportedImages(context, sha256: archive.sha256).discard()
            throw Problem(
                "containerd has imported '\(archive.name)' and does not have image '\(first.name)' of it",
                at: archive.location,
                hint: "see what it has: \(containerd.quotedCall(["images", "list"]))"
            )
        }
        for image in missing { context.emit(.change("image '\(image.name)'", "imported")) }
    }

    /// Imports a copy that is not compressed, because older versions of `ctr` take no other.
    private func importCompressed(_ file: String, _ archive: ReadArchive) async throws {
        let directory = "\(context.run.cacheDirectory)/\(context.task.name)"
        let name = "images.tar"
        let files = context.run.files
        defer { try? files.discard(name, in: directory) }
        let copy: String
        do {
            copy = try await onThread { () throws(SystemError) in
                let copy = "\(try files.stateLocation(directory))/\(name)"
                try decompress(file, to: copy, mode: 0o600)
                return copy
            }
        } catch {
            throw Problem(
                "cannot decompress '\(archive.name)'",
                at: archive.location,
                hint: error.advice,
                cause: error
            )
        }
        try await containerd.importArchive(copy, archive.name)
    }

    /// Pins images against the kubelet's garbage collection, and labels them for `reset`.
    ///
    /// An image of another content, which the name of an imported one had before, cannot be restored.
    ///
    /// - Parameters:
    ///   - images: The images, all of which containerd has, except in a dry run.
    ///   - state: The images of containerd.
    /// - Returns: Whether the labels of an image were set, or would be in a dry run.
    /// - Throws: ``Base/Problem`` if containerd refuses.
    private func pin(_ images: [ImageArchive.Image], _ state: Containerd.State) async throws -> Bool {
        var pending: [(name: String, labels: [(name: String, value: String)], isImported: Bool)] = []
        let imported = importedNames.load()
        for image in images {
            guard let present = state.images[image.name] else { continue }
            let isImported = imported.contains(image.name)
            // containerd keeps the labels of a name whose content an import has replaced.
            guard !present.isPinned || isImported && !present.isImportedByTask else { continue }
            let label = isImported ? ImagesDeclaration.importedBy : ImagesDeclaration.pinnedBy
            let labels = [
                (ImagesDeclaration.pin.name, ImagesDeclaration.pin.value), (label, context.task.name),
                (ImagesDeclaration.importedDigest, isImported ? present.target : ""),
            ]
            pending.append((image.name, labels, isImported))
        }
        if isDryRun {
            for image in pending { context.emit(.planned("would pin image '\(image.name)'")) }
            return !pending.isEmpty
        }
        // 'ctr' labels one image in each call, and takes most of the time of a call to start.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, image) in pending.enumerated() {
                if index >= Self.labelLimit { try await group.next() }
                group.addTask { [containerd, context] in
                    try await containerd.label(image.name, image.labels)
                    if !image.isImported { context.emit(.change("image '\(image.name)'", "pinned")) }
                }
            }
            try await group.waitForAll()
        }
        return !pending.isEmpty
    }

    /// The maximum number of calls of `ctr` at the same time.
    private static let labelLimit = 8

    private var importedNames: ImportedNames { ImportedNames(context) }
}
