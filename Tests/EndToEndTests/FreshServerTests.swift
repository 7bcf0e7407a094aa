import TestSupport
import Testing

/// What cannot be seen without a server of its own; the servers come one after the other, beside those of
/// ``MigrationTests`` and ``ReportTests``.
@Suite(.needsAPIServer, .serialized, .timeLimit(.minutes(30)))
struct FreshServerTests {}
