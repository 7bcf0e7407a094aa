import TestSupport
import Testing

/// The role files of the homelab: what its own module makes of their tasks, side by side with what this one makes.
@Suite(.temporaryDirectory, .needsNix, .timeLimit(.minutes(15)))
struct HomelabModuleTests {
    /// What the units of a role file have in common, and what not.
    private struct Comparison {
        /// A line for each setting of a unit that is not as expected.
        var unexpected: [String] = []
        /// What changed a setting of at least one unit.
        var used: Set<String> = []

        /// Compares the unit of a task with the one that the homelab's own module makes of it.
        mutating func add(_ unit: HomelabUnit, _ ours: UnitSettings) {
            var expected = unit.settings
            for difference in IntendedDifference.all {
                let before = expected
                difference.change(&expected, unit)
                if expected != before { used.insert(difference.subject) }
            }
            for key in Set(expected.keys).union(ours.keys).sorted() where expected[key] != ours[key] {
                let (theirs, ours) = ((expected[key] ?? []).sorted(), (ours[key] ?? []).sorted())
                unexpected.append("\(unit.task): \(key): \(theirs) and \(ours)")
            }
        }
    }

    /// Compares what the two modules make of role files.
    private func compare(_ module: NixModule, with theirs: String, _ comparison: inout Comparison) async throws {
        let units = try await module.homelabUnits(theirs)
        let names = Set(try await module.unitNames())
        for (name, unit) in units.sorted(by: { $0.key < $1.key }) {
            if names.contains(name) {
                comparison.add(unit, try await module.settings(of: name))
            } else {
                comparison.unexpected.append("\(unit.task): no unit")
            }
        }
        for name in names.subtracting(units.keys).subtracting(Self.additional).sorted() {
            comparison.unexpected.append("\(name): a unit of no task")
        }
    }

    /// The units that belong to no task.
    private static let additional = [
        "k8s-bootstrap--metrics.service", "k8s-bootstrap--metrics.timer", "k8s-bootstrap--report.service",
        "k8s-bootstrap--report.timer", "k8s-bootstrap-alert@.service", "k8s-bootstrap-health.service",
        "k8s-bootstrap-health.timer", "k8s-bootstrap.target",
    ]

    @Test(
        arguments: [("control-plane", 11, []), ("worker", 3, ["`after` with another task", "`environment`"])]
    )
    func `every task of a role file does the same, and each difference is intended`(
        role: String,
        count: Int,
        unused: [String]
    ) async throws {
        let module = try await NixModule(NixModule.file(role))
        let config = try module.text("config.json").json
        #expect(config["failures"]?.sequence?.isEmpty == true)
        let copies = config["rules"]?.sequence?.filter { $0.string?.hasPrefix("C /var/lib/cni/net.d/") == true }
        #expect(copies?.count == 1)
        #expect(try await module.homelabUnits(NixModule.file(role)).count == count)
        var comparison = Comparison()
        try await compare(module, with: NixModule.file(role), &comparison)
        #expect(comparison.unexpected == [])
        #expect(comparison.used == Set(IntendedDifference.all.map(\.subject)).subtracting(unused))
    }

    @Test(
        arguments: [
            ("description = lib.mkForce \"Another\";", ["Description"]),
            ("script = lib.mkForce \"/another\";", ["command"]),
            ("args = [ \"another\" ];", ["command"]),
            ("after = [ \"another.service\" ];", ["After"]),
            ("after = [ \"k8s-bootstrap-coredns.service\" ];", ["After", "Requires"]),
            ("environment.ANOTHER = \"one\";", ["environment"]),
            ("environment.KUBECONFIG = lib.mkForce \"/another\";", ["environment"]),
            ("preStart = \"another\";", ["preStart"]),
            ("wantedBy = [ \"another.target\" ];", ["WantedBy"]),
            ("timeout = \"1m\";", ["TimeoutStartSec"]),
            ("enable = false;", ["no unit"]),
        ]
    )
    func `a changed option is found`(option: String, settings: [String]) async throws {
        let role = NixModule.file("control-plane")
        let changed = "kubernetes.bootstrap.tasks.calico-node = { \(option) };"
        let module = try await NixModule("{ lib, ... }: { imports = [ (\(role)) ]; \(changed) }")
        var comparison = Comparison()
        try await compare(module, with: role, &comparison)
        let found = comparison.unexpected.map { $0.prefix { $0 != "[" } }
        #expect(found == settings.map { $0 == "no unit" ? "calico-node: no unit" : "calico-node: \($0): " })
    }

    @Test func `docs/nixos.md lists the differences`() throws {
        let text = try Files.read("\(TestCluster.sourceRoot)/docs/nixos.md")
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        let head = try #require(lines.firstIndex(of: "| what | the homelab's module | this module |"))
        let rows = lines[(head + 2)...].prefix { $0.hasPrefix("|") }.map(String.init)
        #expect(rows == IntendedDifference.all.map { "| \($0.subject) | \($0.theirs) | \($0.ours) |" })
    }
}
