import HTTP

extension APIClient {
    /// The server's description of its kinds, to be kept as ``SchemaDocument``; `nil` if it cannot be had.
    public func schemaDocument(until deadline: ContinuousClock.Instant) async -> [UInt8]? {
        guard let response = try? await schemaResponse(until: deadline), response.status == 200 else { return nil }
        return response.body
    }

    /// Asks for the server's description of its kinds, unless it still has a tag.
    ///
    /// A server whose kinds have just changed may take longer to answer than one request may, so it is asked again.
    func schemaResponse(
        tag: String? = nil,
        until deadline: ContinuousClock.Instant
    ) async throws(APIError) -> HTTPResponse {
        var headers = [HTTPHeader("Accept", "application/json")]
        if let tag { headers.append(HTTPHeader("If-None-Match", tag)) }
        var attempts = 4
        while true {
            do throws(APIError) {
                return try await send("GET", "/openapi/v2", headers: headers, until: deadline)
            } catch {
                attempts -= 1
                guard case .transport = error, attempts > 0, .now < deadline else { throw error }
            }
        }
    }
}
