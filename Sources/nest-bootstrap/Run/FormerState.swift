import Base
import Host
import Planning
import State

extension Configuration {
    /// Reads the state of what a task changes other than paths, as commands with which `reset` restores it.
    ///
    /// The commands leave a unit alone that no longer exists when they run.
    ///
    /// - Returns: The states; none for a unit or a setting that does not exist, or with a root, below which such a task
    ///   changes nothing.
    /// - Throws: ``Base/SystemError`` if systemd does not answer.
    func formerStates(of task: PlannedTask) async throws(SystemError) -> [ProductList.FormerState] {
        guard options.root == nil else { return [] }
        let settings = Self.formerValues(of: task.footprint.kernelSettings)
        if let declaration = task.verb.declaration as? ImagesDeclaration {
            return [Self.formerImages(of: task.name, declaration)]
        }
        guard let service = task.footprint.service, Systemd.isReachable else { return settings }
        let state = try await Systemd.installedUnit(service.unit)
        guard state.unit.load != "not-found" else { return [] }
        func call(_ word: String) -> String { shellLine(["systemctl", word, "--", service.unit]) }
        func unless(_ condition: String, _ command: String) -> String { "! \(condition) >/dev/null 2>&1 || \(command)" }
        var states: [ProductList.FormerState] = []
        if service.changesEnabling {
            let commands =
                state.isEnabled ? unless(call("cat"), call("enable")) : unless(call("is-enabled"), call("disable"))
            states.append(.init("start of unit '\(service.unit)' at boot", commands: commands))
        }
        if service.changesState {
            let commands = unless(call("cat"), call(state.isUp ? "start" : "stop"))
            states.append(.init("state of unit '\(service.unit)'", commands: commands))
        }
        return states
    }

    /// Reads the settings of the kernel that have another value than they should.
    ///
    /// A setting that cannot be read is left out: the task reports it.
    private static func formerValues(of settings: [KernelSetting]) -> [ProductList.FormerState] {
        let kernel = KernelSettings()
        return settings.compactMap { setting in
            guard let value = (try? kernel.value(of: setting.parts)) ?? nil,
                !KernelSetting.isSame(value, setting.value)
            else { return nil }
            let path = kernel.path(of: setting.parts)
            let words = shellLine(["printf", #"%s\n"#, value])
            let commands = "! \(shellLine(["test", "-e", path])) || \(words) >\(shellLine([path]))"
            return .init("sysctl '\(setting.name)'", commands: commands)
        }
    }

    /// Returns the commands that remove the images that a task has imported, and the pins of those that were there.
    ///
    /// The labels of the images decide. The kubelet's interface of containerd gives each image a second name,
    /// `sha256:…`, which is removed with the last other name.
    private static func formerImages(
        of task: String,
        _ declaration: ImagesDeclaration
    ) -> ProductList.FormerState {
        let socket = declaration.socket.path
        func call(_ words: String...) -> String {
            let arguments = ImagesDeclaration.arguments(socket: socket, ["images"] + words)
            return shellLine([ImagesDeclaration.program] + arguments)
        }
        let list = call("list", "-q")
        func names(_ label: String) -> String { "\(list) \(shellLine(["labels.\"\(label)\"==\"\(task)\""]))" }
        let unlabelled = shellLine(["\(ImagesDeclaration.pin.name)=", "\(ImagesDeclaration.pinnedBy)="])
        let commands = """
            test -S \(shellLine([socket])) || exit 0
            imported=$(\(names(ImagesDeclaration.importedBy)))
            for name in $imported; do
              set -- $(\(call("list")) "name==$name")
              \(call("remove")) "$name" >/dev/null
              rest=$(\(list) "target.digest==$9")
              case $rest in *[!0-9a-z:]*) ;; sha256:*) \(call("remove")) "$rest" >/dev/null ;; esac
            done
            pinned=$(\(names(ImagesDeclaration.pinnedBy)))
            for name in $pinned; do \(call("label")) "$name" \(unlabelled) >/dev/null; done
            """
        return .init("images of task '\(task)'", commands: commands)
    }

    /// Records the states that a task is about to change, except for those of which the state before is known.
    ///
    /// A state that another task has changed is not the former one, such as after a task was renamed.
    ///
    /// - Throws: ``Base/SystemError`` if the lists cannot be read or written.
    func note(_ states: [ProductList.FormerState], of task: PlannedTask) throws(SystemError) {
        guard !states.isEmpty else { return }
        let lists = try Self.products(options)
        let recorded = try lists.lists().lists.flatMap(\.former).map(\.subject)
        for state in states where !recorded.contains(state.subject) {
            try lists.note(state, of: task.name, at: plan.position(of: task.name) ?? 0)
        }
    }
}
