import Host
import Kubernetes
import Planning
import YAML

/// Reads the manifests that a task names: files, directories and pinned URLs.
struct ManifestLoader {
    let run: RunEnvironment
    let declaration: ApplyDeclaration

    /// A manifest's file is not larger than this.
    private static let sizeLimit = 64 << 20

    /// More than this is not held in memory for one task.
    private static let totalLimit = 256 << 20

    /// Whether a file of a directory is a manifest, by its name.
    static func isManifest(_ path: String) -> Bool {
        [".yaml", ".yml", ".json"].contains { path.hasSuffix($0) }
    }

    /// A text with the name that places in it carry.
    struct Source {
        var name: String
        var bytes: [UInt8]
    }

    /// What was found, and what of it could not be read.
    struct Contents {
        /// The objects, in the order of the task file.
        var manifests: [Manifest] = []
        /// What could not be read; everything else is still applied.
        var problems: [Diagnostic] = []
        /// How much text that was.
        fileprivate var byteCount = 0
    }

    /// Reads all manifests.
    ///
    /// - Parameter fetch: Returns the text of a pinned URL, `nil` to pass it over.
    /// - Returns: The objects and the problems; nothing is thrown.
    func load(
        fetch: (_ url: String, _ sha256: String) async throws(ActionError) -> [UInt8]?,
    ) async -> Contents {
        var contents = Contents()
        for manifest in declaration.manifests {
            switch manifest {
            case .path(let reference):
                add(reference, to: &contents)
            case .url(let url, let sha256, let place):
                do {
                    guard let bytes = try await fetch(url, sha256) else { continue }
                    add(Source(name: url, bytes: bytes), to: &contents)
                } catch {
                    let cause = error.cause.map { ": \($0)" } ?? ""
                    contents.problems.append(Diagnostic(place, error.message + cause, hint: error.hint))
                }
            }
        }
        return contents
    }

    /// Adds what a path stands for; one file that cannot be read does not keep the others of its directory away.
    private func add(_ reference: PathReference, to contents: inout Contents) {
        do {
            let paths = try paths(of: reference)
            if paths.isEmpty {
                let message = "directory '\(reference.path)' holds no manifest"
                let hint = "remove it from 'manifests', or name its files *.yaml, *.yml or *.json"
                contents.problems.append(Diagnostic(reference.place, message, hint: hint))
            }
            for path in paths {
                do throws(SystemError) {
                    add(Source(name: path, bytes: try run.files.read(path, limit: Self.sizeLimit)), to: &contents)
                } catch {
                    contents.problems.append(missing(reference, error))
                }
            }
        } catch {
            contents.problems.append(missing(reference, error))
        }
    }

    /// The files that a path stands for: itself, or what a directory holds, not what its directories hold.
    private func paths(of reference: PathReference) throws(SystemError) -> [String] {
        let location = run.files.location(ofRead: reference.path)
        var directory = location
        while directory.count > 1, directory.hasSuffix("/") { directory.removeLast() }
        guard isDirectory(directory) else { return [reference.path] }
        return try FileSystem.list(directory)
            .filter { name in
                !name.hasPrefix(".") && Self.isManifest(name) && !isDirectory("\(directory)/\(name)")
            }
            .map { reference.path + (reference.path.hasSuffix("/") ? "" : "/") + $0 }
    }

    private func isDirectory(_ path: String) -> Bool {
        (try? FileSystem.exists("\(path)/.")) == true
    }

    private func add(_ source: Source, to contents: inout Contents) {
        contents.byteCount += source.bytes.count
        guard contents.byteCount <= Self.totalLimit else {
            let message = "the manifests of one task are more than \(Self.totalLimit) bytes with this one"
            contents.problems.append(
                Diagnostic(Place(file: source.name), message, hint: "spread them over several tasks")
            )
            return
        }
        let file = ManifestFile(source.bytes, file: source.name) { node in
            guard declaration.substitute else { return (node, []) }
            let (node, problems) = run.variables.replace(in: node)
            return (node, problems)
        }
        contents.manifests += file.manifests
        contents.problems += file.diagnostics
        if file.manifests.isEmpty, file.diagnostics.isEmpty {
            contents.problems.append(
                Diagnostic(Place(file: source.name), "holds no object", hint: "remove it from 'manifests'")
            )
        }
    }

    private func missing(_ reference: PathReference, _ error: SystemError) -> Diagnostic {
        Diagnostic(
            reference.place,
            "\(error)",
            hint: error.isNotFound ? "correct the path, or install the file before this task" : nil,
        )
    }
}
