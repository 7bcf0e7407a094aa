import Testing

@testable import Base

/// Files that are recognised by their content, and files that only contain such content.
@Suite(.timeLimit(.minutes(30)))
struct ContentFormatTests {
    private static let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"

    @Test(arguments: [
        "apiVersion: v1\nkind: Secret\nstringData:\n  a: |\n    -----BEGIN PRIVATE KEY-----\n    MIIB\n",
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    Proc-Type: 4,ENCRYPTED\n    -----BEGIN CERTIFICATE-----\n",
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    ssh-ed25519 AAAA\n    $ANSIBLE_VAULT;1.1;AES256\n",
        "apiVersion: isindir.github.com/v1alpha3\nkind: SopsSecret\nspec: {a: 'ENC[AES256_GCM,data:x]'}\nsops:\n  mac: x\n",
        "{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"stringData\": {\"a\": \"-----BEGIN PRIVATE KEY-----\\nMI\"}}",
    ])
    func `a manifest that contains such a text is a manifest`(text: String) {
        let found = ContentFormat.recognised(Array(text.utf8), path: "a.yaml")
        #expect(found == nil || found?.kind == .manifest)
    }

    @Test(arguments: [
        pem, "Bag Attributes\n    friendlyName: a\n" + pem, "# comment\r\n" + pem, "Certificate:\n    Data:\n" + pem,
        "-----BEGIN PRIVATE KEY-----\nMI\n-----END PRIVATE KEY-----\n" + pem, "apiVersion of a CA\n" + pem,
    ])
    func `a file with a certificate is not of another kind`(text: String) {
        #expect(ContentFormat.recognised(Array(text.utf8), path: "a.crt", for: .certificate) == nil)
        #expect(ContentFormat.recognised(Array(text.utf8), path: "a.crt", for: .authority) == nil)
    }

    @Test(arguments: [
        "-----BEGIN EC PARAMETERS-----\nBg==\n-----END EC PARAMETERS-----\n-----BEGIN EC PRIVATE KEY-----\nMI\n",
        pem + "-----BEGIN RSA PRIVATE KEY-----\nMI\n-----END RSA PRIVATE KEY-----\n",
    ])
    func `a file with a private key is not of another kind`(text: String) {
        #expect(ContentFormat.recognised(Array(text.utf8), path: "a.key", for: .privateKey) == nil)
    }

    @Test(
        arguments: [
            ([0x74, 0, 0x61, 0, 0x73, 0, 0x6B, 0], "encoded in UTF-16 without a byte order mark", "iconv -f UTF-16LE"),
            ([0, 0x74, 0, 0x61, 0, 0x73, 0, 0x6B], "encoded in UTF-16 without a byte order mark", "iconv -f UTF-16BE"),
            ([0xFF, 0xFE, 0, 0, 0x74, 0, 0, 0], "encoded in UTF-32", "iconv -f UTF-32"),
            (Array("\0GITCRYPT\0x".utf8), "encrypted by git-crypt", "git-crypt unlock"),
            (Array("a: 1\n<% if x %>\nb: 2\n".utf8), "a template of ERB", "write its result to a file"),
        ] as [([UInt8], String, String)]
    )
    func `a text that cannot be read is recognised`(bytes: [UInt8], name: String, command: String) {
        let found = ContentFormat.recognised(bytes, path: "a.yaml", isReadable: false)
        #expect(found?.name == name)
        #expect(found?.hint(path: "a.yaml").contains(command) == true)
    }

    @Test func `a certificate of OpenSSH is no key`() {
        let bytes = Array("ssh-ed25519-cert-v01@openssh.com AAAA user\n".utf8)
        #expect(ContentFormat.recognised(bytes, path: "a", for: .privateKey)?.name == "a certificate of OpenSSH")
        #expect(ContentFormat.recognised(bytes, path: "a", for: .identity)?.name == "a certificate of OpenSSH")
    }

    @Test(arguments: [
        ("a.p12", "'openssl pkcs12 -in a.p12 -clcerts -nokeys -out a.p12.pem'"),
        ("/x y/DIR.p12", "openssl pkcs12 -in '/x y/DIR.p12' -clcerts -nokeys -out '/x y/DIR.p12'.pem"),
    ])
    func `a path in a command is one word of the shell`(path: String, command: String) {
        let bytes: [UInt8] = [0x30, 0x07, 0x02, 0x01, 0x03, 0x30, 0x02, 0x05, 0x00]
        let hint = ContentFormat.recognised(bytes, path: path, for: .certificate)?.hint(path: path, for: .certificate)
        #expect(hint == "convert it with \(command), and name that file")
    }

    @Test func `a value of another file has no path`() {
        let format = ContentFormat.recognised([0x1F, 0x8B], path: "", for: .certificate)
        #expect(
            format?.hint(path: nil, for: .certificate)
                == "decompress it with 'gzip -dc FILE > FILE.pem', and name that file"
        )
    }

    @Test(arguments: [
        ("repositories: []\nreleases: []\n", "a Helmfile"),
        ("#cloud-config\npackages: [a]\n", "the user data of cloud-init"),
        ("apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n", "a configuration of kubeadm"),
        ("apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n", "a configuration of the kubelet"),
        ("kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n", "a configuration of kind"),
        ("tls-san: [a]\n", "a configuration of k3s or RKE2"),
        ("version: v1alpha1\nmachine: {}\ncluster: {}\n", "a machine configuration of Talos"),
        ("- name: a\n  copy: {src: a}\n", "a list of tasks of Ansible"),
        ("[masters]\nn1 ansible_host=10.0.0.1\n", "an inventory of Ansible"),
        ("all:\n  hosts:\n    a: {}\n", "an inventory of Ansible"),
        ("name: a\non: [push]\njobs: {}\n", "a workflow of GitHub"),
        ("stages: [a]\nb:\n  script: [c]\n", "a pipeline of GitLab"),
        ("resource \"a\" \"b\" {\n}\n", "a file in the language of Terraform"),
        ("version = 2\n[a]\n  b = 1\n", "a file in the format INI or TOML"),
        ("[Unit]\nDescription=a\n", "a unit of systemd"),
        ("A=b\nexport C=\"d e\"\n", "a file of environment variables"),
        ("#!/bin/sh\necho a: b\n", "a script"), ("FROM debian\nRUN ls\n", "a Dockerfile"),
        ("{\"$schema\": \"https://json-schema.org/x\", \"type\": \"object\"}", "a JSON Schema"),
        ("{\n  \"cniVersion\": \"1.0.0\",\n  \"plugins\": []\n}\n", "a configuration of CNI"),
        ("openapi: 3.0.0\npaths: {}\n", "an OpenAPI document"),
        ("<?xml version=\"1.0\"?>\n<a/>\n", "in the format XML"),
        ("name,address\na,10.0.0.1\n", "a table (CSV)"), ("# A\n\n```yaml\ntasks:\n```\n", "a text in Markdown"),
        ("%PDF-1.4\n", "a document in the format PDF"), ("\u{7f}ELF\u{2}", "a program"),
        ("replicaCount: 1\nimage: {}\nresources: {}\n", "a file with the values of a Helm chart"),
        ("- op: add\n  path: /a\n", "a patch of kustomize"),
        ("NAME   READY\na      1/1\n", "a table that kubectl has printed"),
        ("{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": []}", "a manifest of Kubernetes"),
    ])
    func `a file of another program is recognised by its content`(text: String, name: String) {
        #expect(ContentFormat.recognised(Array(text.utf8), path: "a")?.name == name)
    }

    @Test(arguments: [
        "#!/usr/bin/env a\ntasks:\n  a: {}\n", "tasks:\n  a: {exec: {command: ls}}\n# ```\n",
        "cluster: {}\nnodes: {}\ntasks:\n  name,b: {}\n",
        "{\"tasks\": {\"releases\": {}}, \"variables\": {\"$schema\": \"x\"}}",
        "nodes:\n  a: {role: worker}\n", "variables:\n  A: b=c\n", "cluster:\n  name: a\n",
    ])
    func `a task file with such words is a task file`(text: String) {
        let found = ContentFormat.recognised(Array(text.utf8), path: "bootstrap.yaml")
        #expect(found == nil || found?.kind == .taskFile)
    }

    @Test(arguments: [
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\n",
        "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\n",
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n",
        "kind: Config\napiVersion: example.org/v1\n",
        "apiVersion: v1\nkind: ConfigMap\nreleases: []\nimage: x\nresources: {}\nreplicaCount: 1\n",
        "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Pod\"\n}\n",
    ])
    func `an object with such words is a manifest`(text: String) {
        #expect(ContentFormat.recognised(Array(text.utf8), path: "a.yaml")?.kind == .manifest)
    }

    /// A reader that copies the text at every byte takes minutes.
    @Test func `an object in JSON with a long text is recognised by its keys`() {
        let text = String(repeating: "x", count: 1_000_000)
        let manifest = "{\"data\": \"\(text)\", \"apiVersion\": \"v1\", \"kind\": \"ConfigMap\"}"
        #expect(ContentFormat.recognised(Array(manifest.utf8), path: "a.json")?.kind == .manifest)
        let tasks = "{\"tasks\": {\"a\": {\"file\": {\"path\": \"/a\", \"content\": \"\(text)\\\"\"}}}}"
        #expect(ContentFormat.recognised(Array(tasks.utf8), path: "a.yaml")?.kind == .taskFile)
    }

    @Test func `no content of DER crashes the reader`() {
        let certificate: [UInt8] = [0x30, 0x0A, 0x30, 0x05, 0xA0, 0x03, 0x02, 0x01, 0x02, 0x30, 0x00, 0x03]
        for index in certificate.indices {
            for value in [0x00, 0x30, 0x80, 0x81, 0x84, 0x88, 0xFF] as [UInt8] {
                var bytes = certificate
                bytes[index] = value
                for count in 0...bytes.count { _ = DERContent(bytes.prefix(count)) }
            }
        }
    }
}
