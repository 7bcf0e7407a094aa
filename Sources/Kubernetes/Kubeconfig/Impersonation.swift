public import HTTP

/// The user that requests act as, instead of the one whose credentials they carry.
public struct Impersonation: Sendable, Hashable {
    /// An additional attribute of a user.
    public struct Extra: Sendable, Hashable {
        public var key: String
        public var values: [String]
    }

    /// The user's name.
    public var user: String
    /// The user's unique identifier, if any.
    public var uid: String?
    /// The user's groups.
    public var groups: [String] = []
    /// The user's additional attributes.
    public var extra: [Extra] = []

    /// The headers of every request, as client-go writes them.
    public var headers: [HTTPHeader] {
        var headers = [HTTPHeader("Impersonate-User", user)]
        headers += uid.map { [HTTPHeader("Impersonate-Uid", $0)] } ?? []
        headers += groups.map { HTTPHeader("Impersonate-Group", $0) }
        for entry in extra {
            let name = "Impersonate-Extra-\(APIClient.percentEncoded(entry.key))"
            headers += entry.values.map { HTTPHeader(name, $0) }
        }
        return headers
    }
}
