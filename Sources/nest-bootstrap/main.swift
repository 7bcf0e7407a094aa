import Base
import Glibc
import Host
import Reporting

Machine.forbidDumps()
Machine.silenceDispatchLogging()
StandardStreams.open()
Signals.ignoreBrokenPipe()
let arguments = argumentsByName(Machine.arguments())
let command = arguments.first.flatMap(CommandName.init)
// Before there is a second thread, also one that has ended: the kernel still counts it for a moment.
switch command {
case .supervise where arguments.contains("--only-report"): Confinement.separate()
case .supervise: Confinement.leaveMounts()
case .run where arguments.contains("--prepare"): Confinement.leaveMounts()
case .run: Confinement.separate()
default: break
}
let failure = (command == .diff ? ExitCode.trouble : .failure).rawValue
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
