import Base
import Glibc
import Host
import YAML

/// Two calls of the Container Runtime Interface, `Version` and `Status`, over HTTP/2 on a socket.
///
/// This is the part of gRPC that a question needs: requests without compression, and the messages of the answers. The
/// header blocks of answers are not read, because a call that fails has no message.
enum RuntimeInterface {
    private static let (data, headers, settings): (UInt8, UInt8, UInt8) = (0, 1, 4)
    private static let endOfStream: UInt8 = 1

    /// The bytes of both requests: `Version` on stream 1, `Status` on stream 3.
    static var requests: [UInt8] {
        Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(settings, 0, 0, []) + call("Version", 1)
            + call("Status", 3)
    }

    private static func call(_ method: String, _ stream: UInt8) -> [UInt8] {
        func text(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
        // Indexed fields `:method: POST` and `:scheme: http`, then literal ones; see RFC 7541, section 6.
        let block: [UInt8] =
            [0x83, 0x86, 0x04] + text("/runtime.v1.RuntimeService/\(method)") + [0x01] + text("localhost")
            + [0x0f, 0x10] + text("application/grpc") + [0x00] + text("te") + text("trailers")
        let endOfHeaders: UInt8 = 4
        // An empty message: not compressed, no bytes.
        return frame(headers, endOfHeaders, stream, block) + frame(data, endOfStream, stream, [0, 0, 0, 0, 0])
    }

    private static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [0, UInt8(payload.count >> 8), UInt8(payload.count & 0xff), type, flags, 0, 0, 0, stream] + payload
    }

    private typealias Frame = (type: UInt8, flags: UInt8, stream: UInt8, payload: ArraySlice<UInt8>)

    /// The frames that have arrived completely.
    private static func frames(in bytes: [UInt8]) -> [Frame] {
        var frames: [Frame] = []
        var index = 0
        while index + 9 <= bytes.count {
            let length = Int(bytes[index]) << 16 | Int(bytes[index + 1]) << 8 | Int(bytes[index + 2])
            guard index + 9 + length <= bytes.count else { break }
            let payload = bytes[(index + 9)..<(index + 9 + length)]
            frames.append((bytes[index + 3], bytes[index + 4], bytes[index + 8], payload))
            index += 9 + length
        }
        return frames
    }

    /// Returns whether both calls have ended.
    static func isComplete(_ bytes: [UInt8]) -> Bool {
        let ended = frames(in: bytes).filter { $0.type <= headers && $0.flags & endOfStream != 0 }
        return Set(ended.map(\.stream)).isSuperset(of: [1, 3])
    }

    /// Reads the answers.
    static func answer(_ bytes: [UInt8]) -> RuntimeFacts.Answer {
        let frames = frames(in: bytes)
        guard let first = frames.first, first.type == settings else {
            return bytes.isEmpty ? .silent : .failed("it does not speak HTTP/2")
        }
        func message(_ stream: UInt8) -> [UInt8] {
            Array(frames.filter { $0.type == data && $0.stream == stream }.flatMap(\.payload).dropFirst(5))
        }
        func texts(_ bytes: [UInt8], _ number: Int) -> [String] {
            fields(of: bytes, number).map { String(decoding: $0.bytes, as: UTF8.self) }
        }
        let version = message(1)
        guard let name = texts(version, 2).first, let number = texts(version, 3).first else {
            return isComplete(bytes) ? .withoutInterface : .silent
        }
        let conditions = fields(of: message(3), 1).flatMap { fields(of: $0.bytes, 1) }.compactMap { condition in
            texts(condition.bytes, 1).first.map { type in
                RuntimeFacts.Condition(
                    type: type,
                    isTrue: fields(of: condition.bytes, 2).first?.value == 1,
                    message: texts(condition.bytes, 4).first ?? ""
                )
            }
        }
        return .version(name: name, version: number, conditions: conditions)
    }

    /// Returns the fields of a number in a message of protocol buffers, as far as texts, numbers and messages in it.
    private static func fields(of bytes: [UInt8], _ wanted: Int) -> [(value: Int, bytes: [UInt8])] {
        var fields: [(value: Int, bytes: [UInt8])] = []
        var index = 0
        func variable() -> Int? {
            var (value, shift) = (0, 0)
            while index < bytes.count, shift < 63 {
                let byte = bytes[index]
                index += 1
                value |= Int(byte & 0x7f) << shift
                if byte < 0x80 { return value }
                shift += 7
            }
            return nil
        }
        while index < bytes.count, let key = variable(), let value = variable() {
            var content: [UInt8] = []
            if key & 7 == 2 {
                guard value <= bytes.count - index else { break }
                content = Array(bytes[index..<(index + value)])
                index += value
            } else if key & 7 != 0 {
                break
            }
            if key >> 3 == wanted { fields.append((value, content)) }
        }
        return fields
    }

    /// Asks the runtime at a socket.
    static func ask(_ path: String, within limit: Duration) async -> RuntimeFacts.Answer {
        let deadline = ContinuousClock.now + limit
        do throws(SystemError) {
            let bytes = try await onThread { () throws(SystemError) in
                try LocalSocket.exchange(path, sending: requests, until: deadline, isComplete: isComplete)
            }
            return answer(bytes)
        } catch {
            switch error.code {
            case ENOENT, ENOTDIR: return .missing
            case ECONNREFUSED: return .refused
            case EACCES, EPERM: return .denied
            // A socket whose queue of connections is full belongs to a program that hangs.
            case EAGAIN: return .silent
            default: return .failed(error.reason)
            }
        }
    }
}

/// Reads the settings of containerd and the configurations of the network of pods, below a root directory.
struct RuntimeProbe {
    var root: String

    static let units = ["containerd.service", "crio.service", "cri-docker.service"]

    static let sockets = [
        "/run/containerd/containerd.sock", "/run/crio/crio.sock", "/run/cri-dockerd.sock",
        "/run/k3s/containerd/containerd.sock",
    ]

    private static let directories = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/opt/bin"]

    private func exists(_ path: String) -> Bool { (try? FileSystem.exists(root + path)) == true }

    /// Returns the paths at which programs of a name are installed.
    func programs(_ name: String) -> [String] { Self.directories.map { "\($0)/\(name)" }.filter(exists) }

    /// Reads the configuration of containerd, `nil` if there is no file.
    ///
    /// Only single lines of TOML are understood, which is how all tools write these settings.
    func containerd() -> ContainerdFacts? {
        var facts = ContainerdFacts(path: containerdPath)
        do throws(SystemError) {
            _ = try FileSystem.read(root + facts.path, limit: 1 << 20)
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
            case "address" where table == "[grpc]": facts.address = texts.first
            default: break
            }
        }
        return facts
    }

    /// The file that the process or the unit names, or the usual one.
    private var containerdPath: String {
        let running = root.isEmpty ? processes(named: ["containerd"]).first?.arguments : nil
        let words = running ?? UnitFile("containerd.service", root: root)?.arguments.map(\.text) ?? []
        for (index, word) in words.enumerated() {
            if word.hasPrefix("--config=") { return String(word.dropFirst("--config=".utf8.count)) }
            if word == "--config" || word == "-c", index + 1 < words.count { return words[index + 1] }
        }
        return "/etc/containerd/config.toml"
    }

    /// Reads the directory of configurations and looks for the programs that they name.
    ///
    /// - Parameters:
    ///   - containerd: The settings of containerd, `nil` if there are none.
    ///   - isCRIO: Whether the container runtime is CRI-O, which has a second directory of plug-ins.
    /// - Returns: The facts.
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
        guard let bytes = try? FileSystem.read(root + path, limit: 1 << 20) else { return configuration }
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
        if plugins.isEmpty { configuration.fault = "names no plug-ins" }
        if !plugins.isEmpty, configuration.types.isEmpty { configuration.fault = "has no 'type'" }
        if content["name"]?.string?.isEmpty != false { configuration.fault = configuration.fault ?? "has no 'name'" }
        configuration.missing = configuration.types.compactMap { type in
            let paths = directories.map { "\($0)/\(type)" }
            // A directory that cannot be read may have the program.
            guard paths.allSatisfy({ (try? FileSystem.exists(root + $0)) != nil }) else { return nil }
            guard let found = paths.first(where: exists) else {
                return (type, "is not in \(directories.joined(separator: ", "))")
            }
            return programFault(root + found).map { (type, "'\(found)' \($0)") }
        }
        return configuration
    }
}
