import Planning
import Testing

/// Files of another kind, and keys in the wrong place.
@Suite(.timeLimit(.minutes(15))) struct WrongFileTests {
    @Test(arguments: [
        ("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", "a kustomization, not a task file"),
        ("$ANSIBLE_VAULT;1.1;AES256\n3138\n", "encrypted by Ansible Vault, not a task file"),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n", "a certificate, not a task file"),
        ("<!DOCTYPE html>\n<html>\n", "an HTML page, not a task file"),
    ])
    func `a file of another kind is named`(text: String, message: String) {
        #expect(isReported(problems(text), "1:1: the file is \(message)"))
    }

    @Test(arguments: [
        ("{exec: {command: ls, timeout: 3s}}", "1:33: unknown key 'timeout'… one level up, beside 'exec:'"),
        ("{exec: {command: ls}, args: [x], creates: /x}", "1:45: unknown key 'creates'… belongs below 'exec:'"),
        ("{exec: {command: ls}, roles: [control_plane]}", "1:42: an item of 'roles'… must be a role of lower-case"),
        ("{exec: {command: ls}, restart: [kubelet.servce]}", "1:44: an item of 'restart'… must be the name of a"),
        ("{exec: {command: ls}, when: z}", "1:34: unknown key 'when' in task 'a'"),
        ("{helm: {chart: x}}", "1:13: unknown key 'helm' in task 'a'"),
        ("{exec: {command:ls}}", "1:20: unknown key 'command:ls' in 'exec'… a space is missing"),
        ("{exec: {command: ls}, after: [network-online]}", "1:42: task 'a'… write 'network-online.target'"),
    ])
    func `a key or name in the wrong place is the only mistake`(task: String, message: String) {
        let found = problems("tasks: {a: \(task)}\n")
        #expect(isReported(found, message), "\(found)")
    }

    @Test(arguments: [
        "file: {path: /a, content: '{{ range }} {% if %} <%= x %>'}",
        "exec: {command: crictl, args: [ps, --template, '{{ .id }}'], environment: {A: '{{ x }}'}}",
        "file: {path: /a, content: x, mode: 0420}",
    ])
    func `a text that may contain a template is taken as it is`(task: String) {
        #expect(problems("tasks: {a: {\(task)}}\n") == "")
    }

    @Test func `a key that YAML takes for a boolean is reported as it was written`() {
        let text = """
            tasks:
              y: {exec: {command: ls}}
              t: {No: 1, exec: {command: ls}}
              "off": {exec: {command: ls}}
            """
        let expected = """
            2:3: key 'y' is the boolean true in YAML 1.1, so it would become 'true'; put it in quotes: 'y'
            3:7: key 'No' is the boolean false in YAML 1.1
            """
        #expect(isReported(problems(text), expected))
    }

    @Test func `keys that are not indented below an empty key are read as if they were`() {
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
                exec:
                timeout: 5s
                command: ls
              four:
              kubeconfig: {exec: {command: ls}}
              five: {after: [kubeconfig], exec: {command: ls}}
            """
        let expected = """
            3:3: unknown key 'exec' in 'tasks'; it belongs below 'one:'; indent it there
            7:5: unknown key 'kubeconfig' in task 'two'; it belongs below 'apply:'; indent it there
            9:5: unknown key 'manifests' in task 'two'; it belongs below 'apply:'; indent it there
            10:5: unknown key 'timeuot' in task 'two'; did you mean 'timeout'?
            14:5: unknown key 'command' in task 'three'; it belongs below 'exec:'; indent it there
            15:8: task 'four' must be a mapping with a verb, found nothing; write one of
            """
        #expect(isReported(problems(text), expected))
    }
}
