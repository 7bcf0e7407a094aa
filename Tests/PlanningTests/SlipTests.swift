import Planning
import Testing

/// Slips of the hand that would lead to other errors than the one that was made.
@Suite(.timeLimit(.minutes(5))) struct SlipTests {
    @Test func `a key that YAML takes for a boolean is reported as it was written`() {
        let text = """
            tasks:
              y: {exec: {command: ls}}
              t: {No: 1, exec: {command: ls}}
              "off": {exec: {command: ls}}
            """
        #expect(
            problems(text) == """
                bootstrap.yaml:2:3: key 'y' is the boolean true in YAML 1.1, so it would become 'true'; put it in quotes: 'y'
                bootstrap.yaml:3:7: key 'No' is the boolean false in YAML 1.1, so it would become 'false'; put it in quotes: 'No'
                """
        )
    }

    @Test func `keys that are not indented below an empty key are reported once`() {
        let text = """
            tasks:
              one:
              exec:
                command: ls
              two:
                apply:
                kubeconfig: /k
                timeout: 1m
                manifests: [m.yaml]
                timeuot: 1m
              three:
                script: x
                exec:
                timeout: 5s
                command: ls
                file:
                path: /x
              four:
              kubeconfig: {exec: {command: ls}}
              five: {after: [kubeconfig], exec: {command: ls}}
            """
        #expect(
            problems(text) == """
                bootstrap.yaml:2:7: task 'one' must be a mapping with a verb, found nothing; indent 'exec' (line 3) below it
                bootstrap.yaml:6:11: 'apply' of task 'two' must be a mapping with the keys of 'apply', found nothing; \
                indent 'kubeconfig' (line 7) and 'manifests' (line 9) below it
                bootstrap.yaml:10:5: unknown key 'timeuot' in task 'two'; did you mean 'timeout'?
                bootstrap.yaml:13:10: 'exec' of task 'three' must be a mapping with the keys of 'exec', found nothing; \
                indent 'command' (line 15) below it
                bootstrap.yaml:16:10: 'file' of task 'three' must be a mapping with the keys of 'file', found nothing; \
                indent 'path' (line 17) below it
                bootstrap.yaml:18:8: task 'four' must be a mapping with a verb, found nothing; write one of \
                \(verbList) below it
                """
        )
    }

    @Test func `a role that does not exist is reported once`() {
        let text = """
            cluster: {certificateAuthority: /ca, servers: {control-plane: "https://a:6443", worker: "https://b:6443"}}
            tasks:
              a: {kubeconfig: {path: /a, user: u, certificate: /c, key: /k}}
              b: {kubeconfig: {path: /b, user: u, certificate: /c, key: /k}}
            """
        #expect(problems(text, role: "workr") == "--role: no role is named 'workr'; did you mean 'worker'?")
    }
}
