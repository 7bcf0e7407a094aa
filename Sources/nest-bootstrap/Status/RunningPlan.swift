import Base
import Host
import Planning
import State
import YAML

/// The task files of the plan that runs on this node: the last valid ones that `up` or the health service has seen.
///
/// While the current task file is invalid, the commands that show the node show this plan. The copy is in `/run` and
/// only root can read it, because a task file may be closed to other users.
struct RunningPlan {
    private static let path = "/run/nest-bootstrap/task-files.json"
    private static let sizeLimit = 64 << 20

    /// Stores the task files as those of the plan that runs.
    ///
    /// - Throws: ``Base/SystemError`` if the copy cannot be written.
    static func store(_ configuration: Configuration) throws(SystemError) {
        let files = configuration.sources.map { source in
            Node.mapping([
                ("path", .string(source.path)), ("text", .string(String(decoding: source.bytes, as: UTF8.self))),
            ])
        }
        let document = Node.mapping([("files", .sequence(files))])
        let path = try Configuration.location(of: path, configuration.options)
        try FileSystem.write(document.json(), to: path, mode: 0o600, isSynced: false)
    }

    /// Reads the plan that runs.
    ///
    /// - Parameter options: The options of a command that shows the node.
    /// - Returns: The plan, `nil` if it is not known or the user may not read it.
    static func load(_ options: Options) -> Configuration? {
        guard options.config == Options.defaultConfig, let path = try? Configuration.location(of: path, options),
            let bytes = try? FileSystem.read(path, limit: sizeLimit),
            let files = try? readJSON(bytes, file: path)["files"]?.sequence
        else { return nil }
        let sources = files.compactMap { file -> SourceFile? in
            guard let path = file["path"]?.string, let text = file["text"]?.string else { return nil }
            return SourceFile(path: path, bytes: Array(text.utf8))
        }
        var configuration = try? Configuration(options, reading: sources)
        configuration?.isOld = true
        return configuration
    }
}
