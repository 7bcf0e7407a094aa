import Archive
import Base
import Execution
import Host
import Planning

/// Images that the runtime does not keep.
extension NodeCheck {
    /// The time limit for the version of a containerd that runs.
    private static let versionLimit = Duration.seconds(2)

    /// Warns about a containerd that ignores the pins of images.
    func imageWarnings(_ task: PlannedTask) async -> [Problem] {
        guard let declaration = task.verb.declaration as? ImagesDeclaration, run.files.root.isEmpty else { return [] }
        let context = ActionContext(
            run: run,
            task: task,
            deadline: .now + Self.versionLimit,
            emit: Emitter { _, _ in }
        )
        guard let version = try? await Containerd(context, declaration).version(),
            !Containerd.protectsPinnedImages(version)
        else {
            return []
        }
        return [
            Problem(
                .ineffectiveKey,
                "containerd \(version) \(Containerd.unprotected)",
                at: declaration.socket.location
            )
        ]
    }
}

/// Images of several archives.
extension NodeCheck {
    /// The time limit for reading archives whose images are not known.
    private static let archiveLimit = Duration.seconds(30)

    /// Reports archives with different images of one name, of which each run would import the one after the other.
    ///
    /// Archives that are not on the node, and those for which there is no time, are left out.
    func imageConflicts() async -> [Problem] {
        let tasks = run.plan.steps.lazy.map(\.task).compactMap { task in
            (task.verb.declaration as? ImagesDeclaration).map { (task: task, declaration: $0) }
        }
        guard !isOffline, tasks.reduce(0, { $0 + $1.declaration.archives.count }) > 1 else { return [] }
        let deadline = ContinuousClock.now + Self.archiveLimit
        var seen: [ExactText: [String: (content: ImageArchive.Content, archive: String)]] = [:]
        var problems: [Problem] = []
        for (task, declaration) in tasks {
            let socket = ExactText(declaration.socket.path)
            for source in declaration.archives {
                guard let archive = await imageArchive(source, task, until: deadline) else { continue }
                for image in archive.contents.images {
                    let name = "'\(archive.name)' of task '\(task.name)'"
                    guard let other = seen[socket]?[image.name] else {
                        seen[socket, default: [:]][image.name] = (image.content, name)
                        continue
                    }
                    guard other.content != image.content else { continue }
                    problems.append(
                        Problem(
                            .contradictingKeys,
                            "\(other.archive) and \(name) have different images of the name '\(image.name)'",
                            at: archive.location,
                            hint: "remove one of the two archives"
                        )
                    )
                    break
                }
            }
        }
        return problems
    }

    /// Returns the images of an archive, `nil` if they cannot be known.
    private func imageArchive(
        _ source: FileSource,
        _ task: PlannedTask,
        until deadline: ContinuousClock.Instant,
    ) async -> (name: String, location: SourceLocation, contents: ImageArchive)? {
        let context = ActionContext(run: run, task: task, deadline: deadline, emit: Emitter { _, _ in })
        let found: (name: String, location: SourceLocation, digest: String, file: String?)
        switch source {
        case .path(let path):
            guard producers.producer(of: path.path) == nil,
                let file = try? run.files.location(ofRead: path.path),
                let digest = try? await onThread({ () throws(SystemError) in try run.files.digest(ofFile: path.path) })
            else { return nil }
            found = (path.path, path.location, digest, file)
        case .url(let url, let digest, let location):
            found = (url, location, digest, (try? await context.cache.keptFile(sha256: digest)) ?? nil)
        }
        if let contents = ImportedImages(context, sha256: found.digest).load() {
            return (found.name, found.location, contents)
        }
        guard let file = found.file, deadline > .now,
            let contents = try? await onThread({ () throws(ArchiveError) in
                try ImageArchive(of: file, architecture: Machine.architecture, deadline: deadline)
            })
        else { return nil }
        return (found.name, found.location, contents)
    }
}
