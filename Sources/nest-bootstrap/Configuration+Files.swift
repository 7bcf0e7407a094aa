import Base
import Host
import Planning

/// The task file and its drop-ins, as files.
extension Configuration {
    /// The largest task file.
    private static let sizeLimit = 1 << 20

    /// The largest number of names in a directory of drop-ins.
    private static let dropInLimit = 1000

    /// Reads the task file, then its drop-ins in the order of their names.
    ///
    /// - Parameters:
    ///   - options: The options that name them.
    ///   - isOptional: Whether the task file of this node may be missing; then it has no tasks.
    /// - Returns: The files.
    /// - Throws: Every file that cannot be read.
    static func sources(_ options: Options, isOptional: Bool = false) throws(Problems) -> [SourceFile] {
        var problems: [Problem] = []
        var sources: [SourceFile] = []
        func add(_ path: String) {
            do {
                if options.acts { try FileSystem.requireTrusted(path) }
                sources.append(SourceFile(path: path, bytes: try FileSystem.read(path, limit: sizeLimit)))
            } catch {
                let creation = "create it ('nest-bootstrap init' prints one), or pass '--config FILE'"
                let target = (try? FileSystem.status(path))?.target
                let missing = target.map { "it is a link to '\($0)': put the file there" } ?? creation
                let hint = error.isNotFound ? missing : error.advice
                let message = "cannot read the task file: \(error.reason)"
                problems.append(Problem(message, at: SourceLocation(file: path), hint: hint))
            }
        }
        let config = absolute(options.config)
        if isOptional, options.config == Options.defaultConfig, isMissing(config) {
            // The drop-ins change an empty file.
            sources.append(SourceFile(path: config, bytes: Array("tasks:\n".utf8)))
        } else {
            add(config)
        }
        do {
            let directory = absolute(options.dropInDirectory)
            if try FileSystem.exists(directory) {
                for name in try FileSystem.list(directory, limit: dropInLimit) {
                    guard !isDropIn(name) else {
                        add("\(directory)/\(name)")
                        continue
                    }
                    let text = String(name.reversed().drop { $0.isWhitespace }.reversed())
                    let suffix = [".yaml", ".yml", ".json"].first { text.lowercased().hasSuffix($0) }
                    guard let suffix, !name.hasPrefix(".") else { continue }
                    let location = SourceLocation(file: "\(directory)/\(name)")
                    problems.append(
                        Problem(
                            "would have no effect, as drop-ins end in .yaml",
                            at: location,
                            hint: "rename it to \(text.dropLast(suffix.count)).yaml, or remove it"
                        )
                    )
                }
            } else if !isMissing(directory) {
                let location = SourceLocation(file: directory)
                problems.append(Problem("the directory of the drop-ins is a link that leads nowhere", at: location))
            }
        } catch {
            problems.append(Problem("\(error)", at: SourceLocation(file: options.dropInDirectory)))
        }
        guard problems.isEmpty else { throw Problems(problems) }
        return sources
    }

    /// The warning that this node has no tasks, `nil` if it has a task file or a drop-in, or another one is named.
    static func absence(_ options: Options) -> Problem? {
        guard options.config == Options.defaultConfig, isAbsent(options) else { return nil }
        let config = Options.defaultConfig
        return Problem(
            "there is no task file '\(config)', so this node has no tasks",
            hint: "run 'nest-bootstrap init --output \(config)' to begin one",
        )
    }

    /// Whether nothing is at a path; a link that leads nowhere is something, and so is what cannot be examined.
    private static func isMissing(_ path: String) -> Bool {
        do {
            return try FileSystem.status(path) == nil
        } catch {
            return false
        }
    }

    /// Whether there is neither a task file nor a drop-in.
    static func isAbsent(_ options: Options) -> Bool {
        // A file that cannot be examined counts as present.
        do {
            guard try FileSystem.status(absolute(options.config)) == nil else { return false }
            let directory = absolute(options.dropInDirectory)
            guard try FileSystem.status(directory) != nil else { return true }
            return try FileSystem.list(directory, limit: dropInLimit).allSatisfy { !isDropIn($0) }
        } catch {
            return false
        }
    }

    /// The paths of the task file and its drop-ins, and the paths that links among them lead to.
    static func taskFiles(_ options: Options) -> [String] {
        let directory = absolute(options.dropInDirectory)
        let names = ((try? FileSystem.list(directory, limit: dropInLimit)) ?? []).filter(isDropIn)
        let paths = [absolute(options.config)] + names.map { "\(directory)/\($0)" }
        var seen: Set<String> = []
        return (paths + paths.compactMap { try? FileSystem.realPath($0) }).filter { seen.insert($0).inserted }
    }

    /// Where the task file and its drop-ins are on the node, by where they are here.
    static func installedPaths(_ options: Options, as config: String) -> [String: String] {
        var installed = options
        installed.config = config
        let directory = absolute(options.dropInDirectory)
        let names = ((try? FileSystem.list(directory, limit: dropInLimit)) ?? []).filter(isDropIn)
        let pairs = names.map { ("\(directory)/\($0)", "\(installed.dropInDirectory)/\($0)") }
        return Dictionary([(absolute(options.config), config)] + pairs) { first, _ in first }
    }

    /// The task files that a run by root would refuse.
    static func distrusted(_ options: Options) -> [Problem] {
        taskFiles(options).compactMap { path in
            do throws(SystemError) {
                try FileSystem.requireTrusted(path)
                return nil
            } catch {
                return Problem("\(error), so 'run' refuses it", hint: error.advice)
            }
        }
    }

    private static func isDropIn(_ name: String) -> Bool {
        name.hasSuffix(".yaml") && !name.hasPrefix(".")
    }

    static func absolute(_ path: String) -> String {
        if path.isAbsolutePath { return path }
        let directory = Machine.workingDirectory()
        return "\(directory == "/" ? "" : directory)/\(path.hasPrefix("./") ? path.dropFirst(2) : path[...])"
    }
}
