public import Base
import Glibc
import Host
import TLS

/// The program `age`, which encrypts and decrypts keys; clear text is only in its pipes.
public struct Age: Sendable {
    /// The environment of the program.
    let environment: [String: String]

    /// The files with private keys, for decrypting.
    let identities: [String]

    /// The time for encrypting one key.
    private static let encryptionLimit = Duration.seconds(60)

    /// The time for decrypting one key, in which a person may type a password.
    private static let decryptionLimit = Duration.seconds(300)

    /// Creates a use of the program.
    ///
    /// - Parameters:
    ///   - environment: Its environment.
    ///   - identities: The files with private keys, for decrypting.
    public init(environment: [String: String], identities: [String]) {
        (self.environment, self.identities) = (environment, identities)
    }

    /// Encrypts a text.
    ///
    /// - Returns: The bytes of the file.
    /// - Throws: ``Base/Problem`` if the program cannot be run, or if what it printed is not encrypted to the recipients; with
    ///   an ``AgeError`` as its cause if it fails.
    func encrypt(_ text: SecretBytes, to recipients: RecipientList) async throws(Problem) -> [UInt8] {
        let deadline = ContinuousClock.now + Self.encryptionLimit
        let result = try await run(["-e"] + recipients.arguments, text, "cannot encrypt a key", until: deadline)
        let encrypted = result.copy
        guard let file = AgeFile(encrypted), recipients.differences(from: file).isEmpty else {
            let message = "cannot encrypt a key: 'age' printed no file that is encrypted to the recipients"
            throw Problem(message, hint: Self.advice)
        }
        return encrypted
    }

    /// The hint if the program exits with 0 and its output is wrong.
    private static let advice = "look which program 'command -v age' names, and run 'age --version'"

    /// Decrypts the contents of a file with the identities.
    ///
    /// - Parameters:
    ///   - bytes: The contents.
    ///   - path: The file, for messages.
    ///   - deadline: The instant at which the program is ended, by default after some minutes.
    /// - Returns: The clear text.
    /// - Throws: ``Base/Problem`` if the program cannot be run; with an ``AgeError`` as its cause if it fails, for example
    ///   because no identity can decrypt the file. What the program prints must be as long as what is encrypted.
    public func decrypt(
        _ bytes: [UInt8],
        path: String,
        until deadline: ContinuousClock.Instant? = nil,
    ) async throws(Problem) -> SecretBytes {
        let arguments = ["-d"] + identities.flatMap { ["-i", $0] }
        let input = SecretBytes(copying: bytes)
        let deadline = deadline ?? .now + Self.decryptionLimit
        let text = try await run(arguments, input, "cannot decrypt '\(path)'", until: deadline)
        if let expected = AgeFile(bytes)?.contentCount, text.count != expected {
            let message = "cannot decrypt '\(path)': 'age' printed \(text.count) bytes of \(expected)"
            throw Problem(message, hint: Self.advice)
        }
        return text
    }

    private func run(
        _ arguments: [String],
        _ input: SecretBytes,
        _ operation: String,
        until deadline: ContinuousClock.Instant,
    ) async throws(Problem) -> SecretBytes {
        let result: FilterResult
        do throws(SystemError) {
            let command = Command("age", arguments, environment: environment)
            result = try await filter(command, input: input, outputLimit: SizeLimit.encrypted, deadline: deadline)
        } catch {
            let hint = error.code == ENOENT ? "install the package 'age'" : error.advice
            throw Problem(operation, hint: hint, cause: error)
        }
        guard result.status.isSuccess else {
            throw Problem(operation, cause: AgeError(result.status, errors: result.errors))
        }
        return result.output
    }
}

/// Why the program `age` has failed.
public struct AgeError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The reasons that have something to do of their own.
    public enum Reason: Sendable, Hashable {
        /// The file is encrypted to other keys.
        case otherRecipients
        /// The file is not a complete one of `age`.
        case damagedFile
        /// It did not end before its deadline.
        case timedOut
        /// Another one, which the description says.
        case other
    }

    /// The kind of failure.
    public let reason: Reason

    /// The program's message, or how it ended.
    public let description: String

    /// Reads what the program has written to standard error.
    init(_ status: ExitStatus, errors: String) {
        let prefix = "age: error: "
        let line = errors.split(whereSeparator: \.isNewline).first { $0.hasPrefix(prefix) }?.dropFirst(prefix.count)
        guard let line, case .exited = status else {
            reason = status == .timedOut ? .timedOut : .other
            description = "age \(status)"
            return
        }
        let damages = ["failed to read header", "failed to read nonce", "failed to decrypt and authenticate payload"]
        description = String(line)
        if line == "no identity matched any of the recipients" {
            reason = .otherRecipients
        } else {
            reason = damages.contains(where: line.hasPrefix) ? .damagedFile : .other
        }
    }
}
