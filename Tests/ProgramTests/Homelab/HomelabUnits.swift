import TestSupport
import Testing

/// The settings of a unit by their names, and what its script gets.
typealias UnitSettings = [String: Set<String>]

/// The unit that the homelab's own module makes of a task.
struct HomelabUnit {
    /// The name of the task.
    let task: String
    /// The environment as the role file has it, with `NAME=VALUE` for each variable.
    let environment: Set<String>
    /// The settings, with those that systemd and NixOS add.
    let settings: UnitSettings

    /// Reads what the module gives to `systemd.services`.
    init(task: String, service: JSON) async throws {
        func list(_ key: String) -> [String] { service[key]?.sequence?.compactMap(\.string) ?? [] }
        let own = service["serviceConfig"]
        self.task = task
        environment = Set(own?["Environment"]?.sequence?.compactMap(\.string) ?? [])
        // The script is one line, which bash splits into words.
        let words = try await Tool.run("bash", ["-euc", "printf '%s\\n' \(service["script"]?.string ?? "")"])
        settings = [
            "Description": [service["description"]?.string ?? ""],
            "After": Set(list("after") + ["basic.target", "sysinit.target"]),
            "Requires": ["sysinit.target"],
            "Before": ["shutdown.target"],
            "Conflicts": ["shutdown.target"],
            "WantedBy": Set(list("wantedBy")),
            "Type": [own?["Type"]?.string ?? "simple"],
            "RemainAfterExit": [own?["RemainAfterExit"]?.boolean == true ? "yes" : "no"],
            "command": [words.output],
            "preStart": [service["preStart"]?.string ?? ""],
            // systemd splits an assignment without quotes at its spaces, and ignores words without an equals sign.
            "environment": Set(
                environment.flatMap { $0.split(separator: " ") }.filter { $0.contains("=") }.map(String.init)
            ),
            "PATH": ["coreutils", "findutils", "gnugrep", "gnused", "systemd"],
        ]
    }
}

extension NixModule {
    /// The units that the homelab's own module makes of a role file, by the names of the units.
    func homelabUnits(_ expression: String) async throws -> [String: HomelabUnit] {
        let result = try await evaluate(expression, instead: "homelab-module")
        try #require(result.status == 0, "\(result.errors)")
        var units: [String: HomelabUnit] = [:]
        for entry in try result.output.json["services"]?.entries ?? [] {
            let task = String(entry.key.dropFirst("k8s-bootstrap-".count))
            units["\(entry.key).service"] = try await HomelabUnit(task: task, service: entry.value)
        }
        return units
    }

    /// The names of all units that were made.
    func unitNames() async throws -> [String] {
        try await Tool.run("sh", ["-c", "cd $0/etc/systemd/system && find . -maxdepth 1 -type f", directory])
            .outputLines.map { String($0.dropFirst(2)) }
    }

    /// The settings of a unit of a task that runs a script, as systemd reads them.
    func settings(of unit: String) async throws -> UnitSettings {
        let here = "cd $0/etc/systemd/system && "
        let files = "cat $1 $1.d/*.conf; ls -d *.wants/$1 2>/dev/null || true"
        let text = try await Tool.run("sh", ["-euc", here + files, directory, unit])
        try #require(text.status == 0, "\(text.errors)")
        var settings: UnitSettings = [:]
        for line in text.outputLines where !line.hasPrefix("#") {
            if line.hasSuffix(".wants/\(unit)") {
                settings["WantedBy", default: []].insert(String(line.prefix(line.utf8.count - unit.utf8.count - 7)))
            }
            guard let sign = line.firstIndex(of: "=") else { continue }
            let key = String(line[..<sign])
            let value = String(line[line.index(after: sign)...])
            let isList = ["After", "Before", "Conflicts", "OnFailure", "Requires"].contains(key)
            settings[key, default: []].formUnion(isList ? value.split(separator: " ").map(String.init) : [value])
        }
        let target = try self.text("etc/systemd/system/k8s-bootstrap.target.d/50-tasks.conf")
        if target.contains("\nRequires=\(unit)\n") { settings["RequiredBy"] = ["k8s-bootstrap.target"] }
        try addProgram(of: unit, to: &settings)
        return settings
    }

    /// What the program gives to the script, and what its unit confines it to.
    private func addProgram(of unit: String, to settings: inout UnitSettings) throws {
        // What the default dependencies are is in the settings.
        #expect(settings.removeValue(forKey: "DefaultDependencies") == ["no"])
        for key in settings.keys where key.wholeMatch(of: /(Restrict|SystemCall|NoNew|Memory).*/) != nil {
            settings[key] = nil
            settings["sandbox"] = ["yes"]
        }
        settings["X-Restart-Triggers"] = settings["X-Restart-Triggers"].map {
            Set($0.map { "\($0.utf8.count) digits" })
        }
        let task = String(unit.dropFirst("k8s-bootstrap-".count).dropLast(".service".count))
        let exec = try text("built/bootstrap.yaml").json["tasks"]?[task]?["exec"]
        // A literal `${` is `$${` in the task file.
        func literal(_ node: JSON?) -> String { (node?.string ?? "").replacing("$${", with: "${") }
        let words = [exec?["shell"], exec?["script"]] + (exec?["args"]?.sequence ?? [])
        settings["command"] = [words.map { "\(literal($0))\n" }.joined()]
        settings["preStart"] = [literal(exec?["preStart"])]
        let variables = exec?["environment"]?.entries ?? []
        settings["environment"] = Set(variables.filter { $0.key != "PATH" }.map { "\($0.key)=\(literal($0.value))" })
        settings["PATH"] = Set(try text("config.json").json["path"]?.sequence?.compactMap(\.string) ?? [])
    }
}
