import Base
import Host

/// Reads the last errors of containers from the files that the kubelet keeps, below a root directory.
struct PodLogs {
    var root: String

    private static let directory = "/var/log/pods"

    /// The size above which a file is not read; the kubelet rotates files of 10 MB.
    private static let sizeLimit = 12 << 20

    /// The number of bytes at the end of a file in which the error is.
    private static let tailSize = 16 << 10

    /// The number of pods whose files are read.
    private static let podLimit = 5

    /// Completes the explanations of failing pods, and finds the last errors of the API server's pods.
    func facts(of cluster: ClusterFacts, isServerAbsent: Bool) -> (pods: [ClusterFacts.PodObject], server: [String]) {
        let names = (try? FileSystem.list(root + Self.directory, limit: 10_000)) ?? []
        var count = 0
        let pods = cluster.pods.map { pod in
            let isOfNode = pod.isStatic || pod.daemonSet != nil || !pod.hostPaths.isEmpty
            guard isOfNode, pod.isCrashing, let container = pod.container, count < Self.podLimit else { return pod }
            count += 1
            // The kubelet names the directory NAMESPACE_NAME_UID.
            let prefix = "\(pod.name.pathParts.joined(separator: "_"))_"
            var pod = pod
            pod.lastError = names.first { $0.hasPrefix(prefix) }.flatMap { lastError(in: $0, container) }
            return pod
        }
        guard isServerAbsent else { return (pods, []) }
        let server = ["etcd", "kube-apiserver"].compactMap { name -> String? in
            guard let found = names.first(where: { $0.hasPrefix("kube-system_\(name)-") }) else { return nil }
            return lastError(in: found, name).map { "\(name): \($0)" }
        }
        return (pods, server)
    }

    /// Returns the last error of a container, of the start before if the last has written nothing yet.
    private func lastError(in pod: String, _ container: String) -> String? {
        let directory = "\(root)\(Self.directory)/\(pod)/\(container)"
        let names = ((try? FileSystem.list(directory, limit: 1000)) ?? []).filter { $0.hasSuffix(".log") }
        let numbers = names.compactMap { Int($0.dropLast(".log".utf8.count)) }.sorted()
        return numbers.suffix(2).reversed().lazy.compactMap { number -> String? in
            guard let bytes = try? FileSystem.read("\(directory)/\(number).log", limit: Self.sizeLimit) else {
                return nil
            }
            return Self.lastError(in: String(decoding: bytes.suffix(Self.tailSize), as: UTF8.self))
        }.first
    }

    /// Returns the last error in the lines of a container, or its last line if it has no known form.
    ///
    /// - Parameter text: Lines of the form `TIME STREAM FLAG TEXT`.
    /// - Returns: The error, `nil` if there are no lines.
    static func lastError(in text: String) -> String? {
        let lines = text.split(separator: "\n").compactMap { line -> String? in
            let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
            guard parts.count == 4, parts[1] == "stderr" || parts[1] == "stdout" else { return nil }
            let text = String(parts[3]).trimmingSpaces
            return text.isEmpty ? nil : text
        }
        let words = ["\"level\":\"fatal\"", "level=fatal", "panic: ", "Error: ", "error: ", "[FATAL]", "[ERROR]"]
        let error = lines.last { line in
            isKlog(line) ? isError(line) : words.contains { line.contains($0) }
        }
        return (error ?? lines.last).map(errorText)
    }
}

extension ClusterFacts.PodObject {
    /// Whether a container ends again and again.
    fileprivate var isCrashing: Bool { !hasEnded && ["CrashLoopBackOff", "Error"].contains(reason) }
}
