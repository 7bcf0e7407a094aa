public import Base

extension SystemError {
    /// Returns a not-found error that names the missing directory or dangling link, and suggests a similar path.
    ///
    /// Other errors, errors with a detail or advice, and errors about relative paths are returned unchanged.
    public func examined() -> SystemError {
        guard isNotFound, detail == nil, advice == nil, subject.isAbsolutePath else { return self }
        var error = self
        var parent = ""
        for part in subject.pathParts {
            let path = "\(parent)/\(part)"
            guard let found = try? FileSystem.status(path) else {
                if path != subject { error.detail = "directory '\(path)' does not exist" }
                let names = (try? FileSystem.list(parent.isEmpty ? "/" : parent, limit: 10_000)) ?? []
                let near = nearestName(to: String(part), in: names).map {
                    "\(parent)/\($0)\(subject.pathPart(after: path))"
                }
                if let near, (try? FileSystem.exists(near)) == true { error.advice = "did you mean '\(near)'?" }
                return error
            }
            if let target = found.target, (try? FileSystem.exists(path)) == false {
                error.detail = "'\(path)' is a link to '\(target)', which does not exist"
                return error
            }
            parent = path
        }
        return error
    }
}
