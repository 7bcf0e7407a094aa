import Base
import YAML

/// Permissions of files in volumes, which are numbers in the manifest.
enum FileModes {
    static func problems(_ manifest: ManifestObject) -> [Problem] {
        findings(manifest).filter { $0.isCertain }.map(\.problem)
    }

    /// Warns about numbers that have usual permissions as their digits, but others as their value.
    static func warnings(_ manifest: ManifestObject) -> [Problem] {
        findings(manifest).filter { !$0.isCertain }.map(\.problem)
    }

    private static func findings(_ manifest: ManifestObject) -> [(problem: Problem, isCertain: Bool)] {
        guard let pod = PodTemplate(manifest) else { return [] }
        return (pod.spec["volumes"]?.sequence ?? []).enumerated().flatMap { index, volume in
            findings(volume, "\(pod.path).volumes[\(index)]")
        }
    }

    /// Looks for `mode` and `defaultMode` in a volume.
    private static func findings(_ node: Node, _ path: String) -> [(problem: Problem, isCertain: Bool)] {
        switch node.content {
        case .mapping(let mapping):
            mapping.entries.flatMap { entry in
                let field = "\(path).\(entry.key)"
                guard ["mode", "defaultMode"].contains(entry.key), case .number(let number) = entry.value.content else {
                    return findings(entry.value, field)
                }
                return [finding(number, field, entry.value.location)].compactMap(\.self)
            }
        case .sequence(let items):
            items.enumerated().flatMap { findings($1, "\(path)[\($0)]") }
        case .null, .boolean, .number, .string: []
        }
    }

    private static func finding(_ number: Number, _ field: String, _ location: SourceLocation) -> (Problem, Bool)? {
        guard let value = Int(number.json) else { return nil }
        let digits = value >= 0 ? Int(String(value), radix: 8) : nil
        let isUsual = digits.map(usual.contains) ?? false
        let isRefused = !(0...0o777).contains(value)
        guard isRefused || isUsual && number.text == String(value) && !usual.contains(value) else { return nil }
        let meant = digits.flatMap { $0 <= 0o777 ? "write '0\(String($0, radix: 8))', with a zero in front" : nil }
        let found = value >= 0 ? "\(number.text) is 0\(String(value, radix: 8)) in octal" : "found \(number.text)"
        let message = "field '\(field)': permissions are octal up to 0777, and \(found)"
        return (Problem(.wrongFieldValue, message, at: location, hint: meant), isRefused)
    }

    /// The permissions that files usually have.
    private static let usual: Set = [
        0o400, 0o440, 0o444, 0o500, 0o550, 0o555, 0o600, 0o640, 0o644, 0o660, 0o664, 0o666, 0o700, 0o711, 0o750, 0o755,
        0o770, 0o775, 0o777,
    ]
}
