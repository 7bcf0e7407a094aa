public import Base
import Planning

/// Returns metrics in the Prometheus text format, for the textfile collector of the node exporter.
///
/// Points in time are exported as timestamps, because ages would be outdated as soon as they are written.
public func metricsText(
    version: String,
    isTaskFileValid: Bool = true,
    tasks: [TaskMetrics] = [],
    certificates: [CertificateExpiry] = [],
) -> String {
    var text = MetricsText()
    text.family("build_info", "The version of the program, with the value 1.")
    text.sample([("version", version)], "1")
    text.family("task_file_valid", "Whether the task file is valid.")
    text.sample([], isTaskFileValid ? "1" : "0")
    text.family("task_outcome", "Whether the last run of the task that has ended on this boot did so with the outcome.")
    for task in tasks {
        for outcome in Outcome.Kind.allCases {
            let isOutcome = task.last?.outcome == outcome
            text.sample([("task", task.task), ("outcome", outcome.rawValue)], isOutcome ? "1" : "0")
        }
    }
    text.family("task_duration_seconds", "How long the last run of the task took.")
    for task in tasks {
        if let duration = task.last?.duration { text.sample([("task", task.task)], duration.jsonSeconds) }
    }
    text.family("task_attempts", "The number of runs of the task since it last succeeded, the last run included.")
    for task in tasks {
        if let attempts = task.last?.attempt { text.sample([("task", task.task)], "\(attempts)") }
    }
    text.family("task_last_run_timestamp_seconds", "When the last run of the task ended.")
    for task in tasks { text.sample([("task", task.task)], task.last?.time) }
    text.family("task_last_success_timestamp_seconds", "When the task last succeeded on this boot.")
    for task in tasks { text.sample([("task", task.task)], task.lastSuccess) }
    text.family("certificate_not_before_timestamp_seconds", "When the validity of the certificate begins.")
    for certificate in certificates {
        text.sample([("path", certificate.path), ("subject", certificate.subject)], certificate.validFrom)
    }
    text.family("certificate_expiry_timestamp_seconds", "When the certificate expires.")
    for certificate in certificates {
        text.sample([("path", certificate.path), ("subject", certificate.subject)], certificate.expires)
    }
    return text.text
}

public struct TaskMetrics: Sendable, Hashable {
    let task: String
    /// The last recorded end of a run on this boot, `nil` if none is known.
    let last: RunEnd?
    let lastSuccess: Timestamp?

    public init(task: String, record: TaskRecord?, repetition: TaskRecord?) {
        let records = [record, repetition].compactMap(\.self)
        self.task = task
        last = records.compactMap(\.lastEnd).max { $0.uptimeMilliseconds < $1.uptimeMilliseconds }
        lastSuccess = records.compactMap(\.lastSuccess).max()
    }
}

/// A builder for the metrics text; families without samples are omitted.
private struct MetricsText {
    private(set) var text = ""
    private var name = ""
    private var heading = ""

    mutating func family(_ name: String, _ help: String) {
        self.name = "nest_bootstrap_\(name)"
        heading = "# HELP \(self.name) \(help)\n# TYPE \(self.name) gauge\n"
    }

    mutating func sample(_ labels: [(name: String, value: String)], _ value: String) {
        text += heading
        heading = ""
        let pairs = labels.map { "\($0.name)=\"\(quoted($0.value))\"" }
        text += "\(name)\(pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}") \(value)\n"
    }

    mutating func sample(_ labels: [(name: String, value: String)], _ time: Timestamp?) {
        if let time { sample(labels, "\(time.seconds)") }
    }

    /// Returns a label value with the three special characters of the format escaped.
    private func quoted(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
