import Base
import Host
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
        return facts
    }

    /// Returns the paths of the manifests; the kubelet reads every file whose name does not begin with a dot.
    private func manifests(at path: String) throws(SystemError) -> [String] {
        if let status = try FileSystem.status(root + path), status.kind == .regular { return [path] }
        let directory = path.withoutSlashesAtEnd
        let names = try FileSystem.list(root + path, limit: 1000).filter { !$0.hasPrefix(".") }.sorted()
        return names.map { "\(directory)/\($0)" }.filter { (try? FileSystem.status(root + $0))?.kind != .directory }
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
            return kind == "Pod" ? nil : StaticPodFacts.Fault(path: path, reason: "is of kind '\(kind)', not Pod")
        } catch {
            let problem = error.all.first
            let place = problem?.location?.position.map { ":\($0.line):\($0.column)" } ?? ""
            return StaticPodFacts.Fault(path: path, place: place, reason: problem?.message ?? "is not valid YAML")
        }
    }
}
