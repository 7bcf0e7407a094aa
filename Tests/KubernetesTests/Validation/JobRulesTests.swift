import Base
import Testing

@testable import Kubernetes

/// Schedules and restart policies.
@Suite(.timeLimit(.minutes(30)))
struct JobRulesTests {
    @Test(arguments: [
        "0 3 * * *", "*/5 * * * *", "0 0 1,15 * 1-5", "@daily", "@every 1h30m", "TZ=Europe/Berlin 0 3 * * *",
        "0 3 ? * SUN",
        "0-30/10 1 * jan-mar *", "5/15 * * * *", "*-5 * * * *", "0 3 * * mon,,tue",
    ])
    func `a schedule of Kubernetes has no fault`(schedule: String) {
        #expect(CronSchedule.fault(in: schedule) == nil)
    }

    @Test(
        arguments: [
            ("0 0 3 * * ?", "write '0 3 * * *': Kubernetes has no field for seconds"),
            ("0 0 3 ? * MON 2026", "write '0 3 * * MON': Kubernetes has no field for seconds"),
            ("0 3 * *", nil), ("", nil), ("61 3 * * *", nil), ("0 3 * * 7", "write 0 for Sunday"),
            ("@dayly", "write '@daily'"),
            ("*/0 * * * *", nil), ("a b c d e", nil), ("5-1 * * * *", nil),
            ("every day at three", nil),
        ] as [(String, String?)]
    )
    func `another schedule has one`(schedule: String, hint: String?) throws {
        let fault = try #require(CronSchedule.fault(in: schedule))
        #expect(fault.hint == hint)
    }

    private static func workload(_ kind: String, _ group: String, _ policy: String) -> String {
        """
        apiVersion: \(group)/v1
        kind: \(kind)
        metadata: {name: a}
        spec:
          template: {spec: {\(policy)containers: [{name: a, image: a}]}}
        """
    }

    @Test(arguments: [
        ("Job", "batch", "", "m.yaml:5:20: field 'spec.template.spec.restartPolicy' is missing, which a Job needs"),
        (
            "Job", "batch", "restartPolicy: Always, ",
            "m.yaml:5:36: field 'spec.template.spec.restartPolicy' must be 'OnFailure' or 'Never' for a Job, found 'Always'"
        ),
        (
            "DaemonSet", "apps", "restartPolicy: Never, ",
            "m.yaml:5:36: field 'spec.template.spec.restartPolicy' must be 'Always' for a DaemonSet, found 'Never'"
        ),
    ])
    func `the pods of each kind have their restart policies`(
        kind: String,
        group: String,
        policy: String,
        expected: String
    ) throws {
        let manifest = try #require(try manifests(Self.workload(kind, group, policy)).first)
        let problems = JobRules.problems(manifest)
        #expect(problems.count == 1 && problems[0].description.hasPrefix(expected), "\(problems)")
    }

    @Test(arguments: [("Job", "batch", "restartPolicy: OnFailure, "), ("Deployment", "apps", "")])
    func `a right restart policy is no problem`(kind: String, group: String, policy: String) throws {
        let manifest = try #require(try manifests(Self.workload(kind, group, policy)).first)
        #expect(JobRules.problems(manifest).isEmpty)
    }
}
