import Base
import HTTP

/// Requests that wait for their turn.
extension APIClient {
    /// Sends a request when its turn has come, and records how it ended.
    ///
    /// - Parameters:
    ///   - isPaced: Whether it waits for its turn.
    ///   - method: The method.
    ///   - path: The path.
    ///   - size: The number of bytes of the body.
    ///   - deadline: The instant after which it is given up.
    ///   - send: Sends the request; the argument is how long the server may work on it.
    /// - Returns: The response, with a remark about the limit if that is why the server refuses.
    /// - Throws: ``APIError``; one that is due to the limit says so.
    func paced(
        _ isPaced: Bool,
        _ method: String,
        _ path: String,
        size: Int,
        until deadline: ContinuousClock.Instant,
        _ send: (Duration) async throws(APIError) -> HTTPResponse,
    ) async throws(APIError) -> (response: HTTPResponse, remark: String?) {
        guard isPaced else { return (try await send(RequestPace.limit), nil) }
        let turn = try await turn(method, path, size: size, until: deadline)
        let start = ContinuousClock.now
        // The clocks of both sides need not agree.
        func isOver(_ limit: Duration) -> Bool { start.duration(to: .now) > limit - .milliseconds(500) }
        do throws(APIError) {
            let response = try await send(turn.limit)
            // The server may have a shorter limit than the one that it was asked for.
            let isCutOff = response.status == 504 && isOver(RequestPace.limit)
            pace.end(turn, isCutOff ? .cutOff : response.status == 429 ? .refused : .replied)
            return (response, isCutOff ? "; \(Self.remark(turn.limit, method, size))" : nil)
        } catch .transport(var error) where [.timedOut, .reset, .closed].contains(error.kind) && isOver(turn.limit) {
            pace.end(turn, .cutOff)
            error.message = "'\(kubeconfig.address)' did not answer in time: \(Self.remark(turn.limit, method, size))"
            throw .transport(error)
        } catch {
            pace.end(turn, .unrelated)
            throw error
        }
    }

    private func turn(
        _ method: String,
        _ path: String,
        size: Int,
        until deadline: ContinuousClock.Instant
    ) async throws(APIError) -> RequestPace.Turn {
        do throws(RequestPace.Obstacle) {
            return try await pace.turn(size: size, until: deadline)
        } catch .cancelled {
            throw .interrupted
        } catch {
            let message = "no time was left for \(method) \(path) behind other requests to '\(kubeconfig.address)'"
            throw .transport(TransportError(.timedOut, message, address: kubeconfig.address))
        }
    }

    /// The limit of an attempt that was not enough, with the size of what was sent.
    private static func remark(_ limit: Duration, _ method: String, _ size: Int) -> String {
        let content = size > 0 ? " of \(roundedByteText(size))" : ""
        return "an attempt may take \(limit.humanReadable), and was a \(method)\(content)"
    }
}
