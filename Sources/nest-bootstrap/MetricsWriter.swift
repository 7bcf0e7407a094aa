import Actions
import Base
import Host
import Planning
import Reporting
import State

/// Writes the metrics of the node for the textfile collector of the node exporter.
struct MetricsWriter {
    let configuration: Configuration

    private static let name = "nest_bootstrap.prom"

    /// How long another process may keep the metrics locked; after it this one goes on regardless.
    private static let lockLimit = Duration.seconds(5)

    /// Writes the metrics of all tasks, unless the directory of the collector is missing.
    ///
    /// - Throws: ``Base/Problem`` if they cannot be written.
    func write() async throws(Problem) {
        do throws(SystemError) {
            let path = try Configuration.location(of: metricsDirectory, configuration.options)
            guard try FileSystem.status(path)?.kind == .directory else { return }
            let records = try configuration.records()
            // The last one to write has seen what all others have recorded.
            let lock = try await records.awaitMetricsLock(until: .now + Self.lockLimit)
            defer { withExtendedLifetime(lock) {} }
            let text = text(records)
            try DirectoryHandle(reaching: path, isCreating: false, isOfService: true)
                .write(Array(text.utf8), to: Self.name, mode: 0o644)
        } catch {
            throw Problem("cannot write the metrics", hint: error.advice, cause: error)
        }
    }

    private func text(_ records: RecordStore) -> String {
        let plan = configuration.plan
        let tasks = plan.steps.map(\.task.name).map { task in
            TaskMetrics(
                task: task,
                record: (try? records.record(of: task)).flatMap(\.self),
                repetition: (try? records.repetitions.record(of: task)).flatMap(\.self),
            )
        }
        let certificates = KnownCertificates(files: configuration.files, plan: plan).all()
        return metricsText(version: programVersion, tasks: tasks, certificates: certificates)
    }
}
