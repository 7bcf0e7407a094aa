/// The rows of files that other programs read.
extension ContentFormat {
    /// Formats that are not text.
    static let binaryRows: [Row] = [
        Row(.binary, "a program", nil) { $0.begins([0x7F, 0x45, 0x4C, 0x46]) },
        Row(.binary, "a document in the format PDF", nil) { $0.begins(Array("%PDF-".utf8)) },
        Row(.binary, "an image", nil) {
            $0.begins([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A]) || $0.begins([0xFF, 0xD8, 0xFF])
        },
        Row(.binary, "a database of SQLite", nil) { $0.begins(Array("SQLite format 3".utf8) + [0]) },
    ]

    /// Texts that are neither YAML nor JSON, or that another program takes by their first line.
    static let textRows: [Row] = [
        other(.otherText, "the user data of cloud-init", "write its files and commands as tasks 'file' and 'exec'") {
            $0.begins(Array("#cloud-config".utf8))
        },
        other(.otherText, "a script", "name it in `exec: {script: FILE}` of a task") {
            $0.begins(Array("#!/".utf8)) && !$0.text.isEmpty
        },
        other(.otherText, "a Dockerfile", "build the image, and name it in the manifest of a Pod") { content in
            (content.text.hasPrefix("FROM ") || content.text.hasPrefix("ARG "))
                && content.lines.contains { line in
                    ["RUN ", "COPY ", "CMD ", "ENTRYPOINT ", "ADD "].contains { line.hasPrefix($0) }
                }
        },
        other(.otherText, "a file in the language of Terraform", "write its objects as manifests") { content in
            let words = content.text.prefix { !$0.isNewline }.split(separator: " ")
            let blocks = ["resource", "variable", "provider", "module", "terraform", "locals", "output", "data"]
            return words.last == "{" && words.first.map { blocks.contains(String($0)) } == true
        },
        other(
            .otherText,
            "a unit of systemd",
            "install it with `file: {path: /etc/systemd/system/NAME, source: FILE}` of a task"
        ) {
            $0.sectionName.map {
                ["Unit", "Service", "Timer", "Socket", "Mount", "Install", "Path", "Slice", "Match", "Network"]
                    .contains(String($0))
            } == true
        },
        other(.otherText, "an inventory of Ansible", "write its hosts below 'nodes:' of the task file") { content in
            content.sectionName != nil
                && content.lines.contains { line in
                    ["ansible_", ":children]", ":vars]"].contains { line.contains($0) }
                }
        },
        other(.otherText, "a file in the format INI or TOML", installed) { content in
            content.sectionName != nil && content.hasAssignments(" ")
                || content.hasAssignments(" ") && content.lines.contains { $0.hasPrefix("[") && $0.contains("]") }
        },
        other(
            .otherText,
            "a file of environment variables",
            "write its values below 'variables:' of the task file, or make a ConfigMap with "
                + "`kubectl create configmap NAME --from-env-file=FILE --dry-run=client -o yaml`"
        ) { $0.hasAssignments("") },
        other(.otherText, "in the format XML", nil) { $0.text.hasPrefix("<?xml") },
        other(.otherText, "a table (CSV)", "write its lines as YAML") { $0.isTable },
        other(.otherText, "a patch", "name the file that it changes, after `patch -p1 < FILE`") { content in
            content.text.hasPrefix("diff --git ")
                || content.text.hasPrefix("--- ") && content.contains("\n+++ ")
        },
        other(
            .otherText,
            "an error that kubectl has printed",
            "write it again, and look whether 'kubectl' succeeds"
        ) { $0.text.hasPrefix("Error from server") || $0.text.hasPrefix("error: ") },
        other(
            .otherText,
            "the output of a program with its messages",
            "remove the first lines, and write the file without '2>&1'"
        ) { content in
            let first = content.text.prefix { !$0.isNewline }
            // The forms of Helm and others, of klog, and of logrus.
            let isMessage =
                ["WARNING: ", "Warning: ", "W0", "W1", "I0", "I1", "E0", "E1", "level=", "time="].contains {
                    first.hasPrefix($0)
                }
            return isMessage && first.contains(" ") && content.contains("\napiVersion: ")
        },
        other(.otherText, "a table that kubectl has printed", "write it again with '-o yaml'") { content in
            let words = content.text.prefix { !$0.isNewline }.split(separator: " ")
            return content.text.hasPrefix("NAME") && words.count > 1
                && words.allSatisfy { $0.allSatisfy { $0.isUppercase || !$0.isLetter } }
        },
        other(.otherText, "an expression of Nix", nil) { content in
            let head = content.text.prefix(400)
            return head.first == "{" && head.contains("...") && head.contains("}:")
        },
        Row(.otherText, "a text in Markdown", nil) { content in
            content.name.hasSuffix(".md") || content.text.hasPrefix("```") || content.contains("\n```")
        },
    ]

    /// Files with the form of an object that programs on the node, or tools beside the cluster, read.
    static let objectRows: [Row] =
        [
            Row(.ofOtherProgram, "the answer of an API server that has refused a request", nil) {
                $0.value(of: "kind") == "Status" && $0.value(of: "apiVersion") == "v1"
            }
        ]
        + [
            ("kubeadm.k8s.io", "a configuration of kubeadm", installed),
            ("kubelet.config.k8s.io", "a configuration of the kubelet", installed),
            ("kubeproxy.config.k8s.io", "a configuration of kube-proxy", installed),
            ("kubescheduler.config.k8s.io", "a configuration of kube-scheduler", installed),
            ("kubecontrollermanager.config.k8s.io", "a configuration of kube-controller-manager", installed),
            ("audit.k8s.io", "the audit policy of an API server", installed),
            ("apiserver.config.k8s.io", "a configuration of the API server", installed),
            ("apiserver.k8s.io", "a configuration of the API server", installed),
            ("pod-security.admission.config.k8s.io", "a configuration of the API server", installed),
            ("kind.x-k8s.io", "a configuration of kind", "create the cluster with `kind create cluster --config FILE`"),
            ("k3d.io", "a configuration of k3d", "create the cluster with `k3d cluster create --config FILE`"),
            ("eksctl.io", "a configuration of eksctl", "create the cluster with `eksctl create cluster -f FILE`"),
            ("skaffold", "a configuration of Skaffold", "write its objects to a file with `skaffold render -f FILE`"),
        ].map { group, name, advice in
            Row(.ofOtherProgram, name, Advice(advice)) { $0.keys.contains("kind") && $0.group == group }
        }

    /// Documents of other programs, recognised by their keys.
    static let programRows: [Row] = [
        keyed("a Helmfile", "write its objects to a file with `helmfile -f FILE template`, and name that file") {
            $0.contains("releases") && !$0.isDisjoint(with: ["repositories", "helmDefaults", "environments", "bases"])
        },
        keyed("a machine configuration of Talos", "bring it to the node with `talosctl apply-config --file FILE`") {
            $0.isSuperset(of: ["machine", "cluster"])
        },
        keyed("a configuration of k3s or RKE2", installed) {
            !$0.isDisjoint(with: [
                "write-kubeconfig-mode", "tls-san", "node-label", "node-taint", "cluster-init", "flannel-backend",
                "cluster-cidr", "service-cidr", "kubelet-arg", "kube-apiserver-arg", "disable-kube-proxy",
            ])
        },
        keyed("a configuration of crictl", installed) { $0.contains("runtime-endpoint") },
        keyed("a configuration of CNI", installed) { $0.contains("cniVersion") },
        keyed("a configuration of Prometheus", installed) { $0.contains("scrape_configs") },
        keyed("a configuration of netplan", installed) { $0 == ["network"] },
        keyed("a configuration of Ignition", nil) { $0.contains("ignition") },
        keyed("a configuration of Butane", nil) { $0.isSuperset(of: ["variant", "version"]) },
        keyed("an OpenAPI document", nil) {
            !$0.isDisjoint(with: ["openapi", "swagger"]) && !$0.isDisjoint(with: ["paths", "info"])
        },
        keyed("a JSON Schema", nil) { $0.contains("$schema") && !$0.isDisjoint(with: ["properties", "type", "$ref"]) },
        keyed("the state of Terraform", nil) { $0.contains("terraform_version") },
        keyed("a workflow of GitHub", "write its steps as tasks") { $0.isSuperset(of: ["on", "jobs"]) },
        other(.ofOtherProgram, "a pipeline of GitLab", "write its steps as tasks") {
            $0.name == ".gitlab-ci.yml" || $0.keys.contains("stages") && $0.contains("\n  script:")
        },
        other(.playbook, "an inventory of Ansible", "write its hosts below 'nodes:' of the task file") {
            $0.keys == ["all"] && ($0.contains("\n  hosts:") || $0.contains("\n  children:"))
        },
        other(.ofOtherProgram, "a patch of kustomize", "name the output of `kubectl kustomize DIR`") {
            ($0.text.hasPrefix("- op:") || $0.text.hasPrefix("- {op:")) && $0.contains("path:")
        },
        other(
            .playbook,
            "a list of tasks of Ansible",
            "write each of them below 'tasks:' of a task file, by its name and with one verb"
        ) { content in
            content.text.hasPrefix("- name:")
                && [
                    "copy", "file", "template", "systemd", "service", "command", "shell", "apt", "package",
                    "lineinfile",
                    "include_tasks", "import_tasks", "sysctl", "modprobe", "get_url", "debug",
                ].contains {
                    content.contains("\n  \($0):") || content.contains("\n  ansible.builtin.\($0):")
                }
        },
        other(
            .helmValues,
            "a file with the values of a Helm chart",
            "write the objects of the chart to a file with `helm template NAME CHART -f FILE`, and name that file"
        ) { content in
            let usual: Set = [
                "replicaCount", "nameOverride", "fullnameOverride", "imagePullSecrets", "podAnnotations",
                "podSecurityContext", "serviceAccount", "nodeSelector", "tolerations", "affinity", "autoscaling",
                "ingress", "image", "resources", "securityContext",
            ]
            return !content.keys.contains("apiVersion")
                && (content.keys.intersection(usual).count > 2 || content.name.hasPrefix("values-"))
        },
    ]

    private static let installed = "install it with `file: {path: PATH, source: FILE}` of a task, for its program"

    /// Returns a row that never holds for a file with the keys of a task file or of an object.
    private static func other(
        _ kind: Kind,
        _ name: String,
        _ advice: String?,
        _ matches: @escaping @Sendable (ExaminedContent) -> Bool,
    ) -> Row {
        Row(kind, name, Advice(advice)) { !$0.hasOwnKeys && matches($0) }
    }

    private static func keyed(
        _ name: String,
        _ advice: String?,
        _ matches: @escaping @Sendable (Set<String>) -> Bool,
    ) -> Row {
        other(.ofOtherProgram, name, advice) { matches($0.keys) }
    }
}
