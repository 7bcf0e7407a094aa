# shellcheck shell=bash disable=SC2034,SC2154
# Functions of the scripts in this directory, in addition to those of Tests/cluster/lib.sh. Sourced, never run.
# shellcheck source=../cluster/lib.sh
. "$here/../cluster/lib.sh"
umask 022

say() { printf 'boot: %s\n' "$*" >&2; }

# Prints this machine's Debian archive as configured in apt, `URI SUITE COMPONENT`.
distribution() {
    # shellcheck disable=SC2016 # the names are apt's
    apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
        awk '$2 !~ /-/ && $3 == "main" && !seen++'
}

# The releases of Debian that the package is for, the oldest first.
releases=(bookworm trixie)

# Prints the directory of a system that machines share: this machine's release of Debian, the release NAME, or the
# variant NAME of this machine's release. usage: system [NAME]
system() {
    if [[ " ${releases[*]} " = *" ${1:-none} "* ]]; then
        printf '%s\n' "$cache/boot/$1"
    else
        printf '%s\n' "$cache/boot/$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)${1:+-$1}"
    fi
}

# Prints the directory of the system that the machine was prepared with.
base() { system "$(cat "${dir:-}/variant" 2>/dev/null || true)"; }

# Sets `dir` to the directory in the first argument, and `name` and `groups` to the machine's name and control groups.
use_directory() {
    [ -n "${1:-}" ] || die "usage: $(basename "$0") DIR"
    dir=$(realpath -m -- "$1")
    name=$(basename "$dir" | tr -c 'a-zA-Z0-9\n' -)
    mapfile -t groups < <(own_groups | sed "s|\$|/$name|")
}

need_machine() { [ -e "$dir/upper" ] || die "'$dir' is not the directory of a machine; create one with prepare"; }

# Prints the control groups of this process that systemd uses: in the unified hierarchy and in systemd's v1 hierarchy.
own_groups() {
    local hierarchy path
    while IFS=: read -r _ hierarchy path; do
        case $hierarchy in
        '') for root in /sys/fs/cgroup/unified /sys/fs/cgroup; do
            [ ! -e "$root/cgroup.procs" ] || { realpath -m "$root/$path" && break; }
        done ;;
        name=systemd) realpath -m "/sys/fs/cgroup/systemd/$path" ;;
        esac
    done </proc/self/cgroup
}

# Runs a command in a mount namespace of its own, with the machine's disk at DIR/root. Nothing stays mounted.
with_root() {
    # shellcheck disable=SC2016 # the inner shell's
    unshare --mount --propagation slave -- sh -euc '
        mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
        shift 2
        exec "$@"' sh "$(base)" "$dir" "$@"
}

# Prints the process ID of the machine's systemd-nspawn, or `init` that of its systemd; fails if the machine is off.
supervisor() {
    local pid
    pid=$(cat "$dir/pid" 2>/dev/null) && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = systemd-nspawn ] || return 1
    printf '%s\n' "$pid"
}

init() {
    local pid
    pid=$(supervisor) && pid=$(cat "/proc/$pid/task/$pid/children") && [ -n "$pid" ] && printf '%s\n' "${pid%% *}"
}
