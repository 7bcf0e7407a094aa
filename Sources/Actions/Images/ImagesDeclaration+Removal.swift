import Base
public import Planning

extension ImagesDeclaration {
    /// Returns shell commands that remove the images that a task has imported, and the pins of those that were there.
    ///
    /// Labels of the images show which these are, and for an import that was interrupted the list of names. An image that
    /// somebody has replaced since is left alone. The kubelet's interface of containerd gives each image a second name,
    /// `sha256:…`, which is removed with the last other name.
    ///
    /// - Parameter task: The name of the task.
    /// - Returns: The commands, which fail if there is something to remove and no containerd.
    public func removalCommands(ofTask task: String) -> String {
        func call(_ words: String...) -> String {
            shellLine([Self.program] + Self.arguments(socket: socket.path, ["images"] + words))
        }
        let list = call("list", "-q")
        func names(_ label: String) -> String { "\(list) \(shellLine(["labels.\"\(label)\"==\"\(task)\""]))" }
        let unlabelled = shellLine(["\(Self.pin.name)=", "\(Self.pinnedBy)="])
        let file = shellLine(["\(RunEnvironment.usualCacheDirectory)/\(task)/\(ImportedNames.fileName)"])
        // After the six words of the heading, the third word of an image is the digest of its manifest.
        return """
            test -S \(shellLine([socket.path])) || {
              test -s \(file) || exit 0
              echo "containerd does not run, which has images of the task: start it first" >&2
              exit 1
            }
            imported=$(\(names(Self.importedBy)); cat \(file) 2>/dev/null || true)
            for name in $(printf '%s\\n' $imported | sort -u); do
              line=$(\(call("list")) "name==$name")
              set -- $line
              case $line in *\(Self.importedDigest)=$9*) ;; *\(Self.importedDigest)=*) continue ;; esac
              test -n "$9" || continue
              \(call("remove")) "$name" >/dev/null
              rest=$(\(list) "target.digest==$9")
              case $rest in *[!0-9a-z:]*) ;; sha256:*) \(call("remove")) "$rest" >/dev/null ;; esac
            done
            pinned=$(\(names(Self.pinnedBy)))
            for name in $pinned; do \(call("label")) "$name" \(unlabelled) >/dev/null; done
            """
    }
}
