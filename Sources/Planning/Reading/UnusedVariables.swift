public import Base

/// A variable that a drop-in sets.
public struct DropInVariable: Sendable, Hashable {
    public var name: String
    /// The location of the variable's definition.
    public var location: SourceLocation
    /// The name that was probably meant, if another variable has a similar name.
    public var nearName: String?

    /// The problem, if nothing uses the variable.
    public var problem: Problem {
        let hint = nearName.map { "did you mean '\($0)'?" } ?? "remove it, or use it as '${\(name)}'"
        return Problem("variable '\(name)' is set here and used nowhere", at: location, hint: hint)
    }
}

/// Finds variables that a drop-in sets and that are not used anywhere.
///
/// The name of such a variable is usually misspelt.
struct UnusedVariables {
    /// The variables that manifests may still use.
    private(set) var undetermined: [DropInVariable] = []

    /// Finds unused variables.
    ///
    /// A variable that the task file itself sets is not reported, because a drop-in may have replaced the task that
    /// uses it.
    ///
    /// - Parameters:
    ///   - files: The merged task files.
    ///   - plan: The tasks of this node.
    ///   - problems: The collector to which problems are reported.
    init(_ files: MergedFiles, _ plan: Plan, _ problems: ProblemCollector) {
        let dropInVariables = files.dropInVariables
        let suspects = files.variables.entries.filter { dropInVariables.contains($0.key) }
        guard !suspects.isEmpty, !problems.isIncomplete else { return }
        var used: Set<String> = []
        for section in [files.cluster, files.nodes, files.variables, files.certificates, files.tasks] {
            for entry in section.entries { used.formUnion(variableNames(in: entry.value)) }
        }
        let names = Set(files.variables.entries.map(\.key)).union(used).sorted()
        let byLetters = Dictionary(grouping: names, by: Self.letters)
        let substituting = files.tasks.entries.filter { $0.value["apply"]?["substitute"]?.boolean == true }.map(\.key)
        let own = Set(plan.steps.map(\.task.name))
        for suspect in suspects where !used.contains(suspect.key) {
            let variable = DropInVariable(
                name: suspect.key,
                location: suspect.location,
                nearName: problems.nearName(to: suspect.key, in: names.filter { $0 != suspect.key }),
            )
            // Manifests may use the variable, unless its name differs from another only in case and separators.
            let isTwin = byLetters[Self.letters(suspect.key), default: []].contains { $0 != suspect.key }
            if substituting.isEmpty || isTwin {
                problems.add([variable.problem])
            } else if own.isSuperset(of: substituting) {
                undetermined.append(variable)
            }
        }
    }

    private static func letters(_ name: String) -> String {
        name.lowercased().filter { !"_-.".contains($0) }
    }
}

/// Returns the names of the variables in all strings of a document.
public func variableNames(in node: Node) -> Set<String> {
    Set(node.strings.flatMap { Template($0)?.names ?? [] })
}
