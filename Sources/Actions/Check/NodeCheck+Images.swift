import Base
import Execution
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
