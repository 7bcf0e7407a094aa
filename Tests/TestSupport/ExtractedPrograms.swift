public import Testing

/// Programs that `Tests/cluster/setup` extracts from Debian's packages, because installing these would start services, and
/// those that are not in Debian in a version that is wanted.
public enum ExtractedPrograms {
    /// The directory of everything that the scripts of the tests keep.
    static let cache: String = {
        let environment = TestProcess.environment
        let cache = environment["XDG_CACHE_HOME"] ?? "\(environment["HOME"] ?? "")/.cache"
        return "\(cache)/nest-bootstrap"
    }()

    private static let directory = "\(cache)/bin"

    public static let promtool = "\(directory)/promtool"

    public static let nodeExporter = "\(directory)/prometheus-node-exporter"

    public static let cloudInit = "\(directory)/cloud-init"

    public static let ansiblePlaybook = "\(cache)/ansible/bin/ansible-playbook"

    static func exist(_ paths: String...) -> Bool { paths.allSatisfy { (try? Files.status($0)) != nil } }
}

extension Trait where Self == ConditionTrait {
    public static var needsPrometheus: Self {
        .enabled(
            if: ExtractedPrograms.exist(ExtractedPrograms.promtool, ExtractedPrograms.nodeExporter),
            "no promtool or node exporter; run Tests/cluster/setup"
        )
    }

    public static var needsAnsible: Self {
        .enabled(
            if: ExtractedPrograms.exist("\(ExtractedPrograms.cache)/ansible/complete"),
            "no Ansible; run Tests/cluster/fetch-ansible"
        )
    }

    public static var needsCloudInit: Self {
        .enabled(
            if: ExtractedPrograms.exist(ExtractedPrograms.cloudInit),
            "no cloud-init; run Tests/cluster/setup"
        )
    }
}
