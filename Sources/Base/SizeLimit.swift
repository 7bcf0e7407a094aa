/// The maximum sizes of files and replies, in bytes, that several modules share.
///
/// They bound memory for malformed or hostile input.
public enum SizeLimit {
    /// Task files, kubeconfigs, certificates, keys and tokens.
    public static let configuration = 1 << 20

    /// Files encrypted with age, their contents, and the certificates that belong to them.
    public static let encrypted = 64 << 10

    /// Manifests, written files and replies of servers.
    public static let content = 64 << 20
}
