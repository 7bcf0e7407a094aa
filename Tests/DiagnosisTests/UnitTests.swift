import Base
import Host
import TestSupport
import Testing

@testable import Diagnosis

/// Settings of a unit that keep its program from starting or working.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct UnitTests {
    private static let dropIn = "/etc/systemd/system/kubelet.service.d/10-x.conf"

    /// The facts of a kubelet that ends again and again, with a drop-in of its unit.
    private func facts(_ settings: [(String, String)], _ lines: String...) -> Facts {
        var facts = soundFacts()
        facts.stopKubelet()
        facts.kubelet.lines = lines.map { JournalLine($0) }
        facts.kubelet.unitFile.settings = settings.map { .init($0.0, $0.1, in: Self.dropIn) }
        return facts
    }

    private static func fatal(_ error: String) -> String {
        #"E1128 09:13:31.100000 90 run.go:72] "command failed" err="\#(error)""#
    }

    /// Settings with an error of the kubelet, with the code of the cause.
    @Test(arguments: [
        ("User", "nobody", "error reading /var/lib/kubelet/pki/kubelet.key", "kubelet-user"),
        ("DynamicUser", "yes", "permission denied", "kubelet-user"),
        ("PrivateNetwork", "yes", "network is unreachable", "kubelet-network"),
        ("ReadOnlyPaths", "/var/lib/kubelet", "failed to unlink: read-only file system", "kubelet-confined"),
        ("ProtectSystem", "strict", "failed to unlink: read-only file system", "kubelet-confined"),
        ("CapabilityBoundingSet", "CAP_CHOWN", "mount: operation not permitted", "kubelet-confined"),
        ("RestrictAddressFamilies", "AF_UNIX", "socket: address family not supported by protocol", "kubelet-confined"),
        (
            "InaccessiblePaths", "-/srv /var/lib/kubelet", "open /var/lib/kubelet/x: no such file or directory",
            "kubelet-confined"
        ),
        (
            "InaccessiblePaths", "/var/lib/kubelet",
            "failed to load kubelet config file, error: open /var/lib/kubelet/config.yaml: no such file or directory",
            "kubelet-confined"
        ),
        ("LimitNOFILE", "10", "open: too many open files", "kubelet-confined"),
    ])
    func `a setting of the unit that leads to the error is the cause`(
        key: String,
        value: String,
        error: String,
        code: String,
    ) {
        let diagnosis = diagnose(facts([(key, value)], Self.fatal(error)))
        #expect(diagnosis.first?.code == code)
        #expect(
            diagnosis.first?.cause.contains("'\(key)=\(value)' in '\(Self.dropIn)'") == true,
            "\(diagnosis.first?.cause ?? "")"
        )
        #expect(
            diagnosis.first?.fix
                == "remove '\(key)=' in '\(Self.dropIn)', and run 'systemctl daemon-reload && systemctl restart kubelet.service'"
        )
        #expect(diagnosis.others == [])
    }

    @Test func `a setting of the unit that has nothing to do with the error is not the cause`() {
        let settings = [("User", "root"), ("ProtectSystem", "full"), ("PrivateTmp", "no"), ("LimitNOFILE", "1000000")]
        let diagnosis = diagnose(facts(settings, Self.fatal("failed to run Kubelet: a new reason")))
        #expect(diagnosis.first?.code == "kubelet-fails")
        let hidden = facts([("InaccessiblePaths", "/srv")], Self.fatal("open /etc/x: no such file or directory"))
        #expect(diagnose(hidden).first?.code == "kubelet-fails")
        var sound = soundFacts()
        sound.kubelet.unitFile.settings = [.init("PrivateNetwork", "yes", in: Self.dropIn)]
        #expect(sound.firstCode == nil)
    }

    @Test func `a limit of the memory is the cause of a kubelet that the kernel has ended`() {
        var facts = facts([("MemoryMax", "20M")])
        facts.kubelet.unit?.result = "oom-kill"
        facts.kubelet.unit?.exitStatus = 9
        #expect(diagnose(facts).first?.fix.hasPrefix("raise or remove 'MemoryMax=' in '\(Self.dropIn)'") == true)
        facts.kubelet.unitFile.settings = []
        #expect(diagnose(facts).first?.code == "kubelet-memory")
        #expect(diagnose(facts).first?.cause.contains("no memory was left") == true)
    }

    @Test func `a limit that ends the kubelet again and again is a fault of a node that is Ready`() {
        var facts = soundFacts()
        facts.kubelet.unitFile.settings = [.init("Type", "forking", in: Self.dropIn)]
        facts.kubelet.managerLines = [
            "kubelet.service: Failed with result 'timeout'.", "Starting kubelet.service - kubelet...",
        ]
        facts.kubelet.process?.age = .seconds(5)
        #expect(facts.firstCode == nil)
        facts.kubelet.unit?.restartCount = 3
        #expect(facts.firstCode == "kubelet-limit")
        facts.kubelet.process?.age = .seconds(500)
        #expect(facts.firstCode == nil)
    }

    @Test func `a directory, a step and a command of the unit are causes`() {
        var facts = facts([])
        facts.kubelet.unitFile.missingDirectories = [.init("WorkingDirectory", "/srv/kubelet", in: Self.dropIn)]
        #expect(diagnose(facts).first?.code == "kubelet-directory")
        facts.kubelet.unitFile.missingDirectories = []
        facts.kubelet.unitFile.settings = [.init("InaccessiblePaths", "/gone", in: Self.dropIn)]
        facts.kubelet.managerLines = [
            "kubelet.service: Failed to set up mount namespacing: /gone: No such file or directory",
            "kubelet.service: Failed at step NAMESPACE spawning /usr/bin/kubelet: No such file or directory",
        ]
        #expect(diagnose(facts).first?.cause.contains("because of 'InaccessiblePaths=/gone' in ") == true)
        let setting = UnitFileFacts.Setting("ExecStartPre", "/bin/sh -c \"exit 3\"", in: Self.dropIn)
        facts.kubelet.unitFile.commands = [.init(setting, program: "/bin/sh", failure: "exit status 3")]
        facts.kubelet.lines = [JournalLine("need module foo")]
        let first = diagnose(facts).first
        #expect(first?.code == "kubelet-command")
        #expect(first?.cause.hasSuffix("it fails (exit status 3): need module foo") == true, "\(first?.cause ?? "")")
        facts.kubelet.unitFile.commands = [.init(setting, program: "/gone", fault: "does not exist")]
        #expect(diagnose(facts).first?.fix.hasPrefix("install '/gone', or correct or remove 'ExecStartPre='") == true)
    }

    @Test func `systemd's results name the command that has failed`() {
        var facts = UnitFileFacts()
        for text in ["/bin/true", "-/bin/false", "/bin/sh -c 'exit 3'"] {
            facts.commands.append(.init(.init("ExecStartPre", text, in: "/u"), program: "/bin/sh"))
        }
        facts.addResults(
            """
            ExecStartPre={ path=/bin/true ; argv[]=/bin/true ; ignore_errors=no ; pid=1 ; code=exited ; status=0 }
            ExecStartPre={ path=/bin/false ; argv[]=/bin/false ; ignore_errors=yes ; pid=2 ; code=exited ; status=1 }
            ExecStartPre={ path=/bin/sh ; argv[]=/bin/sh -c exit 3 ; ignore_errors=no ; pid=3 ; code=exited ; status=3 }
            """
        )
        #expect(facts.commands.map(\.failure) == [nil, nil, "exit status 3"])
    }

    @Test func `the files of a unit are read`() throws {
        let root = TemporaryDirectory.file("root")
        func write(_ text: String, _ path: String) throws {
            try Files.makeDirectories("\(root)/\(path.pathParts.dropLast().joined(separator: "/"))")
            try Files.write(Array(text.utf8), to: "\(root)\(path)")
        }
        let unit = """
            [Unit]
            Requires=gone.service
            ConditionPathExists=/etc/gone
            ConditionPathExists=!/etc/systemd
            [Service]
            User=kube
            WorkingDirectory=/srv/gone
            ExecStartPre=-/bin/gone
            ExecStartPre=/bin/gone a
            ExecStart=/usr/bin/kubelet
            """
        try write(unit, "/etc/systemd/system/kubelet.service")
        try write("[Service]\nUser=\nMemoryMax=infinity\n", Self.dropIn)
        let facts = try #require(UnitFile("kubelet.service", root: root)).facts
        #expect(facts.setting("User") == nil && facts.setting("MemoryMax") == nil)
        #expect(facts.missingDirectories.map(\.value) == ["/srv/gone"])
        #expect(facts.missingUnits.map(\.value) == ["gone.service"])
        #expect(facts.unmetConditions.map(\.value) == ["/etc/gone", "!/etc/systemd"])
        #expect(facts.commands.map(\.setting.value) == ["/bin/gone a"])
        #expect(facts.commands.first?.fault == "does not exist")
    }

    @Test func `a unit that systemd does not start any more has its count of starts reset`() {
        var facts = facts([], Self.fatal("failed to parse kubelet flag: unknown flag: --old"))
        facts.kubelet.unit?.state = UnitState(load: "loaded", active: "failed", sub: "failed")
        facts.kubelet.unit?.result = "start-limit-hit"
        let fix = diagnose(facts).first?.fix
        #expect(
            fix?.contains("systemctl reset-failed kubelet.service && systemctl restart kubelet.service") == true,
            "\(fix ?? "")"
        )
    }

    @Test func `a container runtime whose unit is confined is the cause`() {
        var facts = soundFacts()
        facts.stopKubelet()
        facts.runtime.answer = .refused
        facts.runtime.units = [
            UnitDetails(
                name: "containerd.service",
                state: UnitState(load: "loaded", active: "activating", sub: "auto-restart"),
                restartCount: 3
            )
        ]
        let path = "/etc/systemd/system/containerd.service.d/x.conf"
        facts.runtime.unitFile.settings = [.init("User", "nobody", in: path)]
        let diagnosis = diagnose(facts)
        #expect(diagnosis.first?.code == "runtime-user")
        #expect(diagnosis.first?.subject == "containerd.service")
    }
}
