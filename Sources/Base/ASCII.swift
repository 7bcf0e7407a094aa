extension UInt8 {
    public var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    public var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }

    var isSign: Bool { self == UInt8(ascii: "+") || self == UInt8(ascii: "-") }
}

extension ArraySlice<UInt8> {
    /// Returns whether the bytes contain the UTF-8 encoding of a text, which must not be empty.
    public func contains(text: String) -> Bool {
        let part = Array(text.utf8)
        var rest = self
        while let start = rest.firstIndex(of: part[0]) {
            rest = rest[start...]
            if rest.starts(with: part) { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}
