import Base

/// The names that other tools give our keys: Ansible, Compose, cloud-init, GitHub Actions, systemd, Terraform and kubectl.
///
/// The first name that the mapping has is meant.
let otherToolsKeys: [String: [String]] = [
    "action": ["exec"], "argv": ["args"], "arguments": ["args"], "bash": ["exec"], "body": ["content"],
    "chmod": ["mode"], "cleanup": ["reset"], "cmd": ["command", "exec"], "commands": ["exec"],
    "comment": ["description"], "contents": ["content"], "copy": ["file"], "data": ["content"],
    "deadline": ["timeout"], "defaults": ["variables"], "delete": ["remove"], "dependencies": ["after"],
    "depends": ["after"], "deploy": ["apply"], "depends_on": ["after"], "dependson": ["after"], "desc": ["description"],
    "dest": ["path"], "digest": ["sha256"], "destination": ["path"], "dir": ["directory"], "dst": ["path"],
    "enabled": ["enable"],
    "env": ["environment", "variables"], "environment": ["variables"], "filename": ["path", "manifests"],
    "filenames": ["manifests"], "files": ["manifests", "paths"], "folder": ["directory"], "from": ["source"],
    "gid": ["group"],
    "inline": ["content"], "interval": ["every"], "jobs": ["tasks"], "link": ["symlink", "path"],
    "link_name": ["path"], "locals": ["variables"], "location": ["path"], "machines": ["nodes"],
    "manifest": ["manifests", "apply"], "max_time": ["timeout"], "mkdir": ["directory"],
    "name": ["description"],
    "needs": ["after"],
    "owner_group": ["group"], "parameters": ["variables"], "path": ["manifests"], "period": ["every"],
    "permissions": ["mode"], "perms": ["mode"], "program": ["command"], "requires": ["after"],
    "resources": ["manifests"], "rm": ["remove"], "rollback": ["reset"], "run": ["exec", "command"],
    "sh": ["exec"], "shell": ["exec"], "source": ["target"], "src": ["source", "target"], "start_after": ["after"],
    "steps": ["tasks"],
    "summary": ["description"], "systemctl": ["service"], "systemd": ["service"], "systemdservice": ["service"],
    "target": ["path"], "teardown": ["reset"], "template": ["file", "source"],
    "text": ["content"], "time_limit": ["timeout"], "title": ["description"], "to": ["target"],
    "uid": ["owner"], "undo": ["reset"], "unit": ["name", "service"], "uninstall": ["reset"], "user": ["owner"],
    "vars": ["variables"],
    "wait_for": ["wait"], "wants": ["after"], "yaml": ["manifests"],
]

/// A mapping of a task file for which keys of other tools are known that have no counterpart.
enum OtherToolsScope: Hashable {
    case taskFile, task
    case verb(String)

    init?(_ subject: MappingName) {
        let isTask = subject.owner?.hasPrefix("task ") == true
        switch (isTask, subject.path.count) {
        case (false, 0) where subject.owner == nil: self = .taskFile
        case (true, 0): self = .task
        case (true, 1): self = .verb(subject.path[0])
        default: return nil
        }
    }

    /// Returns what to do about a key of another tool.
    ///
    /// - Parameter key: The key, which is unknown in the mapping.
    /// - Returns: The advice, and whether the key is in the place of a verb; `nil` if the key is not known.
    func advice(for key: String) -> (text: String, isVerb: Bool)? {
        let key = key.lowercased().filter { $0 != "_" && $0 != "-" }
        if self == .task, let text = otherVerbs[key] { return (text, true) }
        return otherKeys[self]?[key].map { ($0, false) }
    }
}

/// The advice about verbs of other tools.
private let otherVerbs: [String: String] = {
    let fetch = "write file: {path: FILE, url: URL, sha256: DIGEST}"
    let archive = "write file: {path: DIR, url: URL, sha256: DIGEST, unpack: {}}"
    let images = "write images: {archives: [FILE]}"
    let rendered = "write the objects to a file first, and name that file in apply: {manifests: [FILE]}"
    let condition = "wait for what the next task needs, such as wait: {tcp: HOST:PORT}"
    return [
        "download": fetch, "fetch": fetch, "geturl": fetch, "curl": fetch, "wget": fetch,
        "unarchive": archive, "unpack": archive, "untar": archive, "tar": archive, "extract": archive,
        "archive": archive,
        "ctr": images, "dockerload": images, "dockerimage": images, "containerdimage": images,
        "helm": rendered, "kubectl": rendered, "kustomize": rendered, "k8s": rendered, "chart": rendered,
        "sleep": condition, "pause": condition, "waitfor": condition,
    ]
}()

/// The advice about keys of other tools for which there is no key.
private let otherKeys: [OtherToolsScope: [String: String]] = {
    let condition = "select nodes by 'roles:', or test it in the script of 'exec'"
    let rights = "remove it: a task has the rights that its verb needs"
    let attempts = "remove it: systemd starts the unit of a failed task again"
    let failure = "remove it: only tasks that run after this one need its success"
    let loop = "write a task for each of them"
    let environment = "only 'exec' has an environment: remove it"
    let order = "write 'after:' in the other task"
    let selection = "select nodes by 'roles:'"
    let version = "remove it: a task file has no version"
    let inclusion = "put the other file into the directory bootstrap.d beside this one, where all files are read"
    let server = "write it below 'cluster:', as 'servers: URL'"
    let roleOfNode = "write the role of a node below its name in 'nodes:', and the roles of a task in the task"
    let replaced = "remove it: a file with another content is replaced"
    let itself = "remove it: only the directory itself is corrected, not what is in it"
    let inKubeconfig = "remove it: the kubeconfig has it"
    let rendered = "write the objects to a file first, and name that file in 'manifests:'"
    return [
        .taskFile: [
            "version": version, "apiversion": version, "kind": version,
            "include": inclusion, "includes": inclusion, "import": inclusion, "imports": inclusion,
            "extends": inclusion, "dropins": inclusion,
            "server": server, "servers": server, "apiserver": server, "apiservers": server, "endpoint": server,
            "role": roleOfNode, "roles": roleOfNode,
            "hosts": "write each host as a node: 'nodes: {HOST: {role: ROLE}}'",
            "kubeconfig": "write it in the tasks that use it",
            "stages": "write each step as a task below 'tasks:'",
        ],
        .task: [
            "when": condition, "if": condition, "condition": condition, "onlyif": condition, "unless": condition,
            "become": rights, "becomeuser": rights, "sudo": rights, "user": rights, "runas": rights,
            "privileged": rights,
            "retries": attempts, "maxretries": attempts, "retry": attempts, "delay": attempts, "until": attempts,
            "backoff": attempts, "attempts": attempts,
            "ignoreerrors": failure, "continueonerror": failure, "failedwhen": failure, "onfailure": failure,
            "allowfailure": failure,
            "loop": loop, "withitems": loop, "foreach": loop, "items": loop, "matrix": loop,
            "env": environment, "environment": environment,
            "before": order, "requiredby": order, "neededby": order,
            "hosts": selection, "host": selection, "node": selection, "nodes": selection, "delegateto": selection,
            "runson": selection,
            "register": "remove it: a task cannot use the output of another one",
            "tags": "remove it: 'nest-bootstrap run --task NAME' runs one task",
            "notify": "name the units in 'restart:'", "handlers": "name the units in 'restart:'",
            "image": "a task runs no images: apply the manifest of a Pod",
            "namespace": "remove it: each object has its namespace in 'metadata:'",
            "steps": "write each step as a task, in their order by 'after:'",
            "stages": "write each step as a task, in their order by 'after:'",
            "cron": "write the time between two runs, as 'every: 1h'",
            "schedule": "write the time between two runs, as 'every: 1h'",
            "disabled": "write 'enable: false' to leave the task out",
            "runonce": "write 'lock: cluster' to run it on one node at a time",
            "state": "remove it: a task says what is there, and the verb 'remove' what is not",
        ],
        .verb("exec"): [
            "cwd": "write 'cd DIR' in a script", "chdir": "write 'cd DIR' in a script",
            "workdir": "write 'cd DIR' in a script", "workingdirectory": "write 'cd DIR' in a script",
            "directory": "write 'cd DIR' in a script",
            "user": "remove it: the unit of the task has the rights that 'writes:' and 'capabilities:' ask for",
            "unless": "name what the program creates in 'creates:'",
            "onlyif": "name what the program creates in 'creates:'",
            "removes": "test it in a script",
            "timeout": "write it in the task, beside 'exec:'",
        ],
        .verb("file"): [
            "checksum": "write the SHA-256 digest as 'sha256: DIGEST'",
            "sha512": "write the SHA-256 digest as 'sha256: DIGEST'",
            "strip": "write it below 'unpack:'", "stripcomponents": "write 'strip: NUMBER' below 'unpack:'",
            "only": "write it below 'unpack:'", "include": "write 'only: [NAME]' below 'unpack:'",
            "backup": replaced, "force": replaced, "overwrite": replaced, "replace": replaced,
            "name": "write it as 'path: PATH'",
            "state": "remove it: a file is written, and the directories above it are created",
            "recurse": "write a task for each file", "recursive": "write a task for each file",
        ],
        .verb("directory"): [
            "state": "remove it: a directory is created, and the directories above it",
            "name": "write it as 'path: PATH'",
            "recurse": itself, "recursive": itself,
        ],
        .verb("images"): [
            "images": "write 'archives: [FILE]'; an archive has the names of its images",
            "names": "remove it: an archive has the names of its images",
            "name": "remove it: an archive has the names of its images",
            "namespace": "remove it: images are for the kubelet, whose namespace is k8s.io",
            "pinned": "remove it: all images are pinned", "pin": "remove it: all images are pinned",
            "snapshotter": "remove it: the kubelet's request unpacks an image, with the snapshotter set for it",
            "platform": "remove it: the image of the node's architecture is used",
        ],
        .verb("apply"): [
            "namespace": "write the namespace in 'metadata:' of the objects",
            "context": inKubeconfig, "cluster": inKubeconfig, "server": inKubeconfig, "user": inKubeconfig,
            "kustomize": rendered, "helm": rendered, "chart": rendered, "values": rendered, "template": rendered,
            "force": "write 'conflicts: force' to take over fields of other managers",
            "forceconflicts": "write 'conflicts: force' to take over fields of other managers",
            "overwrite": "write 'conflicts: force' to take over fields of other managers",
            "serverside": "remove it: objects are always applied by the server",
            "recursive": "name the directories that are in it, too",
        ],
        .verb("wait"): [
            "seconds": "name what to wait for, such as 'tcp: HOST:PORT'",
            "duration": "name what to wait for, such as 'tcp: HOST:PORT'",
            "host": "write it with its port: 'tcp: HOST:PORT'",
            "port": "write it with its host: 'tcp: HOST:PORT'",
            "path": "write it as 'file: PATH'", "http": "write it as 'url: URL'",
            "for": "write 'object:' with the object whose readiness is needed",
        ],
    ]
}()

/// The names that other distributions of Kubernetes give the usual roles.
let otherRoleNames = [
    "master": "control-plane", "server": "control-plane", "controller": "control-plane", "manager": "control-plane",
    "agent": "worker", "minion": "worker", "node": "worker",
]
