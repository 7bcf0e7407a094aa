import Base
import Host
import Planning

/// The public SSH keys of nodes, in files `HOST/*.pub`.
struct HostKeys: Sendable {
    let directory: String

    /// The maximum size of a file in bytes.
    private static let sizeLimit = 16 << 10

    /// The maximum number of files of a node.
    private static let countLimit = 100

    /// Reads the keys of a node.
    ///
    /// Keys of types other than Ed25519 are ignored: a node usually has several keys, and one is enough to decrypt.
    ///
    /// - Throws: ``Base/Problem`` if the node has no Ed25519 key, or a key cannot be read.
    func recipients(of node: String) throws(Problem) -> [RecipientList.Entry] {
        let path = "\(directory)/\(node)"
        let hint = "copy '/etc/ssh/ssh_host_ed25519_key.pub' of the node to '\(path)/'"
        var names: [String] = []
        do throws(SystemError) {
            names = try FileSystem.list(path, limit: Self.countLimit).filter { $0.hasSuffix(".pub") }
        } catch {
            throw Problem("node '\(node)' has no public key: \(error)", hint: hint)
        }
        var entries: [RecipientList.Entry] = []
        for name in names {
            let file = "\(path)/\(name)"
            let bytes: [UInt8]
            do throws(SystemError) {
                bytes = try FileSystem.read(file, limit: Self.sizeLimit)
            } catch {
                throw Problem("node '\(node)' has no public key: \(error)", hint: hint)
            }
            let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
            for line in lines where line.hasPrefix("ssh-ed25519") {
                do throws(Recipient.Fault) {
                    entries.append(.init(recipient: try Recipient(String(line)), owner: "node '\(node)'"))
                } catch {
                    throw Problem("the key in '\(file)' \(error.message)", hint: hint)
                }
            }
        }
        guard entries.isEmpty else { return entries }
        throw Problem(
            "node '\(node)' has no public key: no file '*.pub' in '\(path)' has one of type ed25519",
            hint: hint
        )
    }
}
