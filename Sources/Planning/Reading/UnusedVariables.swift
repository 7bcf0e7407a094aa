import Base

/// Reports variables that only drop-ins set and that nothing uses, because their names are usually misspelt.
///
/// A variable that the task file itself sets is not reported: a drop-in may have replaced the task that uses it.
func reportUnusedVariables(_ files: MergedFiles, _ problems: ProblemCollector) {
    let dropInVariables = files.dropInVariables
    guard !dropInVariables.isEmpty, !problems.isIncomplete else { return }
    var used: Set<String> = []
    for section in [files.cluster, files.nodes, files.variables, files.certificates, files.tasks] {
        for entry in section.entries { used.formUnion(variableNames(in: entry.value)) }
    }
    let names = Set(files.variables.entries.map(\.key)).union(used).sorted()
    let byLetters = Dictionary(grouping: names, by: letters)
    let substitutes = files.tasks.entries.contains { $0.value["apply"]?["substitute"]?.boolean == true }
    for entry in files.variables.entries where dropInVariables.contains(entry.key) && !used.contains(entry.key) {
        // Manifests may use the variable, unless its name is probably a misspelling of another one.
        let isTwin = byLetters[letters(entry.key), default: []].contains { $0 != entry.key }
        guard isTwin || !substitutes else { continue }
        problems.add(
            entry.location,
            "variable '\(entry.key)' is set here and used nowhere",
            hint: problems.hint(
                for: entry.key,
                in: names.filter { $0 != entry.key },
                else: "remove it, or use it as '${\(entry.key)}'"
            )
        )
    }
}

private func letters(_ name: String) -> String {
    name.lowercased().filter { !"_-.".contains($0) }
}

private func variableNames(in node: Node) -> Set<String> {
    Set(node.strings.flatMap { Template($0)?.names ?? [] })
}
