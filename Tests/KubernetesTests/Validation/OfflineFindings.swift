import Base
import Testing
import YAML

@testable import Kubernetes

/// The printed problems and warnings of manifests, whose CustomResourceDefinitions apply to each other.
func findings(
    in text: String,
    version: String? = nil,
    document: SchemaDocument? = nil
) -> (problems: [String], warnings: [String]) {
    let file = ManifestFile(Array(text.utf8), file: "m.yaml")
    #expect(file.diagnostics == [])
    let check = ObjectCheck(
        version: version.flatMap(KubernetesVersion.init),
        definitions: CustomDefinitions(file.manifests),
        secretReaders: SecretReaders(file.manifests),
        document: document,
    )
    var (problems, warnings): ([String], [String]) = ([], [])
    for manifest in file.manifests {
        let found = check.findings(in: manifest)
        for problem in found.problems { problems.append(problem.description) }
        for warning in found.warnings { warnings.append(warning.description) }
    }
    return (problems, warnings)
}
