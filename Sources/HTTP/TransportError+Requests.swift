import Base

extension TransportError {
    /// Adds the URL of the request.
    func located(at url: RequestURL) -> TransportError {
        var located = self
        (located.url, located.address) = (url.shownText, url.address)
        return located
    }

    /// The task that made the request was cancelled.
    static func cancelled(_ request: PreparedRequest) -> TransportError {
        TransportError(.cancelled, "the request to '\(request.url.address)' was cancelled").located(at: request.url)
    }

    /// The client was shut down.
    static func shutDown(_ request: PreparedRequest) -> TransportError {
        let message = "the request to '\(request.url.address)' was cancelled: the client is shut down"
        return TransportError(.cancelled, message).located(at: request.url)
    }

    /// The deadline passed while the request was queued.
    static func timedOutInQueue(_ request: PreparedRequest) -> TransportError {
        let address = request.url.address
        let message =
            request.allowance > .zero
            ? "the request to '\(address)' was queued behind others for \(request.allowance.humanReadable)"
            : "no time was left for a request to '\(address)'"
        return TransportError(.timedOut, message).located(at: request.url)
    }
}
