import CYAML

/// The version of libyaml that is loaded, such as `0.2.5`.
public var libyamlVersion: String {
    unsafe yaml_get_version_string().map { unsafe String(cString: $0) } ?? "unknown"
}
