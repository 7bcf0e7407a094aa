# shellcheck shell=bash disable=SC2034
# Functions of the scripts in this directory: paths, messages, processes. Sourced, never run.
set -euo pipefail
umask 077

cache=${XDG_CACHE_HOME:-$HOME/.cache}/nest-bootstrap
servers=(node relay kube-scheduler kube-controller-manager kube-apiserver etcd) # in the order they are ended
# The programs that are built from Debian's source.
kubernetes=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy)
# The directory of the newer version, which is unpacked from archives next to the repository.
newer=$cache/kubernetes-1.36.2
# Versions between Debian's and the newer one, whose servers only `setup all` unpacks.
between=("$cache/kubernetes-1.29.14" "$cache/kubernetes-1.34.9")
# The directory that containerd, runc, the CNI plugins and busybox are unpacked to.
runtime=$cache/node

say() { printf 'cluster: %s\n' "$*" >&2; }

die() {
    say "$*"
    exit 1
}

# Prints the path of a server's binary; fails if there is none. KUBE_APISERVER (a path) or KUBEBUILDER_ASSETS (a
# directory) replace the newer version or else Debian's. All binaries but etcd come from one directory.
binary() {
    local name=$1 beside=${KUBEBUILDER_ASSETS:-}
    if [ -n "${KUBE_APISERVER:-}" ]; then
        beside=$(dirname "$KUBE_APISERVER")
        [ "$name" != kube-apiserver ] || { [ -x "$KUBE_APISERVER" ] && printf '%s\n' "$KUBE_APISERVER" && return; }
    elif [ -z "$beside" ] && [ -x "$newer/kube-apiserver" ]; then
        beside=$newer
    fi
    if [ -n "$beside" ] && [ -x "$beside/$name" ]; then
        printf '%s\n' "$beside/$name"
    elif [ "$name" = etcd ] && [ -x "${KUBEBUILDER_ASSETS:-}/etcd" ]; then
        printf '%s\n' "$KUBEBUILDER_ASSETS/etcd"
    elif [ "$name" = etcd ] && command -v etcd; then
        return
    elif [ -x "$cache/bin/$name" ] && { [ -z "$beside" ] || [ "$name" = etcd ]; }; then
        printf '%s\n' "$cache/bin/$name"
    else
        return 1
    fi
}

# Prints the path of kubectl: on PATH, or else in KUBEBUILDER_ASSETS.
kubectl_path() {
    command -v kubectl || { [ -x "${KUBEBUILDER_ASSETS:-}/kubectl" ] && printf '%s\n' "$KUBEBUILDER_ASSETS/kubectl"; }
}

# Sets `dir` to the cluster directory in the first argument.
use_directory() {
    [ -n "${1:-}" ] || die "usage: $(basename "$0") DIR"
    dir=$(realpath -m -- "$1")
}

# Dies unless `dir` was created by `prepare`, so that no other directory is used or removed.
need_cluster() { [ -e "$dir/ports" ] || die "'$dir' is not a cluster directory; create one with prepare or up"; }

# Prints the process ID of a server of this cluster if it is running. The command line is compared as well, because
# process IDs are reused.
running() {
    local pid
    pid=$(cat "$dir/pids/$1" 2>/dev/null) && [ -n "$pid" ] || return 1
    tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "$dir/" && printf '%s\n' "$pid"
}

# Starts a program of this cluster, detached from the terminal and from the caller's pipes.
launch() {
    local name=$1
    shift
    mkdir -p "$dir/pids" "$dir/logs"
    setsid "$@" </dev/null >>"$dir/logs/$name.log" 2>&1 &
    printf '%s\n' $! >"$dir/pids/$name"
    # Until exec, the process is a copy of this shell, which `running` does not recognize.
    local deadline=$((SECONDS + 600))
    while kill -0 $! 2>/dev/null; do
        if running "$name" >/dev/null; then return; fi
        [ "$SECONDS" -lt "$deadline" ] || die "$name was not started in 600 s"
        sleep 0.02
    done
}

# Succeeds if a program has a flag. grep reads to the end: a program whose pipe breaks counts as failed.
knows() { "$1" --help 2>&1 | grep -- "--$2\b" >/dev/null; }

# Dies with the end of a server's log if the server has ended.
must_run() {
    running "$1" >/dev/null && return
    tail -n 15 "$dir/logs/$1.log" >&2 || true
    die "$1 ended; see '$dir/logs/$1.log'"
}

# Tries a command, with short pauses, for at most ten minutes while a server runs.
await() {
    local server=$1 what=$2 deadline=$((SECONDS + 600))
    shift 2
    until "$@" >/dev/null 2>&1; do
        must_run "$server"
        [ "$SECONDS" -lt "$deadline" ] || die "timed out after 600 s waiting for $what; see '$dir/logs/$server.log'"
        sleep 0.3
    done
}

# Ends a program of this cluster, and kills it if it does not end within the given tenths of a second.
finish() {
    local name=$1 attempts=$2 pid
    [ "$name" != node ] || attempts=0 # which does not hear SIGTERM
    while pid=$(running "$name"); do
        if [ "$attempts" -gt 0 ]; then kill -TERM "$pid"; else kill -KILL "$pid"; fi 2>/dev/null || true
        attempts=$((attempts - 1))
        sleep 0.1
    done
    rm -f "$dir/pids/$name"
    [ "$name" != node ] || [ ! -e "$dir/node" ] || remove_groups
}

# Prints a line for each mounted hierarchy of control groups, with type and options.
hierarchies() {
    findmnt --noheadings --raw --output TARGET,FSTYPE,FS-OPTIONS --types cgroup,cgroup2 |
        sed -n 's/,release_agent=[^, ]*//; \|^/sys/fs/cgroup\(/[^/ ]*\)\? |p'
}

# Prints the name of the control group that contains the node of this cluster.
node_group() { printf 'nest-node-%s\n' "$(head -n 1 "$dir/ports")"; }

# Removes the control groups of the node, as soon as the kernel has ended what was in them.
remove_groups() {
    local hierarchy name attempts=100
    name=$(node_group)
    while read -r hierarchy _; do
        while [ -e "$hierarchy/$name" ] && [ "$attempts" -gt 0 ]; do
            find "$hierarchy/$name" -depth -type d -exec rmdir {} + 2>/dev/null && break
            attempts=$((attempts - 1))
            sleep 0.1
        done
    done < <(hierarchies)
}

# Writes DIR/NAME.kubeconfig for the user of DIR/pki/CERTIFICATE.crt.
kubeconfig() {
    cat >"$dir/$1.kubeconfig" <<END
apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: "$NEST_SERVER", certificate-authority: "$dir/pki/k8s-ca.crt"}}]
users: [{name: $1, user: {client-certificate: "$dir/pki/$2.crt", client-key: "$dir/pki/$2.key"}}]
contexts: [{name: default, context: {cluster: test, user: $1}}]
current-context: default
END
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "neither root nor sudo; as root: $*"
    fi
}

# Updates the machine's package lists.
refresh_lists() {
    say "updating the package lists"
    as_root apt-get -q update >&2
}

# Downloads a Debian package into the working directory, without installing it.
download() {
    local apt=(apt-get -q -o APT::Sandbox::User=root download)
    "${apt[@]}" "$1" >/dev/null 2>&1 || { refresh_lists && "${apt[@]}" "$1" >&2; } || die "cannot download '$1'"
}
