import Actions
import Base
import Host
import Planning
import Reporting

/// A writer of the node's metrics for the textfile collector of the Prometheus node exporter.
struct MetricsWriter {
    let options: Options

    /// The configuration, `nil` if the task files are invalid or cannot be read.
    let configuration: Configuration?

    static let name = "nest_bootstrap.prom"

    /// The time after which the metrics are written without their lock.
    private static let lockLimit = Duration.seconds(5)

    /// Writes the metrics, unless the directory of the collector is missing.
    func write() async throws(Problem) {
        do throws(SystemError) {
            let path = try Configuration.location(of: metricsDirectory, options)
            let directory: DirectoryHandle
            do throws(SystemError) {
                directory = try DirectoryHandle(reaching: path, isCreating: false, isOfService: true)
            } catch  where error.isNotFound {
                return
            }
            // With the lock, the process that writes last has also read the records of the processes that wrote before.
            let store = RecordStore(path: try Configuration.statePath(options), boot: nil)
            let lock = try await FileLock.wait(until: .now + Self.lockLimit) { () throws(SystemError) in
                try store.lockMetrics()
            }
            defer { withExtendedLifetime(lock) {} }
            try directory.write(Array(try text().utf8), to: Self.name, mode: 0o644)
        } catch {
            throw Problem("cannot write the metrics", hint: error.advice, cause: error)
        }
    }

    func write(orWarn output: ConsoleOutput) async {
        do throws(Problem) {
            try await write()
        } catch {
            output.report(warnings: problems(of: error))
        }
    }

    private func text() throws(SystemError) -> String {
        guard let configuration else { return metricsText(version: programVersion, isTaskFileValid: false) }
        let records = try configuration.records()
        let tasks = configuration.plan.steps.map(\.task.name).map { task in
            TaskMetrics(
                task: task,
                record: record(of: task, in: records),
                repetition: record(of: task, in: records.repetitions),
            )
        }
        let certificates = configuration.certificates(of: configuration.plan)
        return metricsText(version: programVersion, tasks: tasks, certificates: certificates)
    }

    /// Returns the record of a task, if it can be read; a task whose process was killed counts as interrupted.
    private func record(of task: String, in records: RecordStore) -> TaskRecord? {
        func read() -> TaskRecord? { (try? records.record(of: task)).flatMap(\.self) }
        guard let first = read(), first.outcome == nil, records.runner(of: task) == nil else { return read() }
        // A process writes its last record before it releases its lock.
        guard var record = read(), record.outcome == nil else { return read() }
        record.history.lastEnd = record.end(.interrupted, duration: nil)
        return record
    }
}
