import Base
import Planning
import Testing

@testable import Reporting

/// The metrics of a node as text.
@Suite(.timeLimit(.minutes(15)))
struct MetricsTests {
    private func record(_ outcome: Outcome.Kind?, at seconds: Int64, lastSuccess: Int64? = nil) -> TaskRecord {
        TaskRecord(
            task: "a",
            outcome: outcome,
            time: Timestamp(seconds: seconds),
            uptimeMilliseconds: seconds * 1000,
            durationMicroseconds: 1_500_000,
            attempt: 3,
            history: TaskHistory(lastSuccess: lastSuccess.map { Timestamp(seconds: $0) }),
            run: "r",
        )
    }

    @Test func `tasks and certificates are families of gauges, with what is known`() {
        let tasks = [
            TaskMetrics(task: "a", record: record(.failed, at: 100, lastSuccess: 50), repetition: nil),
            TaskMetrics(task: "b", record: nil, repetition: nil),
        ]
        let end = Timestamp(seconds: 1_800_000_000)
        let certificate = CertificateExpiry(
            path: "/a \"b\"\\c\n",
            subject: "CN=x",
            validFrom: Timestamp(seconds: 1_700_000_000),
            expires: end,
        )
        let text = metricsText(version: "1.2", tasks: tasks, certificates: [certificate])
        let lines = text.split(separator: "\n").map(String.init)
        #expect(
            lines.prefix(3) == [
                "# HELP nest_bootstrap_build_info The version of the program, with the value 1.",
                "# TYPE nest_bootstrap_build_info gauge", #"nest_bootstrap_build_info{version="1.2"} 1"#,
            ]
        )
        #expect(text.hasSuffix("\n"))
        let ofCertificate = #"_timestamp_seconds{path="/a \"b\"\\c\n",subject="CN=x"} "#
        let expected = [
            "task_file_valid 1", #"task_outcome{task="a",outcome="changed"} 0"#,
            #"task_outcome{task="a",outcome="failed"} 1"#,
            #"task_outcome{task="b",outcome="failed"} 0"#, #"task_duration_seconds{task="a"} 1.500"#,
            #"task_attempts{task="a"} 3"#, #"task_last_run_timestamp_seconds{task="a"} 100"#,
            #"task_last_success_timestamp_seconds{task="a"} 50"#, "certificate_not_before\(ofCertificate)1700000000",
            "certificate_expiry\(ofCertificate)1800000000",
        ]
        for line in expected { #expect(lines.contains("nest_bootstrap_\(line)"), "\(line)") }
        #expect(lines.count { !$0.hasPrefix("#") } == 18)
    }

    @Test func `a family without samples is left out`() {
        let text = metricsText(version: "1", isTaskFileValid: false)
        #expect(text.split(separator: "\n").count == 6)
        #expect(text.hasSuffix("\nnest_bootstrap_task_file_valid 0\n"))
    }

    @Test func `of a task and its repetition the later run counts, and the later success`() {
        let repeated = TaskMetrics(
            task: "a",
            record: record(.changed, at: 100),
            repetition: record(.failed, at: 200, lastSuccess: 150)
        )
        #expect(repeated.last?.outcome == .failed)
        #expect(repeated.last?.time == Timestamp(seconds: 200))
        #expect(repeated.lastSuccess == Timestamp(seconds: 150))
        let again = TaskMetrics(task: "a", record: record(.unchanged, at: 300), repetition: record(.failed, at: 200))
        #expect(again.last?.outcome == .unchanged)
        #expect(again.lastSuccess == Timestamp(seconds: 300))
    }

    @Test func `while a task runs its last run that has ended counts`() {
        let first = TaskMetrics(task: "a", record: record(nil, at: 400), repetition: nil)
        #expect(first == TaskMetrics(task: "a", record: nil, repetition: nil))
        var retry = record(nil, at: 400)
        retry.history = record(.failed, at: 350, lastSuccess: 300).historyForNext
        let running = TaskMetrics(task: "a", record: retry, repetition: nil)
        #expect(running.last?.outcome == .failed)
        #expect(running.last?.time == Timestamp(seconds: 350))
        #expect(running.last?.duration == .milliseconds(1500))
        #expect(running.last?.attempt == 3)
        #expect(running.lastSuccess == Timestamp(seconds: 300))
        // A third attempt after one that was killed.
        retry.history = retry.historyForNext
        #expect(TaskMetrics(task: "a", record: retry, repetition: nil) == running)
        let repeating = TaskMetrics(task: "a", record: record(.changed, at: 360), repetition: retry)
        #expect(repeating.last?.outcome == .changed)
    }

    @Test func `the days that are left are whole ones, and below zero after the end`() {
        func days(_ seconds: Int64) -> Int64 {
            CertificateExpiry(
                path: "p",
                subject: "s",
                validFrom: Timestamp(seconds: 0),
                expires: Timestamp(seconds: 1_000_000 + seconds),
            )
            .remainingDays(at: Timestamp(seconds: 1_000_000))
        }
        #expect([86_400, 86_399, 0, -1, -86_400, -86_401].map(days) == [1, 0, 0, -1, -1, -2])
    }

    @Test func `the certificates of a node are a table`() {
        let now = Timestamp(seconds: 1_700_000_000)
        let certificates = [("/etc/k/a.crt", "CN=a", Int64(1_700_864_000)), ("/etc/b.crt", "CN=b", 1_600_000_000)].map {
            let (start, end) = (Timestamp(seconds: 0), Timestamp(seconds: $2))
            return CertificateExpiry(path: $0, subject: $1, validFrom: start, expires: end)
        }
        #expect(
            certificateLines(certificates, at: now) == [
                "", "CERTIFICATE   EXPIRES            SUBJECT", "/etc/k/a.crt  2023-11-24 (10d)   CN=a",
                "/etc/b.crt    2020-09-13 (past)  CN=b",
            ]
        )
        #expect(certificateLines([CertificateExpiry](), at: now) == [])
    }
}
