import Base
import YAML

/// Fields of a pod, or of a pod template, that are named by the words of a refusal or by a state of a pod.
enum PodField {
    /// Returns the location of the field that a text names.
    ///
    /// - Returns: The location of the first named field that the manifest has, or else that of the nearest parent of a
    ///   missing field; `nil` if the text names no field or the manifest has no pod template.
    static func location(namedBy words: String, in manifest: ManifestObject) -> SourceLocation? {
        guard let template = PodTemplate(manifest) else { return nil }
        let paths = paths(namedBy: words, in: template)
        let present = paths.lazy.flatMap { $0.spellings(in: manifest.root) }.map { $0.resolve(in: manifest.root) }
            .first { $0.node != nil }
        return (present ?? paths.first?.resolve(in: manifest.root))?.location
    }

    /// Returns the location of a field of the pods' `spec`, or of the nearest parent that the manifest has.
    static func location(of field: String, in manifest: ManifestObject) -> SourceLocation? {
        PodTemplate(manifest).map { FieldPath("\($0.path).\(field)").resolve(in: manifest.root).location }
    }

    /// Returns the location of the first of some fields that a container has, `nil` if none has one.
    static func location(namedBy fields: [String], in manifest: ManifestObject) -> SourceLocation? {
        guard let template = PodTemplate(manifest) else { return nil }
        let paths = template.containers.flatMap { container in fields.map { FieldPath("\(container.path).\($0)") } }
        return paths.lazy.map { $0.resolve(in: manifest.root) }.first { $0.node != nil }?.location
    }

    /// Returns the paths of the fields that a text names.
    private static func paths(namedBy words: String, in template: PodTemplate) -> [FieldPath] {
        if let match = words.firstMatch(of: /failed quota: [^ :]+: must specify (.*)/) {
            return required(String(match.1), in: template)
        }
        if let match = words.firstMatch(of: /violates PodSecurity "[^"]*": (.*)/) {
            return violations(String(match.1), in: template)
        }
        let range = limits(in: words, template)
        if !range.isEmpty { return range }
        if words.contains(#/serviceaccount "[^"]*" not found/#) {
            return ["serviceAccountName", "serviceAccount"].map { FieldPath("\(template.path).\($0)") }
        }
        if let match = words.firstMatch(of: /container '([^']*)' is waiting: (?:ErrImage|ImagePull|InvalidImageName)/) {
            return containers(named: [String(match.1)], in: template).map { FieldPath("\($0).image") }
        }
        return []
    }

    /// Returns the paths of the values that a quota requires, such as `limits.memory for: a,b; requests.cpu for: a`.
    private static func required(_ list: String, in template: PodTemplate) -> [FieldPath] {
        let found = list.matches(of: /([^ ;,]+) for: ([^ ;)]+)/).flatMap { match in
            containers(named: match.2.split(separator: ",").map(String.init), in: template)
                .map { FieldPath("\($0).resources.\(match.1)") }
        }
        // Servers before 1.24 do not name the containers.
        return found.isEmpty ? [FieldPath("\(template.path).containers")] : found
    }

    /// Returns the paths of the values that a LimitRange refuses, those with the value that the message shows first.
    ///
    /// A message is `maximum memory usage per Container is 10Mi, but limit is 1Gi`, or
    /// `memory max limit to request ratio per Container is 2, but provided ratio is 4.000000`.
    private static func limits(in words: String, _ template: PodTemplate) -> [FieldPath] {
        let usage = /(?:minimum|maximum) ([^ ]+) usage per \w+ is [^ ]+?[,.] +(?:but|No) (limit|request) is ([^ ,.\]]+)/
        var found = words.matches(of: usage).flatMap { match -> [(path: String, isShown: Bool)] in
            let field = "resources.\(match.2)s.\(match.1)"
            return template.containers.compactMap { container in
                let value = FieldPath(field).resolve(in: container.node).node
                return value.map { ("\(container.path).\(field)", $0.string == String(match.3)) }
            }
        }
        found += words.matches(of: #/([^ \[]+) max limit to request ratio per \w+ is /#).flatMap { match in
            template.containers.map { ("\($0.path).resources.limits.\(match.1)", false) }
        }
        return (found.filter(\.isShown) + found.filter { !$0.isShown }).map { FieldPath($0.path) }
    }

    /// Returns the paths of the fields in the brackets of violations of a Pod Security Standard.
    ///
    /// The brackets contain `hostNetwork=true`, `volume "a"`, or `containers "a", "b" must not set
    /// securityContext.privileged=true`.
    private static func violations(_ list: String, in template: PodTemplate) -> [FieldPath] {
        list.matches(of: /\(([^()]*)\)/).flatMap { match -> [FieldPath] in
            let text = String(match.1)
            let pattern = #/([A-Za-z][A-Za-z.]*)=|(securityContext\.[A-Za-z.]+)|uses (hostPort)s? /#
            let fields = text.matches(of: pattern).map { String($0.1 ?? $0.2 ?? $0.3 ?? "") }
            let volumes = names(after: "volume", in: text).map { "\(template.path).volumes[name=\"\($0)\"]" }
            let named = Self.containers(named: names(after: "container", in: text), in: template)
            let containers = named.flatMap { container in
                fields.isEmpty ? [container] : fields.flatMap { Self.candidates(for: $0, below: container) }
            }
            let own = fields.flatMap { Self.candidates(for: $0, below: template.path) }
            let all = containers.isEmpty ? volumes + own : volumes + containers
            return all.map { FieldPath($0) }
        }
    }

    /// Returns the paths that a field may have; of some fields the server leaves out the beginning.
    private static func candidates(for field: String, below parent: String) -> [String] {
        ["", "securityContext.", "ports."].map { "\(parent).\($0)\(field)" }
    }

    /// Returns the quoted names after a noun, which may be in the plural.
    private static func names(after noun: String, in text: String) -> [String] {
        guard let start = text.firstRange(of: noun)?.upperBound else { return [] }
        let list = text[start...].prefixMatch(of: /s? ("[^"]*"(?:, "[^"]*")*)/)?.1 ?? ""
        return list.split(separator: ", ").map { String($0.dropFirst().dropLast()) }
    }

    /// Returns the paths of the containers with names.
    private static func containers(named names: [String], in template: PodTemplate) -> [String] {
        template.containers.filter { names.contains($0.node["name"]?.string ?? "") }.map(\.path)
    }
}
