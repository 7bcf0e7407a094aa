import Actions
import Base
import HTTP
import Planning
import Reporting

/// A reader of what the tasks of a plan use: their declarations, and the files that they read.
struct InputReader {
    private let files: NodeFiles
    private let variables: Variables

    /// The paths that tasks of the plan write, whose changes are those of the tasks.
    private let produced: Set<ExactText>

    /// The size in bytes above which a file is not read.
    private static let sizeLimit = SizeLimit.content

    init(_ configuration: Configuration) {
        files = configuration.filesForReading
        variables = configuration.declarations.variables
        produced = Set(configuration.plan.steps.lazy.flatMap { $0.task.footprint.producedPaths }.map { ExactText($0) })
    }

    /// Returns the current inputs of a task.
    ///
    /// Products of other tasks of the plan are left out, because a task that has changed makes its dependants run
    /// again; so is what the task changes itself, and private keys, of which a unit sees only a copy.
    func inputs(of task: PlannedTask) -> TaskInputs {
        var digests: [String: String?] = [:]
        for read in task.verb.footprint.reads where read.use != .privateKey && read.use != .awaited {
            for path in paths(of: read) where !produced.contains(ExactText(path)) {
                // A program may change what it reads, but not what the task names as its input.
                if read.use == .optional, isChanged(path, by: task) { continue }
                guard read.use != .archive else {
                    digests[path] = .some(try? files.digest(ofFile: path))
                    continue
                }
                let bytes = try? files.read(path, limit: min(read.sizeLimit, Self.sizeLimit))
                digests[path] = .some(bytes.map { sha256($0) })
            }
        }
        let text = task.declarationText + variableText(of: task.verb.footprint.manifests)
        return TaskInputs(declaration: sha256(Array(text.utf8)), files: digests)
    }

    private func isChanged(_ path: String, by task: PlannedTask) -> Bool {
        task.verb.footprint.writes.contains { isPath(path, at: $0.path.path.withoutSlashesAtEnd) }
    }

    /// Returns the files at a path: the manifests of a directory, or else the path itself.
    private func paths(of read: Footprint.Read) -> [String] {
        let path = read.path.path
        guard path.isAbsolutePath else { return [] }
        guard read.use == .manifests, let names = (try? files.list(path)) ?? nil else { return [path] }
        return names.filter(isManifestName).map { "\(path.withoutSlashesAtEnd)/\($0)" }
    }

    /// Returns the values of all variables if those in the manifests are replaced.
    private func variableText(of manifests: ManifestSet?) -> String {
        guard manifests?.substitutesVariables == true else { return "" }
        return variables.names.map { name in
            let value = variables[name] ?? ""
            return "\(name)=\(value.utf8.count):\(value)"
        }.joined()
    }
}
