import Glibc
import Host
import Speaking

Machine.quietThreads()
StandardStreams.open()
Signals.ignoreBrokenPipe()
let code = await Program(arguments: argumentsByName(CommandLine.arguments)).run()
exit(code.rawValue)
