import Glibc
import Host
import Speaking

Signals.ignoreBrokenPipe()
let code = await Program(arguments: Array(CommandLine.arguments.dropFirst())).run()
exit(code.rawValue)
