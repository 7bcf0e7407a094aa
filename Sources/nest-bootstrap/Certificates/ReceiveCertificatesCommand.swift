import Base
import Certificates
import Glibc
import Host
import Planning
import Reporting

/// Command `receive-certificates`: the part of `certificates push` that runs on a node.
struct ReceiveCertificatesCommand: Command {
    static let name = "receive-certificates"

    static let help = CommandHelp(
        summary: "install the certificates of this node; 'certificates push' calls it over ssh",
        description:
            "Reads the files of a node as one JSON object from standard input, and puts them into the directory of "
            + "section 'certificates' of the task file: all of them in one step, or none. It prints what it has "
            + "changed and removed as JSON.",
        usage: ["nest-bootstrap receive-certificates [FLAG]..."],
        exitCodes: [
            Row("0", "the node has the files"), Row("1", "nothing was changed; standard error says why"), .usageError,
            .wrongTaskFile,
        ],
        examples: [
            "receive-certificates --dry-run", "receive-certificates --config /etc/nest-bootstrap/bootstrap.yaml",
            "receive-certificates < w1.json",
        ],
        files: [Row("/etc/nest-bootstrap/bootstrap.yaml", "the task file, if '--config' is not given")],
    )

    static let flags: [Flag<Self>] = [
        Flag("--dry-run", "print what would be changed, write nothing", \.isDryRun), .config,
    ]

    static var isShown: Bool { false }
    static var onlyFormat: String? { "json" }

    /// Whether to print what would be changed instead of changing it.
    var isDryRun = false

    var acts: Bool { !isDryRun }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        // sshd may pass on a umask that denies other users the new directories; they read certificates.
        umask(0o022)
        let declarations: CertificateDeclarations
        do throws(Problems) {
            declarations = try CertificateDeclarations(options)
        } catch {
            program.output.report(error, as: options.output, .taskFileWrong)
            return .configuration
        }
        do throws(Problem) {
            let installation = try await install(in: declarations.directory.path)
            program.output.write(installationJSON(installation) + "\n")
            return .success
        } catch {
            program.output.report(error, as: options.output)
            return .failure
        }
    }

    private func install(in directory: String) async throws(Problem) -> NodeCertificates.Installation {
        let files = try NodeCertificates(json: try await Self.standardInput())
        let host = Machine.hostName()
        guard host == files.node || host.prefix(while: { $0 != "." }) == files.node else {
            throw Problem(
                "these are the files of node '\(files.node)', but the host name of this machine is '\(host)'",
                hint: "correct the address of '\(files.node)' in the configuration of ssh, or the host name"
            )
        }
        return try await files.install(in: directory, isDryRun: isDryRun)
    }

    /// Reads standard input to its end, by its descriptor: `/dev/stdin` cannot open a socket of sshd.
    private static func standardInput() async throws(Problem) -> [UInt8] {
        do throws(SystemError) {
            return try await onThread { () throws(SystemError) in
                let operation = "cannot read"
                let input = FileDescriptor(
                    adopting: try SystemError.check(operation, "standard input") { fcntl(0, F_DUPFD_CLOEXEC, 0) }
                )
                var bytes: [UInt8] = []
                while bytes.count <= NodeCertificates.sizeLimit {
                    let part = try input.read(operation, "standard input", capacity: 1 << 16)
                    if part.isEmpty { return bytes }
                    bytes += part
                }
                throw SystemError(operation, "standard input", code: EFBIG)
            }
        } catch {
            throw Problem(
                "\(error)",
                hint: "'nest-bootstrap certificates push' calls this on a node"
            )
        }
    }
}
