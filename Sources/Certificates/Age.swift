public import Base
import Glibc
import HTTP
import Host

/// The program `age`, which encrypts and decrypts keys; plaintext passes to and from it only through pipes.
public struct Age: Sendable {
    let environment: [String: String]

    /// The paths of the files with the private keys for decryption.
    var identities: [String]

    private static let encryptionLimit = Duration.seconds(60)

    /// The time limit for decrypting one key, which leaves time to type a password.
    private static let decryptionLimit = Duration.seconds(300)

    public init(environment: [String: String], identities: [String]) {
        (self.environment, self.identities) = (environment, identities)
    }

    /// Refuses identities that cannot be read, or that `age` cannot use.
    public func checkIdentities() throws(Problem) {
        for path in identities { try NodeIdentity.check(path) }
    }

    /// Encrypts a text to recipients.
    ///
    /// - Throws: ``Base/Problem`` if the program cannot be run, if it fails, or if its output is not encrypted to the
    ///   recipients. If it fails, the cause is an ``AgeError``.
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

    /// The hint if the program exits with 0 but its output is wrong.
    private static let advice = "look which program 'command -v age' names, and run 'age --version'"

    /// Decrypts the contents of a file with the identities, by default with a time limit of five minutes.
    ///
    /// - Throws: ``Base/Problem`` if the program cannot be run, if it fails, or if its output has the wrong length. If
    ///   it fails, for example because no identity can decrypt the file, the cause is an ``AgeError``.
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
            var command = Command("age", arguments, environment: environment)
            // `age` may ask for the password of a key.
            command.keepsTerminal = true
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

public struct AgeError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Reason: Sendable, Hashable {
        /// The file is encrypted to other keys.
        case otherRecipients
        /// The file is not a complete `age` file.
        case damagedFile
        case timedOut
        /// A reason that only the description gives.
        case other
    }

    public let reason: Reason

    /// The message of `age`, or its exit status.
    public let description: String

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
