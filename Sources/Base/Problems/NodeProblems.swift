extension ProblemExplanation {
    /// The node: files, accounts, programs, addresses.
    static let ofNodes: [Self] = [
        .init(
            .missingFile,
            "File or directory that does not exist",
            cause: "A task or the program reads a path that does not exist on this node, and no earlier task makes it.",
            fix: "Put the file there, correct the path, or run the task after the one that makes the file.",
            example: .message(
                """
                bootstrap.yaml:4:12: cannot read '/etc/app.conf': No such file or directory; put the file there, \
                or correct the path
                """
            )
        ),
        .init(
            .permissionDenied,
            "Operation that is not permitted",
            cause: "The user may not do what the tasks do, or the sandbox of the unit of a task denies it.",
            fix: "Run it as root or with '--root DIR'; in a unit add the path to 'reads' or 'writes' of the task.",
            example: .message("nest-bootstrap: cannot run tasks: permission denied; run as root, or with '--root DIR'")
        ),
        .init(
            .pathInTheWay,
            "Something else at the path",
            cause: """
                A file, directory or symbolic link is where something of another kind is needed. Nothing is replaced \
                or deleted unless the task says so.
                """,
            fix: "Remove it, or write 'replace: true' or 'recursive: true' in the task if it is not needed.",
            example: .message(
                """
                cannot create link '/etc/a': a directory is in the way; remove it, or write 'replace: true' in \
                task 'link'
                """
            )
        ),
        .init(
            .changeableByOthers,
            "File that other users can change",
            cause: """
                As root, the program uses only task files, programs, manifests and credentials that no other user \
                can change, because they decide what root does.
                """,
            fix: "Type the command in the message, which corrects owner and mode.",
            example: .message("bootstrap.yaml: a user other than root can change it, so 'run' refuses it")
        ),
        .init(
            .readableSecret,
            "Secret that others can read",
            cause: """
                A private key, token or decrypted file can be read by every user, or is on a disk, which keeps it \
                when the node is off.
                """,
            fix: "Type the chmod in the message, or write the file below /run.",
            example: .taskFile(
                """
                tasks:
                  a:
                    decrypt: {source: a.age, identity: /etc/ssh/ssh_host_ed25519_key, path: /etc/key, mode: "0644"}
                """
            )
        ),
        .init(
            .unknownAccount,
            "User or group that does not exist",
            cause: "The owner or group of a file, or the user that units run as, is not an account of this node.",
            fix: """
                Create the account first, or correct its name. Of the user of units: systemd-sysusers \
                nest-bootstrap.conf.
                """,
            example: .message("bootstrap.yaml:5:14: no user named 'etcd'")
        ),
        .init(
            .missingProgram,
            "Program that cannot be started",
            cause: """
                A program that a task or command runs is not in the directories of PATH, is not executable, is for another \
                kind of machine, has no interpreter, or is on a file system that is mounted with 'noexec'.
                """,
            fix: "Install the package, correct the path of the program, or do what the message says.",
            example: .message("bootstrap.yaml:3:21: command 'helm' not found")
        ),
        .init(
            .programFailed,
            "Program that failed",
            cause:
                "A program ended with another code than 0, or ended well without making the file that it should make.",
            fix: """
                Read its output: nest-bootstrap logs NAME. If it works with 'run --here', the sandbox of the unit may deny \
                something that the task does not declare.
                """,
            example: .message("'/usr/local/bin/setup' exited with code 1: no such device")
        ),
        .init(
            .programTimedOut,
            "Program that did not end in time",
            cause: "A program ran longer than 'timeout' of its task and was stopped, or could not be stopped at all.",
            fix: "Find out what it waits for, or increase 'timeout' of the task.",
            example: .message("'/usr/local/bin/setup' did not finish within 5m and was stopped")
        ),
        .init(
            .systemCallFailed,
            "File or system call that failed",
            cause: """
                The operating system refused an operation: the disk is full or read-only, the path is too long, a \
                limit is reached, or a device has failed.
                """,
            fix: "Remove the cause that the message names, then run the task again.",
            example: .message("cannot write file '/etc/a': No space left on device")
        ),
        .init(
            .programWithoutNetwork,
            "Program that needs the network in a unit without it",
            cause: """
                The unit of an 'exec' task has no network unless the task says so, and the program, such as kubectl \
                or helm, cannot work without it.
                """,
            fix: "Add 'network: true' to 'exec' of the task.",
            example: .taskFile(
                """
                tasks:
                  a:
                    exec: {command: kubectl, args: [get, pods]}
                """
            )
        ),
        .init(
            .unsuitableAddress,
            "Address that this node does not have",
            cause: """
                No address of this node matches 'nodeAddress', or the declared address is on no interface, or is in \
                another network than the virtual address of the cluster.
                """,
            fix: "Correct the address or the rule, or give the address to an interface.",
            example: .message("bootstrap.yaml:3:3: no address of this node matches, so tasks that use it wait for one")
        ),
        .init(
            .blockedConnection,
            "Connection to another node that is blocked",
            cause: "There is no route to another node, or a firewall drops or rejects connections to its ports.",
            fix: "See 'ip route get ADDRESS', and allow the ports of 'cluster.ports' in the firewall.",
            example: .message("this machine has no route to node 'cp2' (10.0.0.2); see 'ip route get 10.0.0.2'")
        ),
        .init(
            .swapEnabled,
            "Swap that is on",
            cause: "The kubelet does not start by default on a machine with swap.",
            fix: "Run 'swapoff -a' and remove swap from /etc/fstab, or configure the kubelet for it.",
            example: .message(
                """
                swap is on (/dev/sda2), with which the kubelet does not start by default; run 'swapoff -a' and \
                remove it from /etc/fstab
                """
            )
        ),
        .init(
            .unitNotRestarted,
            "Unit that is not restarted",
            cause: "A unit that a task restarts does not start, or is a unit of nest-bootstrap itself.",
            fix: "See 'journalctl -u UNIT'; it may refuse what the task has made.",
            example: .message("cannot restart 'containerd.service': Job failed; see 'journalctl -u containerd.service'")
        ),
        .init(
            .unitNotChanged,
            "Unit that cannot be changed",
            cause: "A unit that a task enables, starts or stops does not exist, fails, or waits for the task itself.",
            fix: "Correct its name, or see 'journalctl -u UNIT'. For one ordered after the tasks, set only 'enable'.",
            example: .message("there is no unit 'kubelte.service'; did you mean 'kubelet.service'?")
        ),
        .init(
            .refusedArchive,
            "Archive that is not unpacked",
            cause: """
                The archive is damaged or of another format, or lacks what the task wants, or contains something that \
                is never unpacked: a name or link that leads out of the directory, a device, a file with the \
                set-user-ID bit, two entries with one name, or too many bytes; or its images are for another \
                architecture, or not complete. Nothing of it was written.
                """,
            fix: "Do what the message says: correct `strip` and `only`, or fetch, make or name another archive.",
            example: .message("'https://example.com/a.tgz' is not unpacked: it does not contain 'bin/kubelet'")
        ),
        .init(
            .imagesNotImported,
            "Images that cannot be imported",
            cause: "containerd does not run, does not answer at the socket, or refuses an archive of images.",
            fix: "Start containerd in an earlier task, correct `socket`, or see 'journalctl -u containerd'.",
            example: .message(
                "containerd cannot be reached at '/run/containerd/containerd.sock': there is no socket; start containerd, or "
                    + "correct 'socket'; see 'systemctl status containerd'"
            )
        ),
        .init(
            .programInSandbox,
            "Program that the sandbox of its unit stops",
            cause: """
                A program such as systemctl, apt-get or modprobe works in a shell, which has no sandbox, and not in \
                the unit of its task, which grants only what the task declares.
                """,
            fix: "Write 'needs' or 'sandbox: false' below 'exec', as the message says.",
            example: .taskFile(
                """
                tasks:
                  a:
                    exec: {command: systemctl, args: [start, kubelet]}
                """
            )
        ),
    ]
}
