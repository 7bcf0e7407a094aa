/// A minor version of Kubernetes, such as 1.34.
public struct KubernetesVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The second number; the first is 1.
    public var minor: Int

    public init(minor: Int) {
        self.minor = minor
    }

    /// Reads `1.34`, `v1.34` or `v1.34.2`, or returns `nil` for any other text.
    public init?(_ text: String) {
        guard let match = text.wholeMatch(of: /v?1\.([0-9]{1,3})([.+-].*)?/), let minor = Int(match.1) else {
            return nil
        }
        self.minor = minor
    }

    /// The version as `1.34`.
    public var description: String { "1.\(minor)" }

    /// Returns whether one version is older than another.
    public static func < (left: Self, right: Self) -> Bool { left.minor < right.minor }
}
