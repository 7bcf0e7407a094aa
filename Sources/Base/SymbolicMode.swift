/// Returns the octal digits of permissions that are written in another way.
///
/// These are the letters of `ls` (`rw-r-----`, `-rwxr-xr-x`) and the assignments of `chmod` (`u=rw,g=r,o=`). A change such as
/// `go-rwx` depends on the permissions before it.
///
/// - Parameter text: The text.
/// - Returns: The digits with a leading zero, such as `0640`, or `nil` if the text has another form.
public func octalMode(ofSymbolic text: String) -> String? {
    let mode = listedMode(text) ?? assignedMode(text)
    return mode.map { "0" + String(repeating: "0", count: $0 < 8 ? 2 : $0 < 64 ? 1 : 0) + String($0, radix: 8) }
}

/// Reads nine letters, with the type of the file before them or not.
private func listedMode(_ text: String) -> Int? {
    let letters = text.count == 10 ? text.dropFirst() : text[...]
    guard letters.count == 9, text.count == 9 || "-dl".contains(text.first ?? " ") else { return nil }
    var mode = 0
    for (letter, expected) in zip(letters, "rwxrwxrwx") {
        guard letter == expected || letter == "-" else { return nil }
        mode = mode << 1 | (letter == expected ? 1 : 0)
    }
    return mode
}

/// Reads assignments for the owner, the group and others, or for all.
private func assignedMode(_ text: String) -> Int? {
    var mode = 0
    for clause in text.split(separator: ",", omittingEmptySubsequences: false) {
        let sides = clause.split(separator: "=", omittingEmptySubsequences: false)
        guard sides.count == 2, sides.allSatisfy({ $0.count <= 4 }) else { return nil }
        var permissions = 0
        for letter in sides[1] {
            guard let bit = ["r": 4, "w": 2, "x": 1][letter] else { return nil }
            permissions |= bit
        }
        for letter in sides[0].isEmpty ? "a" : sides[0] {
            guard let places = ["u": [6], "g": [3], "o": [0], "a": [6, 3, 0]][letter] else { return nil }
            for place in places { mode = mode & ~(7 << place) | permissions << place }
        }
    }
    return mode
}
