# shellcheck shell=bash disable=SC2034
# The architectures that the program is built for. Sourced, never run.

# This machine's architecture, by Debian's name. Other distributions have no dpkg.
case $(uname -m) in
x86_64) native=amd64 ;;
aarch64) native=arm64 ;;
*) native=$(dpkg --print-architecture) ;;
esac

# Sets what depends on an architecture: `architecture` (Debian's name), `machine` (the kernel's name), `multiarch` (the
# directory of its libraries in /usr/lib). If it is not this machine's, also what is used for it in place of the
# machine's own: `debian` (the release that the libraries are of), `sysroot` (their directory), `bundle` (the Swift SDK,
# which Tests/cross/setup makes), `database` (an argument that tells dpkg's tools the libraries), `binutils` (the prefix
# of its program names) and `run` (the command that runs programs).
use_architecture() {
    architecture=$1 debian='' sysroot='' bundle='' database=() binutils='' run=()
    case $architecture in
    amd64) machine=x86_64 ;;
    arm64) machine=aarch64 ;;
    "$native") machine=$(uname -m) ;;
    *)
        echo "$(basename "$0"): architecture '$architecture' is not supported; use $native or arm64" >&2
        exit 64
        ;;
    esac
    multiarch=$machine-linux-gnu
    [ "$architecture" != "$native" ] || return 0
    # Debian's build of the Swift standard library needs a newer C library than that of Debian 12.
    debian=trixie
    bundle=${XDG_CACHE_HOME:-$HOME/.cache}/nest-bootstrap/cross/$architecture.artifactbundle
    sysroot=$bundle/sdk/sysroot
    database=("--admindir=$sysroot/var/lib/dpkg")
    binutils=$multiarch-
    run=("qemu-$machine-static" -L "$sysroot")
}

# Prints the architecture of a program, by the number in its header; for scripts it is this machine's.
architecture_of() {
    case $(od -An -tu2 -j18 -N2 "$1") in
    *' 62') echo amd64 ;;
    *' 183') echo arm64 ;;
    *) echo "$native" ;;
    esac
}
