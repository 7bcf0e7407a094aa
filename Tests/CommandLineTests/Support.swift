@testable import nest_bootstrap

/// An error that is nothing but its text.
struct Plain: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// The options of a call that performs a command.
func options(_ arguments: [String]) throws -> Options {
    let invocation = try parseArguments(arguments)
    guard case .perform(let options) = invocation else { throw Plain("\(invocation)") }
    return options
}
