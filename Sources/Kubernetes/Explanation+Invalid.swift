import YAML

/// Values that the server's validation refuses.
extension Explanation {
    /// A refusal with status 422: one problem a cause.
    func invalidFailure(_ status: ServerStatus) -> ObjectFailure {
        let problems = status.causes.map { cause in
            Self.isImmutability(cause) ? immutable(cause) : invalid(cause)
        }
        return ObjectFailure(object: manifest.identity, cause: .invalid, problems: problems)
    }

    /// Whether a field may not change after the object was made; validation has several ways to say so.
    private static func isImmutability(_ cause: ServerStatus.Cause) -> Bool {
        ["field is immutable", "cannot change roleRef", "may not change once set", "may not be changed", "updates to "]
            .contains { cause.message.contains($0) }
    }

    private func immutable(_ cause: ServerStatus.Cause) -> Diagnostic {
        let path = FieldPath(cause.field)
        let target = path.resolve(in: manifest.root)
        let masked = isSecret(path.text)
        let there = live.flatMap { path.resolve(in: $0).node }
        let (kind, name) = (manifest.identity.type.kind.lowercased(), manifest.identity.name)
        let namespace = live?["metadata"]?["namespace"]?.string.map { " -n \($0)" } ?? ""
        return problem(
            at: target.place,
            "field '\(path.text)' cannot be changed: \(ShownValue(there, masked)) on the server, "
                + "\(ShownValue(target.node, masked)) here",
            hint:
                "restore the value, choose another name, or have it made anew: 'kubectl delete \(kind) \(name)\(namespace)'",
        )
    }

    private func invalid(_ cause: ServerStatus.Cause) -> Diagnostic {
        let path = FieldPath(cause.field)
        let target = path.resolve(in: manifest.root)
        switch cause.reason {
        case "FieldValueRequired":
            let detail = Self.detail(of: cause.message)
            return problem(
                at: target.place,
                "field '\(path.text)' is required\(detail.isEmpty ? "" : ": \(oneLine(detail))")",
                hint: "add '\(target.key ?? path.text):'",
            )
        default:
            let value = target.node.map { " \(ShownValue($0, isSecret(path.text)))" } ?? ""
            let detail = Self.detail(of: cause.message)
            return problem(at: target.place, "field '\(path.text)':\(value) is refused: \(oneLine(detail))", hint: nil)
        }
    }

    /// What a cause says behind `Invalid value: VALUE: `, where the value is written in Go's syntax.
    private static func detail(of message: String) -> String {
        guard let colon = message.firstRange(of: ": ") else {
            return message.hasSuffix(" value") ? "" : message
        }
        let known = [
            "Invalid value", "Unsupported value", "Required value", "Duplicate value", "Forbidden", "Too long",
        ]
        let head = message[..<colon.lowerBound]
        guard known.contains(where: { head.hasPrefix($0) }) else { return message }
        let rest = message[colon.upperBound...]
        guard ["Invalid value", "Unsupported value"].contains(String(head)) else { return String(rest) }
        return afterGoValue(rest).map(String.init) ?? String(rest)
    }

    /// Skips a value in Go's syntax and the colon behind it.
    private static func afterGoValue(_ text: Substring) -> Substring? {
        var depth = 0
        var isQuoted = false
        var isEscaped = false
        for index in text.indices {
            switch text[index] {
            case _ where isEscaped: isEscaped = false
            case "\\" where isQuoted: isEscaped = true
            case "\"": isQuoted.toggle()
            case _ where isQuoted: break
            case "{", "(", "[": depth += 1
            case "}", ")", "]": depth -= 1
            case ":" where depth == 0 && text[index...].hasPrefix(": "): return text[index...].dropFirst(2)
            default: break
            }
        }
        return nil
    }
}
