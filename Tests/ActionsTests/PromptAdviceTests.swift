import TestSupport
import Testing

@testable import Actions

/// Programs that asked a question and got no answer.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct PromptAdviceTests {
    private static let generic = "write its option that answers, often '-y', '--yes' or '--batch'"
    private static let apt = "write 'apt-get -y', and environment: {DEBIAN_FRONTEND: noninteractive}"

    @Test(
        arguments: [
            ("Do you want to continue? [Y/n] Abort.", apt),
            ("Is this ok [y/N]: Operation aborted.", "write 'dnf -y', or 'yum -y'"),
            (":: Proceed with installation? [Y/n] ", "write 'pacman --noconfirm'"),
            (
                "Continue? [y/n/v/...? shows all options] (y): ",
                "write 'zypper --non-interactive' before its command"
            ),
            (
                "[reset] Are you sure you want to proceed? [y/N]: error: won't proceed; the user didn't answer (Y|y) in order "
                    + "to continue",
                "write 'kubeadm reset --force', or 'kubeadm upgrade apply --yes'"
            ),
            (
                "gpg: cannot open '/dev/tty': No such device or address",
                "write 'gpg --batch --yes', and for a key with a password '--pinentry-mode loopback --passphrase-file FILE'"
            ),
            ("Overwrite (y/n)? ", "write the file's path in 'creates'"),
            ("replace a? [y]es, [n]o, [A]ll, [N]one, [r]ename:  NULL", "write 'unzip -o'"),
            (
                "Command may disrupt existing ssh connections. Proceed with operation (y|n)? Aborted",
                "write 'ufw --force'"
            ),
            ("EOFError: EOF when reading a line", generic), ("Delete all data? [y/N] ", generic),
            ("Are you sure you want to delete it? ", generic), ("Go on (yes/no)? ", generic),
            ("Password: ", "give it the password in a file or an option, not from a terminal"),
            ("[sudo] password for x: ", "give it the password in a file or an option, not from a terminal"),
        ]
    )
    func `a question in the last line is answered`(line: String, answer: String) {
        #expect(
            PromptAdvice.text(for: ["before", line]) == "it asks a question, and a task has no input: \(answer)"
        )
    }

    @Test func `a question before other lines counts only if the input ended`() {
        let end = [
            "dpkg: error processing package foo (--configure):", " end of file on stdin at conffile prompt",
            "Errors were encountered while processing:", " foo",
        ]
        #expect(
            PromptAdvice.text(for: end)
                == "it asks a question ('end of file on stdin at conffile prompt'), and a task has no input: write environment: "
                + "{DEBIAN_FRONTEND: noninteractive}, and 'apt-get -y -o Dpkg::Options::=--force-confold'"
        )
        #expect(PromptAdvice.text(for: ["Continue? [y/N] y", "the disk is broken"]) == nil)
        #expect(PromptAdvice.text(for: ["the disk is broken"]) == nil)
        #expect(PromptAdvice.text(for: ["wrong password: denied"]) == nil)
        #expect(PromptAdvice.text(for: []) == nil)
    }

    @Test func `a program that reads its answer is reported`() async throws {
        let script = "printf 'Do you want to continue? [Y/n] '; read x || { echo Abort.; exit 1; }"
        let task = "tasks: {it: {exec: {command: sh, args: [-c, \"\(script)\"]}}}"
        try await withBench(task) { bench async throws in
            let error = try await bench.perform("it")
            #expect(error.hasSuffix("; it asks a question, and a task has no input: \(Self.apt)"), "\(error)")
        }
    }

    @Test func `the lines that dd writes at its end do not hide its error`() {
        let last = LastLine()
        for line in ["dd: error writing '/x': No space left on device", "33+0 records in", "32+0 records out"] {
            last.keep(line)
        }
        last.keep("2097152 bytes (2.1 MB, 2.0 MiB) copied, 0.01 s, 197 MB/s")
        #expect(last.text == "dd: error writing '/x': No space left on device")
        #expect(last.recent.count == 4)
    }
}
