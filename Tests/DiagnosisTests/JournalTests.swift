import Base
import Host
import Testing

@testable import Diagnosis

/// The reading of the kubelet's journal.
@Suite(.timeLimit(.minutes(30)))
struct JournalTests {
    private func joinedTexts(_ lines: String...) -> [String] { joined(lines.map { JournalLine($0) }).map(\.text) }

    @Test func `a value in several lines is one error`() {
        let lines = joinedTexts(
            #"E1128 09:13:31.100000 90 run.go:72] "command failed" err=<"#,
            "\tfailed to run Kubelet: running with swap on is not supported:",
            "\t/proc/swaps contains \"/dev/sda2\"",
            " > logger=\"kubelet\"",
            "I1128 09:13:32.100000 91 a.go:1] \"starting\""
        )
        #expect(lines.count == 2)
        #expect(isError(lines[0]) && lines[0].hasSuffix(#"" logger="kubelet""#), "\(lines[0])")
        #expect(
            errorText(lines[0])
                == #"failed to run Kubelet: running with swap on is not supported: /proc/swaps contains "/dev/sda2""#
        )
    }

    @Test func `a value whose end is not in the journal ends at the next entry`() {
        let lines = joinedTexts(
            #"E1128 09:13:31.100000 90 a.go:1] "x" err=<"#,
            "\tone",
            #"E1128 09:13:32.100000 90 a.go:1] "y" err="two""#
        )
        #expect(lines.map(errorText) == ["one", "two"])
        #expect(joinedTexts(#"E1128 09:13:31.100000 90 a.go:1] "x" err=<"#, "\tone").map(errorText) == ["one"])
        #expect(joinedTexts("\tone", " >") == ["\tone", " >"])
    }

    @Test func `two values of an entry may have several lines`() {
        let lines = joinedTexts(
            #"E1128 09:13:31.100000 90 a.go:1] "x" output=<"#,
            "\ta",
            " > err=<",
            "\tb",
            "\tc",
            " >"
        )
        #expect(lines == [#"E1128 09:13:31.100000 90 a.go:1] "x" output="a" err="b\nc""#])
    }

    @Test func `an error of several lines is the cause`() {
        var facts = soundFacts()
        facts.stopKubelet()
        facts.kubelet.lines = joined(
            [
                #"E1128 09:13:31.100000 90 run.go:72] "command failed" err=<"#,
                "\tfailed to load kubelet config file, path: /var/lib/kubelet/config.yaml, error: failed to decode:",
                "\tstrict decoding error: unknown field \"maxPod\"",
                " >",
            ].map { JournalLine($0) }
        )
        let first = diagnose(facts).first
        #expect(first?.code == "kubelet-config")
        #expect(first?.cause.hasSuffix("unknown field \"maxPod\"") == true, "\(first?.cause ?? "")")
    }

    @Test func `a kubelet that was just started again has the error of the one before`() {
        func row(_ text: String, _ start: String) -> String {
            #"{"MESSAGE": "\#(text)", "_PID": "7", "_SYSTEMD_INVOCATION_ID": "\#(start)"}"#
        }
        let fatal = #"E1128 09:13:31.100000 90 run.go:72] \"command failed\" err=\"one\""#
        let rows = [row(fatal, "a"), row(#"E1128 09:13:32.100000 91 a.go:1] \"x\" err=\"two\""#, "b")]
        let lines = JournalProbe.lines(Array(rows.joined(separator: "\n").utf8))
        var kubelet = soundFacts().kubelet
        kubelet.process?.age = .seconds(1)
        kubelet.take(lines)
        #expect(lastKubeletError(kubelet.lines) == "two")
        kubelet.unit?.restartCount = 1
        kubelet.take(lines)
        #expect(lastKubeletError(kubelet.lines) == "one")
        kubelet.process?.age = .seconds(60)
        kubelet.take(lines)
        #expect(lastKubeletError(kubelet.lines) == "two")
    }

    @Test func `journalctl's lines of one start are joined`() {
        let rows = [#"E1 1 a.go:1] \"command failed\" err=<"#, #"\tone"#, #"\ttwo"#, " >"].map {
            #"{"MESSAGE": "\#($0)", "_PID": "7", "_SYSTEMD_INVOCATION_ID": "a"}"#
        }
        let lines = JournalProbe.lines(Array(rows.joined(separator: "\n").utf8))
        #expect(lines.unit.map(\.text) == [#"E1 1 a.go:1] "command failed" err="one\ntwo""#])
    }
}
