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
do {
    try Machine.requireResources()
} catch {
    // Not through the queue of the output, which needs threads.
    try? writeAll(Array("nest-bootstrap: \(error)\(error.advice.map { "; \($0)" } ?? "")\n".utf8), to: 2)
    exit((command == .diff ? ExitCode.trouble : .failure).rawValue)
}
let code = await Program(arguments: arguments).run()
exit(code.rawValue)
