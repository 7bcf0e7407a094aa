import Base
import YAML

/// Amounts of CPU, memory and storage, such as `500m` and `1Gi`.
enum Quantities {
    static func problems(_ manifest: ManifestObject) -> [Problem] {
        let (type, spec) = (manifest.identity.type, manifest.root["spec"])
        var problems: [Problem] = []
        if let pod = PodTemplate(manifest) {
            for container in pod.containers {
                problems += resources(container.node, container.path)
                problems += requestsAboveLimits(container.node["resources"], container.path)
            }
        }
        switch (type.group, type.kind) {
        case ("", "PersistentVolumeClaim"): problems += spec.map { resources($0, "spec") } ?? []
        case ("", "PersistentVolume"): problems += amounts(spec?["capacity"], "spec.capacity")
        case ("", "ResourceQuota"): problems += amounts(spec?["hard"], "spec.hard")
        case ("apps", "StatefulSet"):
            for (index, claim) in (spec?["volumeClaimTemplates"]?.sequence ?? []).enumerated() {
                problems += claim["spec"].map { resources($0, "spec.volumeClaimTemplates[\(index)].spec") } ?? []
            }
        default: break
        }
        return problems
    }

    /// Warns of amounts of bytes that are smaller than one, such as `512m`, which servers accept.
    static func warnings(_ manifest: ManifestObject) -> [Problem] {
        var lists: [(path: String, node: Node)] = []
        func add(_ resources: Node?, _ path: String) {
            for key in ["limits", "requests"] {
                if let node = resources?[key] { lists.append(("\(path).\(key)", node)) }
            }
        }
        for container in PodTemplate(manifest)?.containers ?? [] {
            add(container.node["resources"], "\(container.path).resources")
        }
        let (kind, spec) = (manifest.identity.type.kind, manifest.root["spec"])
        switch kind {
        case "PersistentVolumeClaim": add(spec?["resources"], "spec.resources")
        case "PersistentVolume": if let node = spec?["capacity"] { lists.append(("spec.capacity", node)) }
        case "ResourceQuota": if let node = spec?["hard"] { lists.append(("spec.hard", node)) }
        case "LimitRange":
            for (index, limit) in (spec?["limits"]?.sequence ?? []).enumerated() {
                for key in ["default", "defaultRequest", "max", "min"] {
                    if let node = limit[key] { lists.append(("spec.limits[\(index)].\(key)", node)) }
                }
            }
        default: break
        }
        return lists.flatMap { path, node in
            (node.mapping?.entries ?? []).compactMap { fractionOfByte($0.value, $0.key, "\(path).\($0.key)") }
        }
    }

    private static func fractionOfByte(_ value: Node, _ resource: String, _ path: String) -> Problem? {
        let name = resource.split(separator: ".").last ?? ""
        guard ["ephemeral-storage", "memory", "storage"].contains(name) || name.hasPrefix("hugepages-"),
            let text = value.string, let unit = text.last, "mun".contains(unit), isValid(text)
        else { return nil }
        let number = text.dropLast()
        return Problem(
            .wrongFieldValue,
            "field '\(path)' is '\(text)', \(unit == "m" ? "thousandths" : "fractions") of a byte",
            at: value.location,
            hint: unit == "m" ? "write '\(number)Mi' or '\(number)M'" : "write for example '1Gi'"
        )
    }

    private static func resources(_ node: Node, _ path: String) -> [Problem] {
        ["limits", "requests"].flatMap { amounts(node["resources"]?[$0], "\(path).resources.\($0)") }
    }

    /// Reports requests that are larger than the limit of the same resource, which servers refuse.
    private static func requestsAboveLimits(_ resources: Node?, _ path: String) -> [Problem] {
        (resources?["requests"]?.mapping?.entries ?? []).compactMap { request in
            guard let limit = resources?["limits"]?[request.key], let most = amount(limit),
                let requested = amount(request.value), requested > most * (1 + tolerance)
            else { return nil }
            let shown = (ShownValue(request.value), ShownValue(limit))
            return Problem(
                .wrongFieldValue,
                "field '\(path).resources.requests.\(request.key)' is \(shown.0), more than the limit, \(shown.1)",
                at: request.value.location,
                hint: "write at most \(shown.1), or raise the limit",
            )
        }
    }

    /// The relative difference below which two numbers are the same quantity, such as `0.1` and `100m`.
    private static let tolerance = 1e-9

    /// Returns a quantity as a number, close enough for a comparison; `nil` if the node is no quantity.
    private static func amount(_ node: Node) -> Double? {
        let text: String
        switch node.content {
        case .string(let string): text = string
        case .number(let number): text = number.json
        default: return nil
        }
        guard isValid(text) else { return nil }
        let number = text.prefix { $0.isNumber || "+-.".contains($0) }
        let unit = text.dropFirst(number.count)
        guard let factor = factors[String(unit)] else { return Double(text) }
        return Double(number).map { $0 * factor }
    }

    /// The factors of the units; a text with another end has an exponent.
    private static let factors: [String: Double] = [
        "": 1, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
        "Ki": 0x1p10, "Mi": 0x1p20, "Gi": 0x1p30, "Ti": 0x1p40, "Pi": 0x1p50, "Ei": 0x1p60,
    ]

    private static func amounts(_ node: Node?, _ path: String) -> [Problem] {
        (node?.mapping?.entries ?? []).compactMap { problem(of: $0.value, "\(path).\($0.key)") }
    }

    /// Returns the problem of a value that is not a quantity, or `nil` if it is a quantity or null.
    static func problem(of node: Node, _ path: String) -> Problem? {
        let text: String
        switch node.content {
        case .string(let string): text = string
        case .number(let number): text = number.json
        case .null: return nil
        case .boolean, .sequence, .mapping:
            let message = "field '\(path)': expected a quantity, found \(node.kindName)"
            return Problem(.wrongFieldValue, message, at: node.location, hint: "write for example '500m' or '1Gi'")
        }
        guard !isValid(text) else { return nil }
        return Problem(
            .wrongFieldValue,
            "field '\(path)': expected a quantity, found \(ShownValue(node))",
            at: node.location,
            hint: suggestion(for: text).map { "write '\($0)'" } ?? "write for example '500m' or '1Gi'",
        )
    }

    /// Returns whether a text is a quantity.
    ///
    /// The source is https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/.
    static func isValid(_ text: String) -> Bool {
        var rest = text.utf8[...]
        rest.skip { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
        let whole = rest.skipDigits()
        rest.skip { $0 == UInt8(ascii: ".") }
        guard whole + rest.skipDigits() > 0 else { return false }
        if units.contains(where: rest.elementsEqual) { return true }
        guard let sign = rest.popFirst(), sign == UInt8(ascii: "e") || sign == UInt8(ascii: "E") else { return false }
        rest.skip { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
        return rest.skipDigits() > 0 && rest.isEmpty
    }

    private static let units = [
        "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
    ].map { Array($0.utf8) }

    /// Returns the quantity that is probably meant: `1Gi` for `1GiB`, `1k` for `1K`, `1G` for `1g`.
    static func suggestion(for text: String) -> String? {
        let trimmed = text.filter { !$0.isWhitespace }
        let number = trimmed.prefix { $0.isNumber || $0 == "." }
        var unit = trimmed.dropFirst(number.count)
        if unit.isEmpty { return nil }
        if unit.last == "B" || unit.last == "b" { unit = unit.dropLast() }
        let candidates = [String(unit), unit.uppercased(), unit.lowercased(), unit.prefix(1).uppercased() + "i"]
        return candidates.map { number + $0 }.first { isValid(String($0)) }.map(String.init)
    }
}

extension Substring.UTF8View {
    /// Removes the first byte if it meets a condition.
    fileprivate mutating func skip(_ isSkipped: (UInt8) -> Bool) {
        if first.map(isSkipped) ?? false { removeFirst() }
    }

    /// Removes the digits at the beginning, and returns their number.
    fileprivate mutating func skipDigits() -> Int {
        let digits = prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
        removeFirst(digits)
        return digits
    }
}
