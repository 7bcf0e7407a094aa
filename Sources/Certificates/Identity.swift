import Base
import Glibc
import Host

/// A file with the private key of an operator.
enum Identity {
    /// Refuses a file that cannot be read, before anything is said about the keys that it should decrypt.
    ///
    /// - Throws: ``Base/Problem`` that names the file.
    static func check(_ path: String) throws(Problem) {
        do throws(SystemError) {
            // age reads it once for each key.
            if let status = try FileSystem.status(FileSystem.realPath(path)), status.kind != .regular {
                throw SystemError("cannot read", path, code: EINVAL, detail: "is a \(status.kind.rawValue)")
            }
            _ = try FileDescriptor(opening: path, O_RDONLY | O_NONBLOCK, "cannot read")
        } catch {
            throw Problem(
                "the identity cannot be used: \(error)",
                hint: "pass the file of a private key to '--identity'"
            )
        }
    }

    /// Returns whether `age` asks for a password each time that it uses the file.
    ///
    /// Only the beginning is read, which has nothing secret. The format of OpenSSH has the name of a cipher there, `none`
    /// without a password; see its PROTOCOL.key.
    static func needsPassword(_ path: String) -> Bool {
        let operation = "cannot read"
        guard let file = try? FileDescriptor(opening: path, O_RDONLY | O_NONBLOCK, operation),
            let start = try? file.read(operation, path, capacity: 120)
        else { return false }
        let lines = String(decoding: start, as: UTF8.self).split(whereSeparator: \.isNewline)
        switch lines.first {
        case "-----BEGIN OPENSSH PRIVATE KEY-----"?:
            // A whole number of groups of four characters.
            let body = lines.dropFirst().first?.prefix(40) ?? ""
            guard let bytes = try? Base64.decode(String(body)) else { return false }
            return !bytes.starts(with: Array("openssh-key-v1\0".utf8) + [0, 0, 0, 4] + Array("none".utf8))
        case "age-encryption.org/v1"?, "-----BEGIN AGE ENCRYPTED FILE-----"?: return true
        default: return false
        }
    }
}
