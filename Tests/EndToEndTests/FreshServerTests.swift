import TestSupport
import Testing

/// What cannot be seen without a server of its own; the servers come one after the other.
@Suite(.needsAPIServer, .serialized, .timeLimit(.minutes(4)))
struct FreshServerTests {}

/// The other half of ``FreshServerTests``: two servers at a time keep two processors busy.
@Suite(.needsAPIServer, .serialized, .timeLimit(.minutes(4)))
struct OtherFreshServerTests {}
