import Base
public import Planning

extension ImagesDeclaration {
    /// Returns shell commands that remove the images that a task has imported, and the pins of those that were there.
    ///
    /// Labels of the images show which these are. The kubelet's interface of containerd gives each image a second name,
    /// `sha256:…`, which is removed with the last other name.
    ///
    /// - Parameter task: The name of the task.
    /// - Returns: The commands, which do nothing if there is no socket.
    public func removalCommands(ofTask task: String) -> String {
        func call(_ words: String...) -> String {
            shellLine([Self.program] + Self.arguments(socket: socket.path, ["images"] + words))
        }
        let list = call("list", "-q")
        func names(_ label: String) -> String { "\(list) \(shellLine(["labels.\"\(label)\"==\"\(task)\""]))" }
        let unlabelled = shellLine(["\(Self.pin.name)=", "\(Self.pinnedBy)="])
        // After the six words of the heading, the third word of an image is the digest of its manifest.
        return """
            test -S \(shellLine([socket.path])) || exit 0
            imported=$(\(names(Self.importedBy)))
            for name in $imported; do
              set -- $(\(call("list")) "name==$name")
              \(call("remove")) "$name" >/dev/null
              rest=$(\(list) "target.digest==$9")
              case $rest in *[!0-9a-z:]*) ;; sha256:*) \(call("remove")) "$rest" >/dev/null ;; esac
            done
            pinned=$(\(names(Self.pinnedBy)))
            for name in $pinned; do \(call("label")) "$name" \(unlabelled) >/dev/null; done
            """
    }
}
