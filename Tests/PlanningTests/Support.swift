import Planning
import YAML

/// Reads one task file as the control plane of a test reads it.
func declarations(_ text: String, role: String? = "control-plane", host: String = "node") throws -> Declarations {
    try declarations([("bootstrap.yaml", text)], role: role, host: host)
}

/// Reads several task files.
func declarations(
    _ files: [(path: String, text: String)],
    role: String? = "control-plane",
    environmentRole: String? = nil,
    host: String = "node",
) throws -> Declarations {
    let files = files.map { SourceFile(path: $0.path, bytes: Array($0.text.utf8)) }
    return try readDeclarations(files, node: NodeFacts(hostName: host, role: role, environmentRole: environmentRole))
}

/// The plan of one task file.
func plan(_ text: String, role: String? = "control-plane") throws -> Plan {
    try declarations(text, role: role).plan
}

/// What is printed about one task file, or nothing if nothing is wrong.
func problems(_ text: String, role: String? = "control-plane", host: String = "node") -> String {
    problems([("bootstrap.yaml", text)], role: role, host: host)
}

/// What is printed about several task files.
func problems(
    _ files: [(path: String, text: String)],
    role: String? = "control-plane",
    environmentRole: String? = nil,
    host: String = "node",
) -> String {
    do {
        _ = try declarations(files, role: role, environmentRole: environmentRole, host: host)
        return ""
    } catch {
        return "\(error)"
    }
}

/// All verbs, as messages list them.
let verbList = "\(verbNames.dropLast().joined(separator: ", ")) or \(verbNames.last ?? "")"
