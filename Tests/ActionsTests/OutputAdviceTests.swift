import Host
import TestSupport
import Testing

@testable import Actions

/// The causes behind the last lines of well-known programs.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct OutputAdviceTests {
    @Test(arguments: [
        (
            "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7799 (python3)",
            "wait until process 7799 ('python3') has ended, or let apt wait for it: write 'apt-get -o DPkg::Lock::Timeout=300'"
        ),
        (
            "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 12 (apt-get)",
            "wait until process 12 ('apt-get') has ended: run 'tail --pid=12 -f /dev/null' before"
        ),
        (
            "dpkg: error: dpkg frontend lock was locked by another process with pid 12",
            "wait until process 12 has ended: run 'tail --pid=12 -f /dev/null' before"
        ),
        (
            "modprobe: FATAL: Module br_netfilter not found in directory /nowhere/modules/6.1.0",
            "'/nowhere/modules/6.1.0', the modules of the running kernel, does not exist: restart the machine if its kernel "
                + "was updated, otherwise install the kernel's package of modules"
        ),
        (
            "sysctl: cannot stat /proc/sys/net/ipv4/ip_forwrad: No such file or directory",
            "did you mean '/proc/sys/net/ipv4/ip_forward'?"
        ),
        ("TERM environment variable not set.", "write environment: {TERM: dumb}"),
        (
            "sudo: a password is required",
            "a task has no terminal for a password: leave out 'sudo', and run nest-bootstrap as root"
        ),
        ("x.sh: line 2: HOME: unbound variable", "HOME is not set: write environment: {HOME: /root}"),
        (
            "x.sh: 2: VERSION: parameter not set",
            "its variable 'VERSION' is not set: set it in the script, or write environment: {VERSION: VALUE}"
        ),
        ("Error: $HOME is not defined", "HOME is not set: write environment: {HOME: /root}"),
        (
            "x: /lib/libc.so.6: version `GLIBC_2.38' not found (required by x)",
            "it is built for a newer system: install a build for this one"
        ),
        (
            "Another app is currently holding the xtables lock. Perhaps you want to use the -w option?",
            "let it wait for the other program: write 'iptables -w'"
        ),
    ])
    func `a well-known line has its advice`(line: String, advice: String) {
        #expect(OutputAdvice().text(for: line) == advice)
    }

    @Test(arguments: [
        "the disk is full", "x.sh: 2: kubectl: not found", "x.sh: 2: OWN: unbound variable",
        "The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?",
    ])
    func `another line says nothing`(line: String) {
        #expect(OutputAdvice(environment: ["OWN": "x"]).text(for: line) == nil)
    }

    @Test(
        arguments: [
            ([:], "it found no kubeconfig, because neither KUBECONFIG nor HOME is set"),
            (
                ["HOME": "/nowhere"],
                "it found no kubeconfig: KUBECONFIG is not set, and '/nowhere/.kube/config' does not exist"
            ),
            (
                ["KUBECONFIG": "/nowhere/a:/nowhere/b"],
                "its KUBECONFIG is '/nowhere/a:/nowhere/b', which does not exist"
            ),
            (["KUBECONFIG": "/etc/passwd"], nil),
        ] as [([String: String], String?)]
    )
    func `a program without a kubeconfig is reported with the one to use`(environment: [String: String], cause: String?)
    {
        for line in [
            "The connection to the server localhost:8080 was refused - did you specify the right host or port?",
            #"Error: Kubernetes cluster unreachable: Get "http://localhost:8080/version": dial tcp [::1]:8080: connect: connection refused"#,
            "error: invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable",
        ] {
            let known = OutputAdvice(environment: environment, kubeconfig: "/etc/k/admin.kubeconfig").text(for: line)
            #expect(known == cause.map { "\($0): write environment: {KUBECONFIG: /etc/k/admin.kubeconfig}" })
            let unknown = OutputAdvice(environment: environment).text(for: line)
            #expect(unknown == cause.map { "\($0): write environment: {KUBECONFIG: PATH}, with the path of one" })
        }
    }

    @Test func `a script for bash that sh runs is reported with how bash runs it`() throws {
        let script = TemporaryDirectory.file("s.sh")
        try FileSystem.write(Array("set -o pipefail\n".utf8), to: script, mode: 0o644)
        let cause = "it is written for bash, and sh runs it: "
        func advice(_ words: [String], _ line: String, shell: String? = nil, isCommand: Bool = false) -> String? {
            OutputAdvice(words: words, shell: shell, isCommand: isCommand).text(for: line)
        }
        let line = "\(script): 1: set: Illegal option -o pipefail"
        #expect(
            advice(["/bin/sh", "-e", script], line)
                == cause + "write '#!/bin/bash -e' as the first line of '\(script)', and run 'chmod +x \(script)'"
        )
        #expect(advice(["/bin/sh", script], line, shell: "/bin/sh") == cause + "write shell: /bin/bash")
        #expect(advice(["sh", script], line, isCommand: true) == cause + "write command: bash")
        #expect(advice(["/opt/other"], line, isCommand: true) == cause + "run '\(script)' by bash")
        let preStart = "/bin/sh: 1: [[: not found"
        #expect(advice(["/bin/sh", "-e", "-c", "[[ a ]]"], preStart) == cause + "write shell: /bin/bash")
        #expect(
            advice(["sh", "-c", "source x"], "sh: 1: source: not found", isCommand: true) == cause
                + "write command: bash"
        )
    }

    @Test func `a path in a line is examined`() throws {
        try FileSystem.write([1], to: TemporaryDirectory.file("settings.conf"), mode: 0o644)
        let directory = TemporaryDirectory.path
        for line in [
            "cat: \(directory)/setings.conf: No such file or directory",
            "cp: cannot stat '\(directory)/setings.conf': No such file or directory",
            "error: open \(directory)/setings.conf: no such file or directory",
        ] {
            #expect(OutputAdvice().pathAdvice(for: line) == "did you mean '\(directory)/settings.conf'?")
            // A unit does not see all paths.
            #expect(OutputAdvice(isService: true).pathAdvice(for: line) == nil)
        }
        for line in [
            "cat: x: No such file or directory", "cat: \(directory)/settings.conf: other", "\(directory)/setings.conf",
        ] {
            #expect(OutputAdvice().pathAdvice(for: line) == nil)
        }
    }
}
