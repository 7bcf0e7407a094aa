import Glibc
import Host
import Reporting

Machine.silenceDispatchLogging()
StandardStreams.open()
Signals.ignoreBrokenPipe()
let code = await Program(arguments: argumentsByName(CommandLine.arguments)).run()
exit(code.rawValue)
