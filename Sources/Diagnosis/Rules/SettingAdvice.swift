import Base
import YAML

extension KubeletFacts {
    /// A setting of the configuration file or a flag.
    fileprivate struct Setting {
        /// The keys in the file, joined by points, or the flag.
        var name: String
        var value: String
        /// The setting with its file, for a fix.
        var place: String
        var restart: String
    }

    /// Returns what to do about an error of the kubelet that names a setting, its value, or a file.
    ///
    /// - Parameter error: The error.
    /// - Returns: The action with the restart after it, `nil` if the error names no setting of this kubelet.
    func advice(onError error: String) -> String? {
        let error = error.replacing("\\", with: "")
        if let field = quotedWord(after: "unknown field ", in: error) {
            let name = field.split(separator: ".").last.map(String.init) ?? field
            let place = settings.first { $0.name.split(separator: ".").last.map(String.init) == name }?.place
            let file = configuration.path ?? "the file that '--config' names"
            return
                "remove \(place ?? "'\(printable(field))' in '\(printable(file))'"), which this version of the kubelet does not "
                + "have, or correct its name; then run 'systemctl restart \(unitName)'"
        }
        if let state = statePath(in: error) {
            return "run 'rm \(printable(state))', which the kubelet makes again, and 'systemctl restart \(unitName)'"
        }
        let words = quotedWords(in: error)
        let paths = Set(paths(in: error))
        let isAboutFile = ["no such file", "permission denied", "not a directory", "is a directory"].contains(
            where: error.contains
        )
        if isAboutFile,
            let setting = settings.first(where: { setting in
                let isPathOfDepth = setting.value.isAbsolutePath && setting.value.pathParts.count > 1
                return paths.contains {
                    isPathOfDepth && isPath($0, at: setting.value) || "unix://\($0)" == setting.value
                }
            })
        {
            return "correct \(setting.place), or put the file there; then run '\(setting.restart)'"
        }
        for (words, keys) in Self.settingsOfParts where error.lowercased().contains(words) {
            let places = settings.filter { keys.contains($0.name) }.map(\.place).unique()
            guard let first = settings.first(where: { keys.contains($0.name) }) else { continue }
            return "correct \(places.joined(separator: " and ")), and run '\(first.restart)'"
        }
        let named = settings.filter { $0.isNamed(in: error) }.max { $0.name.utf8.count < $1.name.utf8.count }
        // A value that is long enough to be of one setting only.
        let valued = settings.first { $0.value.utf8.count > 1 && words.contains($0.value) && !$0.value.isAbsolutePath }
        if let found = named ?? valued { return "correct \(found.place), and run '\(found.restart)'" }
        return advice(onPath: error)
    }

    /// Words of errors of the kubelet's parts, with the settings of the parts.
    private static let settingsOfParts: [(words: String, keys: [String])] = [
        (
            "node allocatable",
            ["systemReserved", "kubeReserved", "evictionHard", "reservedMemory", "enforceNodeAllocatable"]
        ),
        ("cpumanager", ["cpuManagerPolicy", "reservedSystemCPUs", "cpuManagerPolicyOptions"]),
        ("cpu manager", ["cpuManagerPolicy", "reservedSystemCPUs", "cpuManagerPolicyOptions"]),
        ("memorymanager", ["memoryManagerPolicy", "reservedMemory"]),
        ("memory manager", ["memoryManagerPolicy", "reservedMemory"]),
        ("topology manager", ["topologyManagerPolicy", "topologyManagerScope", "topologyManagerPolicyOptions"]),
    ]

    /// Returns what to do about a path that the kubelet cannot use, `nil` if the error has none.
    private func advice(onPath error: String) -> String? {
        guard let path = paths(in: error).last(where: { $0.pathParts.count > 1 }) else { return nil }
        let restart = "then run 'systemctl restart \(unitName)'"
        let name = printable(path)
        if error.contains("not a directory") || error.contains("file exists") {
            return "'\(name)', or a directory on its way, is a file: see 'ls -ld \(name)', and move it away; \(restart)"
        }
        if error.contains("is a directory") { return "'\(name)' is a directory: move it away; \(restart)" }
        if error.contains("operation not permitted") {
            let directory = printable("/" + path.pathParts.dropLast().joined(separator: "/"))
            return "see 'lsattr -d \(directory) \(name)', and run 'chattr -i' with the one that shows 'i'; \(restart)"
        }
        if error.contains("permission denied") {
            return "see 'namei -l \(name)', and correct the permissions; \(restart)"
        }
        return nil
    }

    /// The settings of the configuration files and the flags.
    private var settings: [Setting] {
        let file = configuration.path.map { "'\(printable($0))'" } ?? "the configuration"
        var settings: [Setting] = []
        func add(_ node: Node, _ keys: [String], _ line: Int?) {
            if let mapping = node.mapping {
                for entry in mapping.entries { add(entry.value, keys + [entry.key], entry.location.position?.line) }
                if keys.isEmpty { return }
            }
            let value = node.string ?? node.integer.map { "\($0)" } ?? node.boolean.map { "\($0)" } ?? ""
            let name = keys.joined(separator: ".")
            let place = "'\(printable(name))' in \(file)\(line.map { " (line \($0))" } ?? "")"
            settings.append(Setting(name: name, value: value, place: place, restart: "systemctl restart \(unitName)"))
            for item in node.sequence ?? [] where item.string != nil {
                settings.append(
                    Setting(
                        name: name,
                        value: item.string ?? "",
                        place: place,
                        restart: "systemctl restart \(unitName)"
                    )
                )
            }
        }
        for root in [configuration.root].compactMap(\.self) + configuration.dropIns { add(root, [], nil) }
        for name in argumentSources.keys.sorted() {
            let (value, restart) = (flag(name) ?? "", restart(afterChangeOf: name))
            settings.append(Setting(name: name, value: value, place: place(ofFlag: name), restart: restart))
        }
        return settings.filter { !["kind", "apiVersion"].contains($0.name) }
    }

    /// Returns the file of a manager's state that an error asks to delete, `nil` if there is none.
    private func statePath(in error: String) -> String? {
        let names = ["cpu_manager_state", "memory_manager_state"]
        let directory = flag("root-dir") ?? "/var/lib/kubelet"
        if let path = paths(in: error).first(where: { path in names.contains { path.hasSuffix($0) } }) {
            return path
        }
        guard error.contains("checkpoint") else { return nil }
        if error.contains("CPU manager") || error.contains("cpu manager") || error.contains("cpumanager") {
            return "\(directory)/cpu_manager_state"
        }
        return error.contains("memory manager") ? "\(directory)/memory_manager_state" : nil
    }
}

/// Returns the absolute paths in an error.
func paths(in error: String) -> [String] {
    error.split { " \"'(),;[]".contains($0) }.map { word in
        var word = word
        while let last = word.last, ":.".contains(last) { word = word.dropLast() }
        return String(word)
    }.filter { $0.isAbsolutePath && $0.utf8.count > 1 }
}

extension KubeletFacts.Setting {
    /// Returns whether an error has the name of the setting as a word of its own, in any case.
    fileprivate func isNamed(in error: String) -> Bool {
        // Flags have dashes where settings have capitals.
        func joined(_ word: some StringProtocol) -> String {
            String(word).replacing("-", with: "").replacing("_", with: "").lowercased()
        }
        let words = error.split { !($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }.map(joined)
        let own = joined(name.split(separator: ".").last.map(String.init) ?? name)
        // Short words may be of the sentence.
        return own.utf8.count > 7 && words.contains(own)
    }
}

/// Returns the words in double quotes.
private func quotedWords(in text: String) -> Set<String> {
    let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
    return Set(parts.enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) })
}
