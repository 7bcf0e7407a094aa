#!/bin/sh
# Installs nest-bootstrap from the files beside this script, upgrades it, or removes it.
set -eu
umask 022

# shellcheck source=functions
. packaging/functions

# What tools/tarball knows of the program.
version=@VERSION@
machine=@MACHINE@
loader=@LOADER@
needs_glibc=@GLIBC@
needs_systemd=@SYSTEMD@

here=$(dirname "$0")
files=$here/files
config=/etc/nest-bootstrap/bootstrap.yaml
action=install prefix='' destination='' dry='' purge=''

say() { echo "install.sh: $*"; }
warn() { say "$*" >&2; }

die() {
    warn "$*"
    exit 1
}

usage() {
    cat <<HELP
Installs nest-bootstrap $version from the files beside this script, upgrades it, or
removes it. Nothing is started by that: the tasks run at the next boot, or when
k8s-bootstrap.target is started. A changed $config
is kept; the new version is written beside it.

Usage: install.sh [FLAG]...

Flags:
  --prefix=DIR   /usr/local or /usr, where systemd looks for units; by default
                 where it is installed already, or else /usr/local
  --destdir=DIR  install below DIR, such as the root of an image; nothing of the
                 running system is examined or changed
  --dry-run      print what would be done
  --uninstall    stop the tasks and remove the program; what the tasks wrote,
                 the task file and the records stay
  --purge        with --uninstall: remove the task file and the records too
  -h, --help     show this help

Exit codes:
  0   done
  1   the system lacks something, or a step failed
  64  wrong usage
HELP
}

wrong_usage() {
    warn "$*; run '$0 --help'"
    exit 64
}

while [ $# -gt 0 ]; do
    case $1 in
    --prefix=* | --destdir=*) ;;
    --prefix | --destdir)
        [ $# -gt 1 ] || wrong_usage "flag '$1' needs a directory"
        flag=$1 value=$2
        shift 2
        set -- "$flag=$value" "$@"
        ;;
    esac
    case $1 in
    --prefix=/usr | --prefix=/usr/local) prefix=${1#*=} ;;
    --prefix=*)
        wrong_usage "systemd does not look for units below '${1#*=}'; use --prefix=/usr/local or --prefix=/usr"
        ;;
    --destdir=/*) destination=${1#*=} destination=${destination%/} ;;
    --destdir=*) wrong_usage "'${1#*=}' is not an absolute path" ;;
    --dry-run) dry=yes ;;
    --uninstall) action=uninstall ;;
    --purge) purge=yes ;;
    -h | --help) usage && exit 0 ;;
    *) wrong_usage "unknown flag '$1'" ;;
    esac
    shift
done
[ -z "$purge" ] || [ "$action" = uninstall ] || wrong_usage "flag '--purge' is for '--uninstall' only"

# Where it is installed, and the list of its files: a digest and a path on each line; '-' is that of a link. While files are
# put in place, a second list has those of both versions, so that an interrupted installation can be repeated or removed.
lists=/share/nest-bootstrap
installed='' is_complete=''
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: >"$work/old"
for candidate in /usr/local /usr; do
    [ ! -e "$destination$candidate$lists/installed" ] || is_complete=yes
    for list in "$destination$candidate$lists/installing" "$destination$candidate$lists/installed"; do
        [ ! -e "$list" ] || { installed=$candidate && cat "$list" >>"$work/old"; }
    done
done

is_live() { [ -z "$destination" ] && [ -z "$dry" ]; }

digest() { sha256sum <"$1" | cut -d' ' -f1; }

# Prints the digest with which a path is in a list.
digest_in() { sed -n "s|^\([^ ]*\)  $2\$|\1|p" "$1" | head -n 1; }

# True if the first version, such as 2.36, is not older than the second.
is_at_least() {
    [ "${1%%.*}" -gt "${2%%.*}" ] || { [ "${1%%.*}" -eq "${2%%.*}" ] && [ "${1#*.}" -ge "${2#*.}" ]; }
}

# The packages of libraries on Debian, Fedora, openSUSE and Arch, and of distributions made from them.
packages() {
    cat <<TABLE
libcurl.so.4 libcurl4 libcurl libcurl4 curl
libssl.so.3 libssl3 openssl-libs libopenssl3 openssl
libcrypto.so.3 libssl3 openssl-libs libopenssl3 openssl
libsystemd.so.0 libsystemd0 systemd-libs libsystemd0 systemd-libs
libyaml-0.so.2 libyaml-0-2 libyaml libyaml-0-2 libyaml
libstdc++.so.6 libstdc++6 libstdc++ libstdc++6 gcc-libs
libgcc_s.so.1 libgcc-s1 libgcc libgcc_s1 gcc-libs
TABLE
}

# Prints how to install the package that has a library, with the command of this distribution if it is a known one.
advice() {
    packages | while read -r library debian fedora suse arch; do
        [ "$library" = "$1" ] || continue
        case " $(os_release ID) $(os_release ID_LIKE) " in
        *" debian "* | *" ubuntu "*) echo "run 'apt install $debian'" ;;
        *" fedora "* | *" rhel "* | *" centos "*) echo "run 'dnf install $fedora'" ;;
        *" suse "* | *" opensuse"* | *" sles "*) echo "run 'zypper install $suse'" ;;
        *" arch "*) echo "run 'pacman -S $arch'" ;;
        *) echo "it is in $debian of Debian, $fedora of Fedora, $suse of openSUSE, $arch of Arch" ;;
        esac
    done
}

os_release() { sed -n "s/^$1=[\"']\{0,1\}\([^\"']*\)[\"']\{0,1\}\$/\1/p" /etc/os-release 2>/dev/null || true; }

# Reports everything that this system lacks, and fails if there is anything.
check_system() {
    program=$files/usr/bin/nest-bootstrap missing=''
    [ "$(uname -m)" = "$machine" ] || die "the program is for $machine, this machine is $(uname -m)"
    glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || glibc=''
    if [ -z "$glibc" ] || [ ! -e "$loader" ]; then
        die "the C library of this system is not glibc; the program needs glibc $needs_glibc or later"
    fi
    is_at_least "${glibc#* }" "$needs_glibc" ||
        die "$glibc is too old; the program needs glibc $needs_glibc or later"
    found=$(systemctl --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
    if [ -z "$found" ]; then
        warn "systemd is not installed; the tasks are its units" && missing=yes
    elif [ "$found" -lt "$needs_systemd" ]; then
        warn "systemd $found is too old; the units need systemd $needs_systemd or later" && missing=yes
    fi
    ldd "$program" 2>/dev/null | sed -n 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p' >"$work/missing" || true
    while read -r library; do
        hint=$(advice "$library")
        warn "library '$library' is missing; ${hint:-install the package of this distribution that has it}"
        missing=yes
    done <"$work/missing"
    [ -z "$missing" ] || exit 1
    "$program" --version >/dev/null 2>"$work/errors" || die "the program cannot run here: $(head -n 1 "$work/errors")"
}

# Fails if the package of the distribution owns the files.
check_packages() {
    if [ "$(dpkg-query -W -f='${db:Status-Status}' nest-bootstrap 2>/dev/null)" = installed ]; then
        die "the Debian package is installed; upgrade that, or run 'apt remove nest-bootstrap' first"
    fi
    if rpm -q nest-bootstrap >/dev/null 2>&1; then
        die "the RPM is installed; upgrade that, or run 'rpm --erase nest-bootstrap' first"
    fi
}

# Writes a file as it is installed to a path. Examples and task file name the directory of the manifests.
render() {
    case $1 in
    etc/* | */examples/*/bootstrap.yaml) sed "s|/usr/share/|$prefix/share/|" "$files/$1" >"$2" ;;
    *) cp "$files/$1" "$2" ;;
    esac
    if [ -x "$files/$1" ]; then chmod 755 "$2"; else chmod 644 "$2"; fi
}

# Puts a file or link in its place with one step, so that a running program stays whole. usage: put NEW PATH
put() {
    if [ -h "$1" ]; then
        [ ! -h "$2" ] || [ "$(readlink "$1")" != "$(readlink "$2")" ] || return 0
    else
        [ ! -f "$2" ] || [ -h "$2" ] || ! cmp -s "$1" "$2" || return 0
    fi
    if [ -n "$dry" ]; then
        if [ -e "$2" ] || [ -h "$2" ]; then say "would replace '$2'"; else say "would create '$2'"; fi
        return
    fi
    mkdir -p "$(dirname "$2")"
    cp -P "$1" "$2.install-new"
    mv -f "$2.install-new" "$2"
}

# True if a directory has nothing but files of this program.
is_own() { case $1 in *nest-bootstrap* | *k8s-bootstrap*) ;; *) false ;; esac }

# Removes a file or link, and the directories of this program that have become empty by that.
remove() {
    if [ -n "$dry" ]; then
        if [ -e "$destination$1" ] || [ -h "$destination$1" ]; then say "would remove '$destination$1'"; fi
        return
    fi
    rm -f "$destination$1" "$destination$1.install-new"
    directory=$(dirname "$1")
    while is_own "$directory" && rmdir "$destination$directory" 2>/dev/null; do directory=$(dirname "$directory"); done
}

# Installs the task file as a package manager does: one that was changed or removed stays as it is.
install_config() {
    target=$destination$config
    render "${config#/}" "$work/config"
    new=$(digest "$work/config") old=$(digest_in "$work/old" "$config") current=''
    [ ! -e "$target" ] || current=$(digest "$target")
    case $current in
    "$new") ;;
    '')
        if [ -z "$old" ]; then
            put "$work/config" "$target"
        else
            say "'$target' was removed, and is not created again"
        fi
        ;;
    "$old") put "$work/config" "$target" ;;
    *)
        [ "$new" != "$old" ] || return 0
        put "$work/config" "$target.new"
        say "'$target' is kept as it is; the file of this version is '$target.new'"
        ;;
    esac
}

install_files() {
    [ -n "$prefix" ] || prefix=${installed:-/usr/local}
    [ -z "$installed" ] || [ "$installed" = "$prefix" ] ||
        die "nest-bootstrap is installed in '$installed'; upgrade it with --prefix=$installed, or run '$0 --uninstall' first"
    [ -d "$files" ] || die "'$files' does not exist; run the install.sh of the archive"
    if [ -z "$destination" ]; then
        check_packages
        check_system
    fi
    install_config
    [ -n "$dry" ] || mkdir -p "$destination/etc/nest-bootstrap/bootstrap.d"
    (cd "$files" && find usr ! -type d) | LC_ALL=C sort >"$work/names"
    mkdir "$work/files"
    while read -r name; do
        mkdir -p "$(dirname "$work/files/$name")"
        sum=-
        if [ -h "$files/$name" ]; then
            cp -P "$files/$name" "$work/files/$name"
        else
            render "$name" "$work/files/$name"
            sum=$(digest "$work/files/$name")
        fi
        printf '%s  %s\n' "$sum" "$prefix/${name#usr/}" >>"$work/new"
    done <"$work/names"
    printf '%s  %s\n' "$(digest "$work/config")" "$config" >>"$work/new"
    cat "$work/new" "$work/old" >"$work/both"
    [ -n "$dry" ] || put "$work/both" "$destination$prefix$lists/installing"
    while read -r name; do put "$work/files/$name" "$destination$prefix/${name#usr/}"; done <"$work/names"
    while read -r _ path; do
        [ -n "$(digest_in "$work/new" "$path")" ] || remove "$path"
    done <"$work/old"
    if is_live; then
        create_user ''
        [ -n "$is_complete" ] || enable_target
        update_catalog
        load_units
    elif [ -z "$destination" ]; then
        [ -n "$is_complete" ] || say "would create user 'nest-bootstrap' and enable k8s-bootstrap.target"
        say "would load the units"
    elif [ -z "$dry" ]; then
        say "when the system below '$destination' is complete, run there: systemd-sysusers nest-bootstrap.conf &&" \
            "systemctl enable k8s-bootstrap.target"
    fi
    [ -z "$dry" ] || return 0
    put "$work/new" "$destination$prefix$lists/installed"
    rm -f "$destination$prefix$lists/installing"
    say "nest-bootstrap $version is installed in '$destination$prefix'"
}

uninstall_files() {
    [ -n "$installed" ] || die "nest-bootstrap is not installed below '$destination/'"
    [ "${prefix:-$installed}" = "$installed" ] || die "nest-bootstrap is installed in '$installed', not in '$prefix'"
    if is_live; then
        stop_tasks
        disable_target
    elif [ -z "$destination" ]; then
        say "would stop the tasks and disable k8s-bootstrap.target${purge:+, and remove the records}"
    fi
    while read -r _ path; do
        [ "$path" = "$config" ] || remove "$path"
    done <"$work/old"
    remove "$installed$lists/installing"
    remove "$installed$lists/installed"
    if [ -n "$purge" ]; then
        [ -n "$dry" ] || rmdir "$destination/etc/nest-bootstrap/bootstrap.d" 2>/dev/null || true
        remove "$config"
        remove "$config.new"
    fi
    if is_live; then
        load_units
        forget_failures
        update_catalog
        [ -z "$purge" ] || remove_state
    fi
    [ -n "$dry" ] || say "nest-bootstrap is removed from '$destination$installed'"
}

[ -n "$destination$dry" ] || [ "$(id -u)" -eq 0 ] || die "only root can install; run 'sudo $0'"
case $action in
install) install_files ;;
uninstall) uninstall_files ;;
esac
