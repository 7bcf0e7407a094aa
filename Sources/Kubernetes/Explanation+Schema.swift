import YAML

/// Objects that are not what their kind's schema describes.
extension Explanation {
    /// A schema error: every fault that the schema shows, else what the server named.
    func schemaFailure(_ status: ServerStatus) async -> ObjectFailure {
        var problems: [Diagnostic] = []
        let schema = await applier.client.schemas.schema(
            of: manifest.identity.type,
            on: applier.client,
            until: applier.patience.deadline,
        )
        if let schema {
            problems = SchemaCheck(manifest.root, against: schema).faults.map { fault in
                problem(at: fault.place, fault.message, hint: fault.hint)
            }
        }
        let repetitions = named(by: status).filter { $0.message.contains("duplicate entries for key") }
        problems += repetitions.map(repetition)
        if problems.isEmpty { problems = named(by: status).map(serverFault) }
        if problems.isEmpty {
            problems = [problem(at: nil, "the server refuses it: \(oneLine(status.message))", hint: nil)]
        }
        return ObjectFailure(object: manifest.identity, cause: .invalid, problems: problems)
    }

    /// A fault in the server's words: `.spec.template: field not declared in schema`.
    private struct NamedFault {
        var path: FieldPath
        var message: String
    }

    /// The faults that the server names, one a line behind the introduction.
    private func named(by status: ServerStatus) -> [NamedFault] {
        status.message.split(whereSeparator: \.isNewline).compactMap { line in
            guard let start = line.firstRange(of: " .")?.lowerBound ?? (line.hasPrefix(".") ? line.startIndex : nil)
            else { return nil }
            let text = line[start...].drop { $0 == " " }
            guard let colon = text.firstRange(of: ": ") else { return nil }
            return NamedFault(
                path: FieldPath(String(text[..<colon.lowerBound])),
                message: String(text[colon.upperBound...])
            )
        }
    }

    private func serverFault(_ fault: NamedFault) -> Diagnostic {
        let target = fault.path.resolve(in: manifest.root)
        return problem(at: target.place, "field '\(fault.path.text)': \(fault.message)", hint: nil)
    }

    /// Two items of an associative list with the same keys; both places are told.
    private func repetition(_ fault: NamedFault) -> Diagnostic {
        let target = fault.path.resolve(in: manifest.root)
        let key = fault.message.replacing("duplicate entries for key ", with: "")
        let first = FieldPath(fault.path.text + key).resolve(in: manifest.root).place
        let same = (target.node?.sequence ?? []).filter { item in
            FieldPath(key).resolve(in: Node(.sequence([item]), place: item.place)).node != nil
        }
        let places = same.map(\.place.description).joined(separator: " and ")
        return problem(
            at: same.dropFirst().first?.place ?? first,
            "field '\(fault.path.text)' has more than one item \(key): at \(places)",
            hint: "remove one of them",
        )
    }
}
