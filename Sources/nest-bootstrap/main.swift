import Base
import Glibc
import Host
import Planning

Machine.forbidDumps()
Machine.silenceDispatchLogging()
StandardStreams.open()
Signals.ignoreBrokenPipe()
let arguments = argumentsByName(Machine.arguments())
// A confined process must change its user before it creates a second thread.
let preparation = Result { () throws(SystemError) in
    if arguments.first == RunCommand.name, arguments.contains("--confined") { try Machine.become(unitUser) }
}
let code = await Program(arguments: arguments).run(after: preparation)
exit(code.rawValue)
