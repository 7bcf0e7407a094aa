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
// Before there is a second thread, also one that has ended: the kernel still counts it for a moment.
command?.prepareProcess(arguments)
let failure = (command?.failureCode ?? .failure).rawValue
/// Reports what the system does not allow, not through the queue of the output, which needs threads.
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
