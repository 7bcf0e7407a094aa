import Glibc
import Host
import Reporting

Machine.forbidDumps()
Machine.silenceDispatchLogging()
StandardStreams.open()
Signals.ignoreBrokenPipe()
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
