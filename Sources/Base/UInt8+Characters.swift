extension UInt8 {
    public var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    public var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }

    /// Whether this is `+` or `-`.
    public var isSign: Bool { self == UInt8(ascii: "+") || self == UInt8(ascii: "-") }
}
