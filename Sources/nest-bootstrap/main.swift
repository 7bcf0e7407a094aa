import Glibc
import Host
import Speaking

// The threads ask for a higher priority, which an ordinary user and a unit may not have; they need none, and nobody needs
// to read of it in the journal.
unsafe setenv("LIBDISPATCH_LOG", "NO", 0)
StandardStreams.open()
Signals.ignoreBrokenPipe()
let code = await Program(arguments: argumentsByName(CommandLine.arguments)).run()
exit(code.rawValue)
