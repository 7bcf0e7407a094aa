/// An error that may know that trying again is of no use.
public protocol PermanentFailure: Error {
    /// Whether the same attempt fails until a person changes something.
    var isPermanent: Bool { get }
}

/// Returns whether an error, or one that caused it, is a permanent failure.
///
/// An error that does not say so is not permanent: a retry that is of no use costs less than one that is missing.
public func isPermanent(_ error: any Error) -> Bool {
    (error as? any PermanentFailure)?.isPermanent ?? false
}

extension Problem: PermanentFailure {
    /// Whether the cause is permanent; without a cause, whether it is a mistake in a file.
    public var isPermanent: Bool {
        if let cause { Base.isPermanent(cause) } else { location != nil }
    }
}
