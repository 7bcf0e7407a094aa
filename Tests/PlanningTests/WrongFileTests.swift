import Planning
import Testing

/// Files of another kind, and keys in the wrong place.
@Suite(.timeLimit(.minutes(5))) struct WrongFileTests {
    @Test(arguments: [
        ("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", "a kustomization, not a task file"),
        ("$ANSIBLE_VAULT;1.1;AES256\n3138\n", "encrypted by Ansible Vault, not a task file"),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n", "a certificate, not a task file"),
        ("<!DOCTYPE html>\n<html>\n", "an HTML page, not a task file"),
        ("{{- if .Values.x }}\ntasks: {}\n{{- end }}\n", "a template of Helm, not a task file"),
    ])
    func `a file of another kind is named`(text: String, message: String) {
        #expect(isReported(problems(text), "1:1: the file is \(message)"))
    }

    @Test(arguments: [
        ("{exec: {command: ls, timeout: 3s}}", "1:33: unknown key 'timeout'… one level up, beside 'exec:'"),
        ("{exec: {command: ls}, args: [x], creates: /x}", "1:45: unknown key 'creates'… belongs below 'exec:'"),
        (
            "{exec: {command: ls}, roles: [control_plane]}",
            "1:42: an item of 'roles'… must be a role of lower-case letters, digits and dashes, found 'control_plane'",
        ),
        (
            "{exec: {command: ls}, restart: [kubelet.servce]}",
            "1:44: an item of 'restart' of task 'a' must be the name of a systemd unit, found 'kubelet.servce'",
        ),
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
}
