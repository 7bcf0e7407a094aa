import Host
public import Testing

/// Programs of Prometheus, which `Tests/cluster/setup` extracts from Debian's packages.
public enum PrometheusTools {
    private static let directory: String = {
        let environment = Machine.environment()
        let cache = environment["XDG_CACHE_HOME"] ?? "\(environment["HOME"] ?? "")/.cache"
        return "\(cache)/nest-bootstrap/bin"
    }()

    /// The path of promtool.
    public static let promtool = "\(directory)/promtool"

    /// The path of the node exporter.
    public static let nodeExporter = "\(directory)/prometheus-node-exporter"

    /// Whether the programs are there.
    static var isAvailable: Bool {
        [promtool, nodeExporter].allSatisfy { (try? FileSystem.status($0)) != nil }
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips tests where there is no promtool and no node exporter.
    public static var needsPrometheus: Self {
        .enabled(if: PrometheusTools.isAvailable, "no promtool or node exporter; run Tests/cluster/setup")
    }
}
