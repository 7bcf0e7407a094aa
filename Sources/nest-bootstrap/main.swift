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
// This call must come before a second thread is created.
let preparation = Result { () throws(SystemError) in
    if let command { try command.prepareProcess(arguments) }
}
let code = await Program(arguments: arguments).run(after: preparation)
exit(code.rawValue)
