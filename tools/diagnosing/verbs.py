"""The tasks in which a fault can be: one for each key that names a file, a program or a server."""
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Verb:
    """A task with `{x}` in the place of what is faulty, and files of the cluster in `{pki}` and `{admin}`."""

    name: str
    task: str

    def text(self, fault: str, directory: Path, cluster: Path) -> str:
        """The task file."""
        kubeconfig = directory / "kubeconfig"
        words = {"x": fault, "dir": directory, "pki": cluster / "pki", "admin": cluster / "admin.kubeconfig", "kubeconfig": kubeconfig}
        task = self.task.format(**words)
        return f"tasks:\n  t:\n    timeout: 4s\n    {task}\n"


def kubeconfig(address: str, cluster: Path) -> str:
    """The administrator's kubeconfig with the address of another server."""
    text = (cluster / "admin.kubeconfig").read_text()
    return re.sub(r"https://127\.0\.0\.1:\d+", f"https://{address}", text)


READING = [
    Verb("file.source", "file: {{source: {x}, path: {dir}/out}}"),
    Verb("decrypt.source", "decrypt: {{source: {x}, path: {dir}/out, identity: {dir}/identity}}"),
    Verb("decrypt.identity", "decrypt: {{source: {dir}/secret.age, path: {dir}/out, identity: {x}}}"),
    Verb("kubeconfig.certificate", "kubeconfig: {{path: {dir}/k, user: u, certificate: {x}, key: {pki}/kube-admin.key, "
         "certificateAuthority: {pki}/k8s-ca.crt, server: 'https://127.0.0.1:1'}}"),
    Verb("kubeconfig.key", "kubeconfig: {{path: {dir}/k, user: u, certificate: {pki}/kube-admin.crt, key: {x}, "
         "certificateAuthority: {pki}/k8s-ca.crt, server: 'https://127.0.0.1:1'}}"),
    Verb("kubeconfig.certificateAuthority", "kubeconfig: {{path: {dir}/k, user: u, certificate: {pki}/kube-admin.crt, "
         "key: {pki}/kube-admin.key, certificateAuthority: {x}, server: 'https://127.0.0.1:1'}}"),
    Verb("certificate.ca.key", "certificate: {{path: {dir}/c.crt, key: {dir}/c.key, leaf: {{commonName: a, usages: [client auth], "
         "validity: 24h}}, ca: {{certificate: {pki}/k8s-ca.crt, key: {x}}}}}"),
    Verb("apply.manifests", "apply: {{kubeconfig: {admin}, manifests: [{x}]}}"),
    Verb("apply.kubeconfig", "apply: {{kubeconfig: {x}, manifests: [{dir}/object.yaml]}}"),
    Verb("wait.url.certificateAuthority", "wait: {{url: 'https://127.0.0.1:1/', certificateAuthority: {x}}}"),
    Verb("exec.script.shell", "exec: {{script: {x}, shell: /bin/sh}}"),
]

WRITING = [
    Verb("file.content", "file: {{path: '{x}', content: 'a text'}}"),
    Verb("symlink", "symlink: {{path: '{x}', target: /etc/hostname}}"),
    Verb("decrypt.path", "decrypt: {{source: {dir}/secret.age, path: '{x}', identity: {dir}/identity}}"),
    Verb("kubeconfig.path", "kubeconfig: {{path: '{x}', user: u, certificate: {pki}/kube-admin.crt, key: {pki}/kube-admin.key, "
         "certificateAuthority: {pki}/k8s-ca.crt, server: 'https://127.0.0.1:1'}}"),
    Verb("certificate.path", "certificate: {{path: '{x}', key: {dir}/c.key, leaf: {{commonName: a, usages: [client auth], "
         "validity: 24h, key: ecdsa-p256}}, ca: {{certificate: {pki}/k8s-ca.crt, key: {pki}/k8s-ca.key}}}}"),
    Verb("exec.creates", "exec: {{command: 'true', creates: '{x}'}}"),
    Verb("remove.paths", "remove: {{paths: ['{x}']}}"),
]

RUNNING = [
    Verb("exec.command", "exec: {{command: {x}}}"),
    Verb("exec.script", "exec: {{script: {x}}}"),
    Verb("exec.shell", "exec: {{script: {dir}/hello.sh, shell: {x}}}"),
]

ASKING = [
    Verb("wait.tcp", "wait: {{tcp: '{x}'}}"),
    Verb("wait.url https", "wait: {{url: 'https://{x}/healthz', certificateAuthority: {pki}/k8s-ca.crt}}"),
    Verb("wait.url http", "wait: {{url: 'http://{x}/healthz'}}"),
    Verb("wait.apiServer", "wait: {{apiServer: {kubeconfig}}}"),
    Verb("wait.object", "wait: {{object: {{apiVersion: v1, kind: ConfigMap, name: a, namespace: default}}, kubeconfig: {kubeconfig}}}"),
    Verb("apply", "apply: {{kubeconfig: {kubeconfig}, manifests: [{dir}/object.yaml]}}"),
    Verb("remove.objects", "remove: {{objects: [{{apiVersion: v1, kind: ConfigMap, name: a, namespace: default}}], "
         "kubeconfig: {kubeconfig}}}"),
    Verb("certificate.signer", "certificate: {{path: {dir}/c.crt, key: {dir}/c.key, leaf: {{commonName: a, usages: [client auth], "
         "validity: 24h}}, signer: kubernetes.io/kube-apiserver-client, kubeconfig: {kubeconfig}}}"),
]
