import Base
import YAML

/// A JSON Patch (RFC 6902) of a webhook or a policy that does not apply to an object.
struct PatchFault {
    /// The field to which the patch would add, `nil` if the patch does not add.
    let parent: String?
    private let path: FieldPath

    /// Reads the message of the server's library, `nil` if it is another one.
    ///
    /// It is for example `add operation does not apply: doc is missing path: "/spec/a/b": missing value`.
    init?(_ message: String) {
        let pattern = /(\w+) operation does not apply: .*?(?:missing|key|path):? *"?(\/[^":]*)"?/
        guard let match = message.firstMatch(of: pattern) else { return nil }
        let keys = match.2.split(separator: "/").map { key in
            String(key).replacing("~1", with: "/").replacing("~0", with: "~")
        }
        path = FieldPath(Self.text(keys))
        parent = match.1 == "add" && keys.count > 1 ? Self.text(Array(keys.dropLast())) : nil
    }

    /// Returns the location of the field, or of the nearest parent that the manifest has.
    func location(in manifest: ManifestObject) -> SourceLocation {
        path.resolve(in: manifest.root).location
    }

    /// Writes the keys of a JSON Pointer (RFC 6901) as a path; numbers are positions in a list.
    private static func text(_ keys: [String]) -> String {
        keys.reduce("") { path, key in
            if !path.isEmpty, Int(key) != nil { return "\(path)[\(key)]" }
            return path.isEmpty ? key : "\(path).\(key)"
        }
    }
}
