import Base
import Host
import YAML

/// Reads the configurations of the network of pods and the settings of containerd, below a root directory.
struct NetworkFiles {
    var root: String

    /// Reads the configuration of containerd, `nil` if there is no file.
    ///
    /// Only single lines of TOML are understood, which is how all tools write these settings.
    func containerd() -> ContainerdConfiguration? {
        let path = containerdPath
        var configuration = ContainerdConfiguration(path: path)
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try FileSystem.read(root + path, limit: 1 << 20)
        } catch {
            configuration.isIncomplete = true
            return error.isNotFound ? nil : configuration
        }
        var table = ""
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let line = line.trimmingSpaces
            if line.hasPrefix("[") { table = line.filter { $0 != "\"" && $0 != "'" && $0 != " " } }
            guard !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { continue }
            let value = String(line[line.index(after: equals)...]).trimmingSpaces
            let texts = Self.texts(in: value)
            let key = String(line[..<equals]).trimmingSpaces
            configuration.settings += texts.map { ContainerdConfiguration.Setting(key, $0, line: index + 1, in: table) }
            switch key {
            case "disabled_plugins":
                let names: Set = ["cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime"]
                configuration.disabledInterface = texts.first(where: names.contains)
            case "imports": configuration.isIncomplete = configuration.isIncomplete || !value.hasPrefix("[]")
            case "SystemdCgroup" where table.contains(".runtimes.runc.options]"):
                configuration.groupSettings.append(value.hasPrefix("true"))
            case "conf_dir": configuration.configurationDirectory = texts.first
            case "bin_dir", "bin_dirs": configuration.pluginDirectories = texts.filter { !$0.isEmpty }
            default: break
            }
        }
        return configuration
    }

    /// The file that the unit names, or the usual one.
    private var containerdPath: String {
        let command = UnitFile("containerd.service", root: root)?.command ?? []
        for (index, word) in command.enumerated() {
            if word.hasPrefix("--config=") { return String(word.dropFirst("--config=".utf8.count)) }
            if word == "--config" || word == "-c", index + 1 < command.count { return command[index + 1] }
        }
        return "/etc/containerd/config.toml"
    }

    /// Returns the quoted texts of a value.
    private static func texts(in value: String) -> [String] {
        var texts: [String] = []
        var text = ""
        var quote: Character?
        for character in value {
            if let open = quote {
                if character == open {
                    texts.append(text)
                    (text, quote) = ("", nil)
                } else {
                    text.append(character)
                }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if character == "#" {
                break
            }
        }
        return texts
    }

    /// Reads the directory of configurations and the programs that they name.
    ///
    /// - Parameters:
    ///   - containerd: The settings of containerd, `nil` if there are none.
    ///   - isCRIO: Whether the container runtime is CRI-O, which has a second directory of plug-ins.
    /// - Returns: The facts.
    func network(_ containerd: ContainerdConfiguration?, isCRIO: Bool = false) -> NetworkFacts {
        var facts = NetworkFacts()
        if isCRIO { facts.pluginDirectories.append("/usr/libexec/cni") }
        let containerd = isCRIO ? nil : containerd
        if let directory = containerd?.configurationDirectory, !directory.isEmpty {
            facts.directory = directory
            facts.setting = "'conf_dir' in \(containerd?.path ?? "")"
        }
        if let directories = containerd?.pluginDirectories, !directories.isEmpty {
            facts.pluginDirectories = directories
        }
        var names: [String] = []
        do throws(SystemError) {
            names = try FileSystem.list(root + facts.directory, limit: 1000)
            facts.hasDirectory = true
        } catch {
            if !error.isNotFound { facts.unreadable[facts.directory] = error.reason }
        }
        let suffixes = [".conf", ".conflist", ".json"]
        let files = names.filter { name in suffixes.contains { name.hasSuffix($0) } }.sorted()
        for file in files { facts.configurations.append(configuration("\(facts.directory)/\(file)", &facts)) }
        for directory in ["/etc/cni/net.d", "/var/lib/cni/net.d"] where directory != facts.directory {
            let names = ((try? FileSystem.list(root + directory, limit: 1000)) ?? []).sorted()
            facts.otherFiles += names.filter { name in suffixes.contains { name.hasSuffix($0) } }.map {
                "\(directory)/\($0)"
            }
        }
        return facts
    }

    private func configuration(_ path: String, _ facts: inout NetworkFacts) -> NetworkFacts.Configuration {
        var configuration = NetworkFacts.Configuration(path: path)
        let content: Node
        do throws(SystemError) {
            let bytes = try FileSystem.read(root + path, limit: 1 << 20)
            guard !bytes.isEmpty else {
                configuration.fault = "is empty"
                return configuration
            }
            do throws(Problem) {
                content = try readJSON(bytes, file: path)
            } catch {
                let place = error.location?.position.map { " (line \($0.line))" } ?? ""
                configuration.fault = "is not valid JSON: \(error.message)\(place)"
                return configuration
            }
        } catch {
            configuration.isKnown = false
            facts.unreadable[path] = error.reason
            return configuration
        }
        configuration.name = content["name"]?.string ?? ""
        let plugins = path.hasSuffix(".conflist") ? content["plugins"]?.sequence ?? [] : [content]
        guard !plugins.isEmpty else {
            configuration.fault = "names no plug-ins"
            return configuration
        }
        let types = plugins.compactMap { $0["type"]?.string } + plugins.compactMap { $0["ipam"]?["type"]?.string }
        if types.isEmpty { configuration.fault = "has no 'type'" }
        if configuration.name.isEmpty { configuration.fault = configuration.fault ?? "has no 'name'" }
        configuration.plugins = types.compactMap { plugin($0, &facts) }
        return configuration
    }

    /// Finds the program of a plug-in; `nil` if it may be in a directory that cannot be read.
    private func plugin(_ type: String, _ facts: inout NetworkFacts) -> NetworkFacts.Plugin? {
        var isUnknown = false
        for directory in facts.pluginDirectories {
            let path = "\(directory)/\(type)"
            do throws(SystemError) {
                guard try FileSystem.exists(root + path) else { continue }
            } catch {
                isUnknown = true
                facts.unreadable[directory] = error.reason
                continue
            }
            let fault = ProgramFile.fault(of: root + path)?.reason
            // Below a root directory, the mounts and the loaders are not those of the node.
            let isOfFile = root.isEmpty || fault == "is not executable"
            return NetworkFacts.Plugin(type: type, path: path, fault: isOfFile ? fault : nil)
        }
        let others = ["/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"].map { "\($0)/\(type)" }
        let elsewhere = others.first { (try? FileSystem.exists(root + $0)) == true }
        return isUnknown ? nil : NetworkFacts.Plugin(type: type, path: nil, elsewhere: elsewhere)
    }
}
