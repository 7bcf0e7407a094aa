import Base
import Glibc
import Host
import Reporting

Machine.forbidDumps()
Machine.silenceDispatchLogging()
StandardStreams.open()
Signals.ignoreBrokenPipe()
do {
    try Machine.requireResources()
} catch {
    // Not through the queue of the output, which needs threads.
    try? writeAll(Array("nest-bootstrap: \(error)\(error.advice.map { "; \($0)" } ?? "")\n".utf8), to: 2)
    exit(ExitCode.failure.rawValue)
}
let arguments = argumentsByName(CommandLine.arguments)
// Before there is a second thread.
switch arguments.first.flatMap(CommandName.init) {
case .supervise: Confinement.leaveMounts()
case .run where arguments.contains("--only-directories"): Confinement.leaveMounts()
case .run: Confinement.refuseAbstractSockets()
default: break
}
let code = await Program(arguments: arguments).run()
exit(code.rawValue)
