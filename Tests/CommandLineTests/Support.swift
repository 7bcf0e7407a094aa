import Base
import Reporting
import TestSupport

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
    guard case .perform(_, let options) = invocation else { throw Plain("\(invocation)") }
    return options
}

/// The command of a call, with what its arguments say; `nil` if they call another one.
func command<Wanted: Command>(_ arguments: [String], as type: Wanted.Type = Wanted.self) throws -> Wanted? {
    guard case .perform(let command, _) = try parseArguments(arguments) else { return nil }
    return command as? Wanted
}

/// Calls the program in the process of the tests, without signals, and with both outputs kept in memory.
///
/// - Parameters:
///   - arguments: The arguments without the program's own name.
///   - environment: Variables in addition to `LC_ALL` and `PATH`.
/// - Returns: Its exit code, and what it wrote.
func callProgram(_ arguments: [String], environment: [String: String] = [:]) async -> ToolResult {
    var variables = ["LC_ALL": "C.UTF-8", "PATH": TestProcess.environment["PATH"] ?? "/usr/bin:/bin"]
    variables.merge(environment) { $1 }
    let outputEnvironment = OutputEnvironment(
        environment: variables,
        isOutputTerminal: false,
        isErrorTerminal: false
    )
    let written = Locked<[ConsoleOutput.Stream: [UInt8]]>([:])
    let output = ConsoleOutput({ bytes, stream in written.withLock { $0[stream, default: []] += bytes } })
    let program = Program(
        arguments: arguments,
        environment: variables,
        output: output,
        outputEnvironment: outputEnvironment,
    ) { AsyncStream { $0.finish() } }
    let status = await program.run().rawValue
    func text(_ stream: ConsoleOutput.Stream) -> String {
        String(decoding: written.withLock { $0[stream] ?? [] }, as: UTF8.self)
    }
    return ToolResult(status: status, output: text(.results), errors: text(.diagnostics))
}

extension TestNode {
    /// Calls the program for this node in the process of the tests.
    ///
    /// - Parameters:
    ///   - arguments: The command and what follows; `--config` and `--root` are added.
    ///   - environment: Variables in addition to `LC_ALL` and `PATH`.
    /// - Returns: Its exit code, and what it wrote.
    func call(_ arguments: [String], environment: [String: String] = [:]) async -> ToolResult {
        await callProgram(arguments + ["--config", config, "--root", root], environment: environment)
    }

    /// Calls the program for this node in the process of the tests.
    func call(_ arguments: String..., environment: [String: String] = [:]) async -> ToolResult {
        await call(arguments, environment: environment)
    }
}
