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
        let path = "/etc/containerd/config.toml"
        guard let bytes = try? FileSystem.read(root + path, limit: 1 << 20) else { return nil }
        var configuration = ContainerdConfiguration(path: path)
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let line = line.trimmingSpaces
            guard !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { continue }
            let value = String(line[line.index(after: equals)...]).trimmingSpaces
            let texts = Self.texts(in: value)
            switch String(line[..<equals]).trimmingSpaces {
            case "disabled_plugins":
                let names: Set = ["cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime"]
                configuration.isInterfaceDisabled = texts.contains(where: names.contains)
            case "SystemdCgroup": configuration.usesSystemdGroups = value.hasPrefix("true")
            case "conf_dir": configuration.configurationDirectory = texts.first
            case "bin_dir", "bin_dirs": configuration.pluginDirectories = texts.filter { !$0.isEmpty }
            case "sandbox_image", "sandbox": configuration.sandboxImage = texts.first
            default: break
            }
        }
        return configuration
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
    func network(_ containerd: ContainerdConfiguration?) -> NetworkFacts {
        var facts = NetworkFacts()
        if let directory = containerd?.configurationDirectory, !directory.isEmpty {
            facts.directory = directory
            facts.setting = "'conf_dir' in \(containerd?.path ?? "")"
        }
        if let directories = containerd?.pluginDirectories, !directories.isEmpty {
            facts.pluginDirectories = directories
        }
        let names = try? FileSystem.list(root + facts.directory, limit: 1000)
        facts.hasDirectory = names != nil
        let suffixes = [".conf", ".conflist", ".json"]
        let files = (names ?? []).filter { name in suffixes.contains { name.hasSuffix($0) } }.sorted()
        facts.configurations = files.map { configuration("\(facts.directory)/\($0)", facts.pluginDirectories) }
        for directory in ["/etc/cni/net.d", "/var/lib/cni/net.d"] where directory != facts.directory {
            let names = ((try? FileSystem.list(root + directory, limit: 1000)) ?? []).sorted()
            facts.otherFiles += names.filter { name in suffixes.contains { name.hasSuffix($0) } }.map {
                "\(directory)/\($0)"
            }
        }
        return facts
    }

    private func configuration(_ path: String, _ directories: [String]) -> NetworkFacts.Configuration {
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
            configuration.fault = "cannot be read: \(error.reason)"
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
        configuration.plugins = types.map { plugin($0, directories) }
        return configuration
    }

    private func plugin(_ type: String, _ directories: [String]) -> NetworkFacts.Plugin {
        for directory in directories {
            let path = "\(directory)/\(type)"
            guard (try? FileSystem.exists(root + path)) == true else { continue }
            let fault = ProgramFile.fault(of: root + path)
            return NetworkFacts.Plugin(type: type, path: path, fault: fault?.reason)
        }
        return NetworkFacts.Plugin(type: type, path: nil)
    }
}
