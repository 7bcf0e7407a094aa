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
do {
    try command?.prepareProcess(arguments)
} catch {
    let line = Array("nest-bootstrap: \(error)\n".utf8)
    _ = unsafe write(2, line, line.count)
    exit(ExitCode.failure.rawValue)
}
let code = await Program(arguments: arguments).run()
exit(code.rawValue)
