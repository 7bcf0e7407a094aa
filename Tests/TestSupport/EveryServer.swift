public import Testing

extension Tag {
    /// Marks a suite whose outcome may depend on the version of the API server.
    ///
    /// `tools/check` runs marked suites on every available version, and the others only on the newest; `tools/marked-suites`
    /// finds the marks.
    @Tag public static var everyServer: Self
}
