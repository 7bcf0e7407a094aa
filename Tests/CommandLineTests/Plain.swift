/// An error that is nothing but its text.
struct Plain: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
