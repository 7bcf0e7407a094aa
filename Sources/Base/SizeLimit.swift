/// Size limits for files and responses, in bytes, shared by several modules.
///
/// The limits bound the memory use for malformed or hostile input.
public enum SizeLimit {
    /// Configuration such as task files, kubeconfigs, certificates, keys and tokens.
    public static let configuration = 1 << 20

    /// Files encrypted with age, their decrypted contents, and the matching certificates.
    public static let encrypted = 64 << 10

    /// Manifests, files that tasks write, and responses of servers.
    public static let content = 64 << 20
}
