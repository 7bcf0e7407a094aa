import Actions
import Base
import HTTP
import Planning
import Reporting

/// A reader of the inputs of tasks: their declarations, and the files that they read.
struct InputReader {
    private let files: NodeFiles
    private let variables: Variables

    /// The paths that tasks of the plan produce.
    private let produced: Set<ExactText>

    init(_ configuration: Configuration) {
        files = configuration.filesForReading
        variables = configuration.declarations.variables
        produced = Set(configuration.plan.steps.lazy.flatMap { $0.task.footprint.producedPaths }.map { ExactText($0) })
    }

    /// Returns the current inputs of a task.
    ///
    /// Paths that tasks produce are not inputs, because a task that runs again makes its dependants run again. Nor are
    /// awaited paths, optional paths that the task may change, or private keys.
    func inputs(of task: PlannedTask) -> TaskInputs {
        var digests: [String: String?] = [:]
        for read in task.verb.footprint.reads where read.use != .privateKey && read.use != .awaited {
            for path in paths(of: read) where !produced.contains(ExactText(path)) {
                // An optional path that the task may change is not an input, even if its program also reads the path.
                if read.use == .optional, isChanged(path, by: task) { continue }
                guard read.use != .archive else {
                    digests[path] = .some(try? files.digest(ofFile: path))
                    continue
                }
                let bytes = try? files.read(path, limit: min(read.sizeLimit, SizeLimit.content))
                digests[path] = .some(bytes.map { sha256($0) })
            }
        }
        let text = task.declarationText + variableText(of: task.verb.footprint.manifests)
        return TaskInputs(declaration: sha256(Array(text.utf8)), files: digests)
    }

    private func isChanged(_ path: String, by task: PlannedTask) -> Bool {
        task.verb.footprint.writes.contains { isPath(path, at: $0.path.path.withoutSlashesAtEnd) }
    }

    /// Returns the path or, for a directory of manifests, the paths of the manifests; empty if the path is relative.
    private func paths(of read: Footprint.Read) -> [String] {
        let path = read.path.path
        guard path.isAbsolutePath else { return [] }
        guard read.use == .manifests, let names = (try? files.list(path)) ?? nil else { return [path] }
        return names.filter(isManifestName).map { "\(path.withoutSlashesAtEnd)/\($0)" }
    }

    /// Returns a text with the values of all variables; empty unless the manifests substitute variables.
    private func variableText(of manifests: ManifestSet?) -> String {
        guard manifests?.substitutesVariables == true else { return "" }
        return variables.names.map { name in
            let value = variables[name] ?? ""
            return "\(name)=\(value.utf8.count):\(value)"
        }.joined()
    }
}
