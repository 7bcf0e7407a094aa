public import HTTP

/// Returns what to do about a server that could not be reached, by what the node shows of the reason.
///
/// - Parameters:
///   - error: The error of the connection.
///   - url: The server's URL.
///   - setting: The setting that names the server.
/// - Returns: The advice, `nil` if the node shows no reason.
public func connectionAdvice(_ error: TransportError, to url: String, correcting setting: String) async -> String? {
    await ConnectFailure(error, url)?.advice(correcting: setting)
}
