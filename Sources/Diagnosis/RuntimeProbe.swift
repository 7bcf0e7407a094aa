import Base
import Glibc
import Host

/// A probe of the container runtime and the CNI configurations below a root directory.
struct RuntimeProbe {
    var root: String

    static let units = ["containerd.service", "crio.service", "cri-docker.service"]

    static let sockets = [
        "/run/containerd/containerd.sock", "/run/crio/crio.sock", "/run/cri-dockerd.sock",
    ]

    private func exists(_ path: String) -> Bool { (try? FileSystem.exists(root + path)) == true }

    static func answer(at path: String) -> RuntimeFacts.Answer? {
        do throws(SystemError) {
            try LocalSocket.connect(to: path)
            return .connected
        } catch {
            switch error.code {
            case ENOENT, ENOTDIR: return .missing
            case ECONNREFUSED: return .refused
            case EACCES, EPERM: return .denied
            // A program listens, but its connection queue is full.
            case EAGAIN: return .connected
            default: return nil
            }
        }
    }

    /// Reads the containerd configuration; returns `nil` if there is no file.
    ///
    /// Only values on one line are understood.
    func containerd() -> ContainerdFacts? {
        var facts = ContainerdFacts(path: containerdPath)
        do throws(SystemError) {
            _ = try readFile(root + facts.path, limit: 1 << 20)
        } catch {
            facts.isIncomplete = true
            return error.isNotFound ? nil : facts
        }
        var table = ""
        for line in lines(of: root + facts.path) {
            if line.hasPrefix("[") { table = line.filter { !"\"' ".contains($0) } }
            guard !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { continue }
            let value = trimmed(line[line.index(after: equals)...])
            let texts = value.split(omittingEmptySubsequences: false) { "\"'".contains($0) }.enumerated()
                .filter { $0.offset % 2 == 1 }.map { String($0.element) }
            switch trimmed(line[..<equals]) {
            case "disabled_plugins":
                let names: Set = ["cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime"]
                facts.disabledInterface = texts.first(where: names.contains)
            case "imports": facts.isIncomplete = facts.isIncomplete || !value.hasPrefix("[]")
            case "SystemdCgroup" where table.contains(".runtimes.runc.options]"):
                facts.usesSystemd = value.hasPrefix("true")
            case "conf_dir": facts.networkDirectory = texts.first
            case "bin_dir", "bin_dirs": facts.pluginDirectories = texts.filter { !$0.isEmpty }
            default: break
            }
        }
        return facts
    }

    /// The configuration file in the arguments of the process or, if none runs, of the unit; by default the usual file.
    private var containerdPath: String {
        let running = root.isEmpty ? processes(named: ["containerd"]).first?.arguments : nil
        let words = running ?? UnitFile("containerd.service", root: root)?.arguments.map(\.text) ?? []
        for (index, word) in words.enumerated() {
            if word.hasPrefix("--config=") { return String(word.dropFirst("--config=".utf8.count)) }
            if word == "--config" || word == "-c", index + 1 < words.count { return words[index + 1] }
        }
        return "/etc/containerd/config.toml"
    }

    /// Reads the CNI configurations, and looks for the programs that they name.
    func network(_ containerd: ContainerdFacts?, isCRIO: Bool = false) -> NetworkFacts {
        var facts = NetworkFacts()
        if isCRIO {
            facts.pluginDirectories.append("/usr/libexec/cni")
        } else if let containerd {
            if let directory = containerd.networkDirectory, !directory.isEmpty { facts.directory = directory }
            if !containerd.pluginDirectories.isEmpty { facts.pluginDirectories = containerd.pluginDirectories }
        }
        do throws(SystemError) {
            let names = try FileSystem.list(root + facts.directory, limit: 1000).sorted()
            for name in names where [".conf", ".conflist", ".json"].contains(where: name.hasSuffix) {
                facts.configurations.append(configuration("\(facts.directory)/\(name)", facts.pluginDirectories))
            }
        } catch {
            if !error.isNotFound { facts.fault = error.reason }
        }
        return facts
    }

    private func configuration(_ path: String, _ directories: [String]) -> NetworkFacts.Configuration {
        var configuration = NetworkFacts.Configuration(path: path)
        guard let bytes = try? readFile(root + path, limit: 1 << 20) else { return configuration }
        let content: Node
        do throws(Problem) {
            content = try readJSON(bytes, file: path)
        } catch {
            let place = error.location?.position.map { " (line \($0.line))" } ?? ""
            configuration.fault = bytes.isEmpty ? "is empty" : "is not valid JSON: \(error.message)\(place)"
            return configuration
        }
        let plugins = path.hasSuffix(".conflist") ? content["plugins"]?.sequence ?? [] : [content]
        configuration.types = plugins.flatMap { [$0["type"]?.string, $0["ipam"]?["type"]?.string].compactMap(\.self) }
        if plugins.isEmpty { configuration.fault = "names no plugins" }
        if !plugins.isEmpty, configuration.types.isEmpty { configuration.fault = "has no 'type'" }
        if content["name"]?.string?.isEmpty != false { configuration.fault = configuration.fault ?? "has no 'name'" }
        configuration.missing = configuration.types.compactMap { type in
            let paths = directories.map { "\($0)/\(type)" }
            // The program may be in a directory that cannot be examined.
            guard paths.allSatisfy({ (try? FileSystem.exists(root + $0)) != nil }) else { return nil }
            guard let found = paths.first(where: exists) else {
                return (type, "is not in \(directories.joined(separator: ", "))")
            }
            return programFault(root + found).map { (type, "'\(found)' \($0)") }
        }
        return configuration
    }
}

/// Returns why the kernel cannot start a program, as a predicate, or `nil` if no reason is found.
private func programFault(_ path: String) -> String? {
    guard let exists = try? FileSystem.exists(path) else { return nil }
    if !exists { return "does not exist" }
    guard let real = try? FileSystem.realPath(path), let status = (try? FileSystem.status(real)) ?? nil else {
        return nil
    }
    if status.kind == .directory { return "is a directory" }
    if status.mode & 0o111 == 0 { return "is not executable" }
    return status.size == 0 ? "is empty" : nil
}
