extension String {
    /// The text with the times that differ from run to run replaced by `NOW`, and durations by `SOON`.
    ///
    /// Times before 2025 stay: they are dates that a test has chosen.
    public var masked: String {
        replacing(/20(2[5-9]|[3-9]\d)-\d\d-\d\dT\d\d:\d\d:\d\dZ/, with: "NOW")
            .replacing(/gives up at \d\d:\d\d:\d\dZ/, with: "gives up at NOW")
            .replacing(/\ in (\d+(\.\d+)? m?s|\d+[hm] \d+[ms])\b/, with: " in SOON")
    }
}

extension ToolResult {
    /// The objects of an output in which every line is one.
    public func events(_ name: String? = nil) throws -> [JSON] {
        try outputLines.map { try $0.json }.filter { name == nil || $0["event"]?.string == name }
    }
}
