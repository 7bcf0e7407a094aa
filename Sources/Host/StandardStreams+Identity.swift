import Base

extension StandardStreams {
    /// Whether two descriptors are open on the same file, pipe or terminal.
    public static func areSame(_ first: Int32, _ second: Int32) -> Bool {
        guard let first = identity(first), let second = identity(second) else { return false }
        return first == second
    }

    private static func identity(_ descriptor: Int32) -> FileStatus.Identity? {
        (try? FileStatus(descriptor: descriptor, "cannot look at", "output"))?.identity
    }
}
