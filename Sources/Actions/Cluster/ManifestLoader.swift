import Base
import HTTP
import Host
import Kubernetes
import Planning

/// Returns whether a file with the given name is read from a directory of manifests.
public func isManifestName(_ name: String) -> Bool {
    !name.hasPrefix(".") && manifestSuffixes.contains { name.hasSuffix($0) }
}

/// Returns whether a name differs from a manifest name only in upper-case letters or trailing white space.
private func isAlmostManifestName(_ name: String) -> Bool {
    let usual = name.lowercased().reversed().drop { $0.isWhitespace }.reversed()
    return !isManifestName(name) && isManifestName(String(usual))
}

private let manifestSuffixes = [".yaml", ".yml", ".json"]

/// A loader for the manifests that a task names: files, directories and pinned URLs.
struct ManifestLoader {
    let run: RunEnvironment
    let manifests: ManifestSet

    /// The maximum total size in bytes of the manifests of one task.
    private static let totalLimit = 256 << 20

    struct Contents {
        /// The objects, in the order of the task file.
        var manifests: [ManifestObject] = []
        /// Problems with the manifests, which do not prevent other documents from being read.
        var problems: [Problem] = []
        /// Warnings about possible manifests that are not read, such as those in subdirectories.
        var warnings: [Problem] = []
        /// Whether no manifest was skipped on purpose, such as a URL that is not in the cache.
        var isComplete = true
        fileprivate var byteCount = 0
    }

    /// Reads all manifests; `fetch` returns the text of a pinned URL, or `nil` to skip the URL.
    func load(
        fetch: (_ url: String, _ sha256: String) async throws(Problem) -> [UInt8]?,
    ) async -> Contents {
        var contents = Contents()
        for source in manifests.sources {
            switch source {
            case .path(let reference):
                for path in paths(of: reference, &contents) {
                    do throws(SystemError) {
                        let bytes = try run.files.read(path, limit: SizeLimit.content, isData: false)
                        add(bytes, named: path, to: &contents)
                    } catch {
                        contents.problems.append(missing(reference, error))
                    }
                }
            case .url(let url, let sha256, let location):
                do {
                    guard let bytes = try await fetch(url, sha256) else {
                        contents.isComplete = false
                        continue
                    }
                    add(bytes, named: urlWithoutQuery(url), to: &contents)
                } catch {
                    let cause = error.cause.map { ": \($0)" } ?? ""
                    contents.problems.append(
                        Problem(error.message + cause, at: location, hint: error.hint, cause: error.cause)
                    )
                }
            }
        }
        return contents
    }

    /// Returns the path itself or, for a directory, the paths of the manifests directly in it.
    private func paths(of reference: LocatedPath, _ contents: inout Contents) -> [String] {
        do throws(SystemError) {
            guard let names = try run.files.list(reference.path) else { return [reference.path] }
            let directory = reference.path.endsWithSlash ? reference.path : reference.path + "/"
            let files = names.filter { !run.files.isDirectory(directory + $0) }
            let subdirectories = names.filter { name in
                let below = name.hasPrefix(".") ? nil : try? run.files.list(directory + name)
                return below?.contains(where: isManifestName) == true
            }
            let skipped = files.filter(isAlmostManifestName) + subdirectories
            if !skipped.isEmpty {
                let message = "not read from directory '\(reference.path)': \(quotedList(skipped))"
                let hint =
                    "manifests are named *.yaml, *.yml or *.json; name a subdirectory in 'manifests' too"
                contents.warnings.append(Problem(message, at: reference.location, hint: hint))
            }
            let manifests = files.filter(isManifestName)
            if manifests.isEmpty {
                let message = "directory '\(reference.path)' contains no manifest"
                let hint = "remove it from 'manifests', or name its files *.yaml, *.yml or *.json"
                contents.problems.append(Problem(message, at: reference.location, hint: hint))
            }
            return manifests.map { directory + $0 }
        } catch {
            contents.problems.append(missing(reference, error))
            return []
        }
    }

    private func add(_ bytes: [UInt8], named name: String, to contents: inout Contents) {
        let location = SourceLocation(file: name)
        contents.byteCount += bytes.count
        guard contents.byteCount <= Self.totalLimit else {
            let message = "the manifests of one task are more than \(Self.totalLimit) bytes with this one"
            contents.problems.append(Problem(message, at: location, hint: "split them into several tasks"))
            return
        }
        let variables = manifests.substitutesVariables ? run.variables : nil
        let file = ManifestFile(bytes, file: name) { node in variables?.replace(in: node) ?? (node, []) }
        contents.manifests += file.manifests
        contents.problems += file.diagnostics.map { problem in
            // The message may contain a secret value.
            var problem = problem
            problem.publicMessage = problem.publicMessage ?? "the manifest is invalid"
            return problem
        }
        if file.manifests.isEmpty, file.diagnostics.isEmpty {
            let problem = Problem("contains no object", at: location, hint: "remove it from 'manifests'")
            contents.problems.append(problem)
        }
    }

    private func missing(_ reference: LocatedPath, _ error: SystemError) -> Problem {
        let hint = error.isNotFound ? "correct the path, or install the file before this task" : error.advice
        return Problem("\(error)", at: reference.location, hint: hint, cause: error)
    }
}
