import Base
import Host
import Kubernetes
import YAML

/// Reads the manifests of static pods below a root directory.
struct StaticPodFiles {
    var root: String

    /// The size above which a file is not read.
    private static let sizeLimit = 1 << 20

    /// Reads the manifests in the directory that the kubelet's configuration names.
    func facts(of kubelet: KubeletFacts) -> StaticPodFacts {
        var facts = StaticPodFacts()
        guard !kubelet.isK3s, let path = kubelet.setting("staticPodPath", flag: "pod-manifest-path"), !path.isEmpty
        else { return facts }
        facts.path = path
        do throws(SystemError) {
            facts.files = try manifests(at: path)
        } catch {
            facts.isMissing = error.isNotFound
        }
        facts.faults = facts.files.compactMap(fault)
        for path in facts.files {
            if let status = try? FileSystem.status(root + path) {
                facts.modified[path] = Timestamp(seconds: status.modified)
            }
        }
        for path in facts.files { if let name = name(in: path) { facts.names[name] = path } }
        return facts
    }

    /// Returns the paths of the manifests; the kubelet reads every file whose name does not begin with a dot.
    private func manifests(at path: String) throws(SystemError) -> [String] {
        if let status = try FileSystem.status(root + path), status.kind == .regular { return [path] }
        let directory = path.withoutSlashesAtEnd
        let names = try FileSystem.list(root + path, limit: 1000).filter { !$0.hasPrefix(".") }.sorted()
        return names.map { "\(directory)/\($0)" }.filter { (try? FileSystem.status(root + $0))?.kind != .directory }
    }

    /// Returns why a Pod is invalid, by the settings that each one must have.
    private static func fault(in pod: Node) -> String? {
        if pod["apiVersion"]?.string != "v1" { return "has no 'apiVersion: v1'" }
        guard let name = pod["metadata"]?["name"]?.string, !name.isEmpty else { return "has no 'metadata.name'" }
        guard SubjectName.isHostName(name), name == name.lowercased(), !name.contains("_") else {
            return "has 'metadata.name: \(name)', in which only a-z, 0-9, '-' and '.' are allowed"
        }
        let containers = pod["spec"]?["containers"]?.sequence ?? []
        if containers.isEmpty { return "has no 'spec.containers'" }
        for (index, container) in containers.enumerated() {
            for key in ["name", "image"] where container[key]?.string?.isEmpty != false {
                return "has no 'spec.containers[\(index)].\(key)'"
            }
        }
        return nil
    }

    private func name(in path: String) -> String? {
        guard let bytes = try? FileSystem.read(root + path, limit: Self.sizeLimit),
            let pod = try? readDocuments(bytes, file: path).compactMap(\.root).first
        else { return nil }
        return pod["metadata"]?["name"]?.string
    }

    private func fault(in path: String) -> StaticPodFacts.Fault? {
        guard let bytes = try? FileSystem.read(root + path, limit: Self.sizeLimit) else { return nil }
        if bytes.allSatisfy({ $0 <= 0x20 }) { return StaticPodFacts.Fault(path: path, reason: "is empty") }
        do throws(Problems) {
            guard let pod = try readDocuments(bytes, file: path).compactMap(\.root).first, pod.mapping != nil else {
                return StaticPodFacts.Fault(path: path, reason: "is not a Pod: expected a mapping")
            }
            guard let kind = pod["kind"]?.string else {
                return StaticPodFacts.Fault(path: path, reason: "has no 'kind'")
            }
            guard kind == "Pod" else {
                return StaticPodFacts.Fault(path: path, reason: "is of kind '\(kind)', not Pod")
            }
            guard let reason = Self.fault(in: pod) else { return nil }
            return StaticPodFacts.Fault(path: path, reason: reason)
        } catch {
            let problem = error.all.first
            let place = problem?.location?.position.map { ":\($0.line):\($0.column)" } ?? ""
            return StaticPodFacts.Fault(path: path, place: place, reason: problem?.message ?? "is not valid YAML")
        }
    }
}
