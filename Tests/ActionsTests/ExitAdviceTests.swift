import Glibc
import Host
import Testing

@testable import Actions

@Suite(.timeLimit(.minutes(30)))
struct ExitAdviceTests {
    @Test(arguments: [
        ("run.sh: 2: shh: not found", "it calls 'shh': did you mean 'sh'?"),
        (
            "run.sh: line 2: nest-nothing: command not found",
            "it calls 'nest-nothing': install it, or write its full path"
        ),
        ("/usr/bin/env: ‘shh’: No such file or directory", "it calls 'shh': did you mean 'sh'?"),
        (#"env: ‘sh\r’: No such file or directory"#, #"its lines end with CR LF: run "sed -i 's/\r$//'" on it"#),
        (
            "socat: error while loading shared libraries: libwrap.so.0: cannot open shared object file: No such file",
            "install the package that has 'libwrap.so.0'"
        ),
        ("run.sh: 3: /opt/tool: not found", "it calls '/opt/tool': install it, or correct the path"),
    ])
    func `a program that another one lacks is named`(output: String, advice: String) {
        #expect(ExitAdvice.text(.exited(127), output: output, searchPath: "/bin", limits: LimitEvents()) == advice)
    }

    @Test(
        arguments: [
            (Host.ExitStatus.exited(1), "run.sh: 2: shh: not found"), (.exited(127), "failing"), (.exited(127), nil),
            (.signalled(9), "run.sh: 2: shh: not found"), (.timedOut, nil),
            (.exited(127), "error: chart foo/bar: No such file or directory"), (.exited(127), "foo: not found"),
            (.exited(127), "/run.sh: /usr/bin/x: bad interpreter: No such file or directory"),
        ] as [(Host.ExitStatus, String?)]
    )
    func `another end says nothing`(status: Host.ExitStatus, output: String?) {
        #expect(ExitAdvice.text(status, output: output, searchPath: "/bin", limits: LimitEvents()) == nil)
    }

    @Test func `the code of a shell names the signal that ended its program`() {
        func advice(_ code: Int32) -> String? {
            ExitAdvice.text(.exited(code), output: nil, searchPath: "/bin", limits: LimitEvents())
        }
        #expect(advice(141)?.contains("SIGPIPE") == true)
        #expect(advice(132)?.contains("4 (SIGILL): it needs instructions that this processor lacks") == true)
        #expect(advice(152)?.contains("24 (SIGXCPU): it used more processor time than its limit") == true)
        #expect(advice(139)?.contains("11 (SIGSEGV)") == true)
        for code: Int32 in [1, 2, 125, 128, 130, 143, 192, 255] { #expect(advice(code) == nil, "\(code)") }
    }

    @Test(
        arguments: [
            (SIGILL, "it needs instructions that this processor lacks"),
            (SIGXCPU, "it used more processor time than its limit"),
            (SIGXFSZ, "it wrote a file that is larger than the limit"),
            (SIGSYS, "a filter of system calls forbids one"),
            (SIGSEGV, "see 'coredumpctl' or its log"), (SIGTERM, nil),
        ] as [(Int32, String?)]
    )
    func `the signal that ended a program is explained`(signal: Int32, beginning: String?) {
        let advice = ExitAdvice.text(.signalled(signal), output: nil, searchPath: "/bin", limits: LimitEvents())
        if let beginning {
            #expect(advice?.hasPrefix(beginning) == true, "\(advice ?? "none")")
        } else {
            #expect(advice == nil)
        }
    }

    @Test func `a library that no package has is left to the usual advice`() async {
        let environment = ["PATH": "/usr/bin:/bin"]
        for output in [
            "x: error while loading shared libraries: libnone-at-all.so.0: cannot open shared object", "other",
        ] {
            #expect(await ExitAdvice.advice(onLibraryIn: output, environment: environment) == nil)
        }
    }

    @Test func `a pattern that no shell has replaced is named`() {
        let words = ["cp", "-a", "/a/*", "/b"]
        let output = "cp: cannot stat '/a/*': No such file or directory"
        #expect(ExitAdvice.text(onWords: words, output: output)?.hasPrefix("no shell replaces '/a/*'") == true)
        #expect(ExitAdvice.text(onWords: words, output: "cp: cannot stat '/a/x': No such file or directory") == nil)
        #expect(ExitAdvice.text(onWords: ["cp", "/a"], output: output) == nil)
        #expect(ExitAdvice.text(onWords: [], output: nil) == nil)
    }
}
