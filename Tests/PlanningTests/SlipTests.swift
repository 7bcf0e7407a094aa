import Planning
import Testing

/// Slips of the hand that would lead to other errors than the one that was made.
@Suite(.timeLimit(.minutes(1))) struct SlipTests {
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
