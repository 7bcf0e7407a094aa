# shellcheck shell=bash disable=SC2034
# What the scripts of this folder share: where things are, how they speak, what runs. Read with `.`, never run.
set -euo pipefail
umask 077

cache=${XDG_CACHE_HOME:-$HOME/.cache}/nest-bootstrap
servers=(kube-controller-manager kube-apiserver etcd) # in the order they are ended

say() { printf 'cluster: %s\n' "$*" >&2; }

die() {
    say "$*"
    exit 1
}

# The path of a server's binary; fails if there is none. Another build is named by KUBE_APISERVER (a path)
# or KUBEBUILDER_ASSETS (a directory); a controller manager is taken only from beside its own API server.
binary() {
    local name=$1 beside=${KUBEBUILDER_ASSETS:-}
    if [ -n "${KUBE_APISERVER:-}" ]; then
        beside=$(dirname "$KUBE_APISERVER")
        [ "$name" != kube-apiserver ] || { [ -x "$KUBE_APISERVER" ] && printf '%s\n' "$KUBE_APISERVER" && return; }
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

# kubectl as found on PATH, else the one among the assets.
kubectl_path() {
    command -v kubectl || { [ -x "${KUBEBUILDER_ASSETS:-}/kubectl" ] && printf '%s\n' "$KUBEBUILDER_ASSETS/kubectl"; }
}

# Sets `dir` to the cluster directory named by the first argument.
use_directory() {
    [ -n "${1:-}" ] || die "usage: $(basename "$0") DIR"
    dir=$(realpath -m -- "$1")
}

# Dies unless `dir` was made by `prepare`: nothing else may be started in, or removed.
need_cluster() { [ -e "$dir/ports" ] || die "'$dir' is not a cluster directory; make one with prepare or up"; }

# Prints the process id of a server of this cluster if it runs. The command line is looked at as well, because
# process ids come round again.
running() {
    local pid
    pid=$(cat "$dir/pids/$1" 2>/dev/null) && [ -n "$pid" ] || return 1
    tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "$dir/" && printf '%s\n' "$pid"
}

# Starts a program of this cluster apart from the terminal and the caller's pipes.
launch() {
    local name=$1
    shift
    mkdir -p "$dir/pids" "$dir/logs"
    setsid "$@" </dev/null >>"$dir/logs/$name.log" 2>&1 &
    printf '%s\n' $! >"$dir/pids/$name"
    # At first it is a copy of this shell, which on a busy machine looks as if the program had ended.
    for _ in {1..100}; do
        if running "$name" >/dev/null; then return; fi
        sleep 0.02
    done
}

# Ends a program of this cluster, with force if it does not go within the given tenths of a second.
finish() {
    local name=$1 patience=$2 pid
    while pid=$(running "$name"); do
        if [ "$patience" -gt 0 ]; then kill -TERM "$pid"; else kill -KILL "$pid"; fi 2>/dev/null || true
        patience=$((patience - 1))
        sleep 0.1
    done
    rm -f "$dir/pids/$name"
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

# Fetches the machine's package lists.
refresh_lists() {
    say "fetching the package lists"
    as_root apt-get -q update >&2
}

# Downloads a Debian package into the working directory, without installing it.
download() {
    local apt=(apt-get -q -o APT::Sandbox::User=root download)
    "${apt[@]}" "$1" >/dev/null 2>&1 || { refresh_lists && "${apt[@]}" "$1" >&2; } || die "cannot download '$1'"
}
