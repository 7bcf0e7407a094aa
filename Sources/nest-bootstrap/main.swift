import Glibc
import Host
import Speaking

Signals.ignoreBrokenPipe()
let code = await Program(arguments: argumentsByName(CommandLine.arguments)).run()
exit(code.rawValue)
