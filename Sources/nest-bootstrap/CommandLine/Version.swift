import Host

let programVersion = "0.1.0"

/// The output of `--version`: the version and, if known, the commit of the build.
let versionText = "nest-bootstrap \(programVersion)\(Machine.builtCommit.map { " (\($0))" } ?? "")\n"
