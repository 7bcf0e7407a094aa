import Base

/// The options of programs that asked a question and got no answer, as a task has no input.
enum PromptAdvice {
    /// A question of a program, and how it is answered without a terminal.
    private struct Prompt {
        let pattern: Regex<AnyRegexOutput>
        /// The words that follow `asks a question, and a task has no input: `.
        let answer: String

        init<Output>(_ pattern: Regex<Output>, _ answer: String) {
            (self.pattern, self.answer) = (Regex(pattern), answer)
        }
    }

    /// The questions of package managers.
    private static var ofPackageManagers: [Prompt] {
        [
            Prompt(
                /end of file on stdin at conffile prompt|\(Y\/I\/N\/O\/D\/Z\) \[default=/,
                "write environment: {DEBIAN_FRONTEND: noninteractive}, and 'apt-get -y -o Dpkg::Options::=--force-confold'"
            ),
            Prompt(
                /Do you want to continue\? \[Y\/n\]|Install these packages without verification\? \[y\/N\]/,
                "write 'apt-get -y', and environment: {DEBIAN_FRONTEND: noninteractive}"
            ),
            Prompt(
                /^debconf: .*(?:unable to initialize frontend|falling back to frontend): (?:Dialog|Readline|Teletype)/,
                "write environment: {DEBIAN_FRONTEND: noninteractive}"
            ),
            Prompt(/Press \[ENTER\] to continue or Ctrl-c/, "write 'add-apt-repository -y'"),
            Prompt(/^Is this ok \[y\/(?:d\/)?N\]:/, "write 'dnf -y', or 'yum -y'"),
            Prompt(/^Continue\? \[y\/n\/v\/\.\.\.\?/, "write 'zypper --non-interactive' before its command"),
            Prompt(
                /^:: (?:Proceed with|Import PGP key|Replace |.+ are in conflict).*\[[Yy]\/[Nn]\]/,
                "write 'pacman --noconfirm'"
            ),
        ]
    }

    /// The questions of other programs.
    private static var ofPrograms: [Prompt] {
        [
            Prompt(/\[(?:reset|upgrade\/confirm|upgrade)\] Are you sure you want to proceed\?/, kubeadm),
            Prompt(/^Are you sure you want to proceed\? \[y\/N\]/, kubeadm),
            Prompt(
                /^gpg: cannot open '\/dev\/tty'|^File '.+' exists\. Overwrite\? \(y\/N\)/,
                "write 'gpg --batch --yes', and for a key with a password '--pinentry-mode loopback --passphrase-file FILE'"
            ),
            Prompt(/^Overwrite \(y\/n\)\?/, "write the file's path in 'creates'"),
            Prompt(/^replace .+\? \[y\]es, \[n\]o, \[A\]ll/, "write 'unzip -o'"),
            Prompt(/Proceed with operation \(y\|n\)\?/, "write 'ufw --force'"),
            Prompt(/^Proceed anyway\? \(y,N\)/, "write 'mkfs -F' if what it contains is to be lost"),
            Prompt(
                /^(?:WARNING: .+ Wipe it\? \[y\/n\]|Do you really want to remove .+\? \[y\/n\])/,
                "write '--yes' after the command of LVM"
            ),
            Prompt(/^Enter passphrase for \/.+:|^Nothing to read on input\./, "write 'cryptsetup --key-file FILE'"),
            Prompt(
                /^fatal: could not read (?:Username|Password) for .+: (?:No such device|terminal prompts)/,
                "give git the password in GIT_ASKPASS or a credential helper, or a URL that needs none"
            ),
            Prompt(/^Are you sure you want to continue connecting \(yes\/no/, hostKey),
            Prompt(
                /^passwd: Authentication token manipulation error/,
                "write 'chpasswd', which reads 'USER:PASSWORD' lines"
            ),
            Prompt(/^Ok to proceed\? \(y\)/, "write 'npx --yes'"),
            Prompt(/^Proceed \(Y\/n\)\?/, "write 'pip uninstall -y'"),
            Prompt(
                /^(?:\s*Only 'yes' will be accepted|\s*Enter a value:)/,
                "write '-auto-approve' after 'apply', and '-input=false'"
            ),
        ]
    }

    /// The questions that many programs ask.
    private static var ofMany: [Prompt] {
        [
            Prompt(
                /(?:[Pp]assword|[Pp]assphrase|[Pp]ass phrase|PIN)(?: (?:for|of) [^:]+)?:\s*$/,
                "give it the password in a file or an option, not from a terminal"
            ),
            Prompt(
                /[\[(](?:[Yy](?:es)?\/[Nn]o?)[\])]|\?\s*[\[(](?:[Yy](?:es)?|[Nn]o?)[\])]\s*[:?]?\s*$|Are you sure\b.*\?/,
                "write its option that answers, often '-y', '--yes' or '--batch'"
            ),
            Prompt(
                /EOFError: EOF when reading a line/,
                "write its option that answers, often '-y', '--yes' or '--batch'"
            ),
        ]
    }

    private static let kubeadm = "write 'kubeadm reset --force', or 'kubeadm upgrade apply --yes'"
    private static let hostKey =
        "put the key of the server into known_hosts before, or write 'ssh -o StrictHostKeyChecking=accept-new'"

    /// Returns how to answer the question that a program asked.
    ///
    /// - Parameter lines: Its last lines, in their order.
    /// - Returns: The question and the option, `nil` if there is no question in them.
    static func text(for lines: [String]) -> String? {
        let prompts = ofPackageManagers + ofPrograms + ofMany
        for (index, line) in lines.enumerated().reversed() {
            guard let prompt = prompts.first(where: { line.firstMatch(of: $0.pattern) != nil }) else { continue }
            let isLast = index == lines.count - 1
            // A question before other lines may have had an answer.
            let end =
                /(?i:abort|cancel|\bEOF\b|end of file|declin|not confirmed|exiting|no input|sub-process|user refused)/
            guard isLast || lines[index...].contains(where: { $0.firstMatch(of: end) != nil }) else { return nil }
            let question = isLast ? "" : " ('\(printable(String(line.drop(while: \.isWhitespace)).shortened(to: 80)))')"
            return "it asks a question\(question), and a task has no input: \(prompt.answer)"
        }
        return nil
    }
}
