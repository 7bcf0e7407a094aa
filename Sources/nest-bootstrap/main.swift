import Base
import Glibc
import Host
import Reporting

Machine.forbidDumps()
Machine.silenceDispatchLogging()
StandardStreams.open()
Signals.ignoreBrokenPipe()
let arguments = argumentsByName(Machine.arguments())
let command = arguments.first.flatMap(findCommand)
// This call must come before a second thread is created, because the kernel still counts an ended thread for a moment.
command?.prepareProcess(arguments)
let failure = (command?.failureCode ?? .failure).rawValue
/// Reports an exhausted system resource directly, because the queue of the output needs threads.
@Sendable func reportLimit(_ error: SystemError) {
    try? writeAll(Array("nest-bootstrap: \(error)\(error.advice.map { "; \($0)" } ?? "")\n".utf8), to: 2)
}
do {
    try Machine.requireResources()
    try ThreadWatch.start(
        asking: { answer in Task.detached { answer() } },
        end: { error in
            reportLimit(error)
            _exit(failure)
        },
    )
} catch {
    reportLimit(error)
    exit(failure)
}
let code = await Program(arguments: arguments).run()
exit(code.rawValue)
