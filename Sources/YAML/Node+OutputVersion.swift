extension Node {
    /// The first field of every JSON object that the program prints: the version of the fields' names and meanings.
    ///
    /// It changes when a field is renamed or removed, not when one is added. `docs/json.md` describes the fields.
    public static let outputVersion: (String, Node) = ("version", .number(1))
}
