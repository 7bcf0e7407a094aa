public import Testing

extension Tag {
    /// Marks a suite whose outcome may depend on the version of the API server.
    ///
    /// `tools/run-on-servers` runs these on every version that there is, and the others only on the newest.
    @Tag public static var everyServer: Self
}
