#!/bin/sh
# Installs nest-bootstrap from the files beside this script, upgrades it, or removes it.
set -eu
umask 022

# shellcheck source=functions
. packaging/functions
# shellcheck source=requirements
. packaging/requirements
# shellcheck source=stage
. packaging/stage

# What tools/tarball knows of the program.
version=@VERSION@
machine=@MACHINE@
loader=@LOADER@
needs_glibc=@GLIBC@
needs_systemd=@SYSTEMD@

files=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/files
example_files=${files%/*}/examples
drop_ins=/etc/nest-bootstrap/bootstrap.d
action=install prefix='' destination='' dry='' purge='' examples='' incomplete='' flags=''

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
k8s-bootstrap.target is started. The files in /etc/nest-bootstrap are yours:
none is written or removed.

Usage: install.sh [FLAG]...

Flags:
  --prefix=DIR   /usr/local or /usr, where systemd looks for units; by default
                 where it is installed already, or else /usr/local
  --destdir=DIR  install below DIR, such as the root of an image; nothing of the
                 running system is examined or changed
  --examples     install examples, the manifests that they apply and documents
                 too; by default they are upgraded where they are installed
  --no-examples  remove them where they are installed
  --dry-run      print what would be done
  --uninstall    stop the tasks and remove the program; what the tasks wrote,
                 the task file and the records stay; run 'nest-bootstrap
                 reset --yes' before to delete what the tasks wrote
  --purge        with --uninstall: remove the records too
  -h, --help     show this help

Exit codes:
  0   done
  1   the system lacks something, or a step failed
  64  wrong usage
HELP
}

# Prints a word of a command, in quotes if a shell would read it as something else.
word() {
    case $1 in
    '' | *[!A-Za-z0-9_./=:@%+,-]*) printf '"%s"' "$(printf '%s' "$1" | sed 's/["$`\]/\\&/g')" ;;
    *) printf '%s' "$1" ;;
    esac
}

# Prints a path without the slashes at its end.
without_slashes() { printf '%s\n' "$1" | sed 's|/*$||'; }

# True for the root directory of the running system, under any name.
is_root() { [ "$(CDPATH='' cd -P -- "$1/" 2>/dev/null && pwd)" = / ]; }

command=$(word "$0")

wrong_usage() {
    warn "$*; run '$command --help'"
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
    --prefix=*)
        prefix=$(without_slashes "${1#*=}")
        [ "$prefix" = /usr ] || [ "$prefix" = /usr/local ] ||
            wrong_usage "systemd does not look for units below '${1#*=}'; use --prefix=/usr/local or --prefix=/usr"
        ;;
    --destdir=/*)
        destination=$(without_slashes "${1#*=}")
        ! is_root "$destination" ||
            wrong_usage "'${1#*=}' is the root of the running system; leave out '--destdir' to install there"
        ;;
    --destdir=*) wrong_usage "'${1#*=}' is not an absolute path" ;;
    --examples) examples=yes ;;
    --no-examples) examples=no ;;
    --dry-run) dry=yes ;;
    --uninstall) action=uninstall ;;
    --purge) purge=yes ;;
    -h | --help) usage && exit 0 ;;
    *) wrong_usage "unknown flag '$1'" ;;
    esac
    flags="$flags $(word "$1")"
    shift
done
[ -z "$purge" ] || [ "$action" = uninstall ] || wrong_usage "flag '--purge' is for '--uninstall' only"
[ -z "$examples" ] || [ "$action" = install ] || wrong_usage "'--uninstall' removes the examples too"

work=$(mktemp -d)
trap 'rm -rf "$work"; [ -z "$incomplete" ] || warn "$incomplete"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Where it is installed, and the list of its files: a digest and a path on each line; '-' is that of a link, 'd' that of
# a directory that the installation has created. While files are put in place, a second list has those of both versions,
# so that what was interrupted can be repeated or removed.
lists=/share/nest-bootstrap
installed=''
: >"$work/old"
: >"$work/complete"
for candidate in /usr/local /usr; do
    list=$destination$candidate$lists
    # Writing the first list may have been interrupted too.
    for file in "$list/installing" "$list/installing.install-new" "$list/installed"; do
        [ ! -e "$file" ] || installed=$candidate
    done
    [ ! -e "$list/installing" ] || cat "$list/installing" >>"$work/old"
    [ ! -e "$list/installed" ] || cat "$list/installed" >>"$work/complete"
done
cat "$work/complete" >>"$work/old"
if [ -z "$examples" ] && grep -q '/share/doc/nest-bootstrap/examples/' "$work/old"; then examples=yes; fi

is_live() { [ -z "$destination" ] && [ -z "$dry" ]; }

# True if an earlier installation was completed.
is_complete() { [ -s "$work/complete" ]; }

# Prints the paths of the files that a list has.
paths() { sed -n '/^d  /!s/^[^ ]*  //p' "$1" | LC_ALL=C sort -u; }

is_same() {
    if [ -h "$1" ] || [ -h "$2" ]; then
        [ "$(readlink "$1")" = "$(readlink "$2")" ]
    else
        [ -f "$2" ] && cmp -s "$1" "$2"
    fi
}

# Puts a file or link in its place with one step, so that a running program stays whole. usage: put NEW PATH
put() {
    if is_same "$1" "$2"; then return; fi
    if [ -n "$dry" ]; then
        if [ -e "$2" ] || [ -h "$2" ]; then say "would replace '$2'"; else say "would create '$2'"; fi
        return
    fi
    [ -d "${2%/*}" ] || mkdir -p "${2%/*}"
    if [ -e "$2.install-new" ] || [ -h "$2.install-new" ]; then rm -f "$2.install-new"; fi
    cp -P "$1" "$2.install-new"
    mv -fT "$2.install-new" "$2"
}

# True if a directory belongs to this program, as its name says, or was created by the installation.
is_own() {
    case $1 in
    *nest-bootstrap* | *k8s-bootstrap*) ;;
    *) grep -qxF "d  $1" "$work/old" ;;
    esac
}

# Removes a file or link, and the directories of the installation that have become empty by that.
remove() {
    if [ -n "$dry" ]; then
        if [ -e "$destination$1" ] || [ -h "$destination$1" ]; then say "would remove '$destination$1'"; fi
        return
    fi
    rm -f "$destination$1" "$destination$1.install-new"
    directory=${1%/*}
    while is_own "$directory" && rmdir "$destination$directory" 2>/dev/null; do directory=${directory%/*}; done
}

# Does for the running system what files alone do not do.
activate() {
    create_user
    is_complete || enable_target
    update_catalog
    reload_systemd
}

install_files() {
    [ -n "$prefix" ] || prefix=${installed:-/usr/local}
    [ -z "$installed" ] || [ "$installed" = "$prefix" ] ||
        die "nest-bootstrap is installed in '$destination$installed'; use --prefix=$installed, or run" \
            "'$command${destination:+ $(word "--destdir=$destination")} --uninstall' first"
    [ -d "$files" ] || die "'$files' does not exist; run the install.sh of the archive"
    if [ -z "$destination" ]; then
        check_packages
        check_system
    fi
    [ -n "$dry" ] || incomplete="nothing was changed; run '$command$flags' again"
    stage_files
    incomplete=''
    if [ -z "$dry" ]; then
        # A link of the administrator stays as it is.
        make_drop_ins=''
        if [ ! -d "$destination$drop_ins" ] && [ ! -h "$destination$drop_ins" ] &&
            [ ! -h "$destination${drop_ins%/*}" ]; then
            make_drop_ins=yes
        fi
        for directory in "$prefix/bin" "$prefix/lib" "$prefix/share" ${make_drop_ins:+/etc}; do
            check_writable "$destination$directory" ", or use another --prefix or --destdir"
        done
        cat "$work/new" "$work/old" >"$work/both"
        incomplete="the installation is incomplete; run '$command$flags' again, or with --uninstall"
        put "$work/both" "$destination$prefix$lists/installing"
    fi
    if [ -n "${make_drop_ins:-}" ]; then mkdir -p "$destination$drop_ins"; fi
    while read -r path; do put "$work/files$path" "$destination$path"; done <"$work/new-paths"
    paths "$work/old" | LC_ALL=C comm -13 "$work/new-paths" - >"$work/obsolete"
    while read -r path; do remove "$path"; done <"$work/obsolete"
    if is_live; then
        activate
    elif [ -z "$destination" ]; then
        is_complete || say "would create user 'nest-bootstrap' and enable k8s-bootstrap.target"
        say "would load the units"
    elif [ -z "$dry" ] && ! is_complete; then
        say "when the system below '$destination' is complete, run there: systemd-sysusers nest-bootstrap.conf &&" \
            "systemctl enable k8s-bootstrap.target"
    fi
    [ -z "$dry" ] || return 0
    put "$work/new" "$destination$prefix$lists/installed"
    rm -f "$destination$prefix$lists/installing"
    incomplete=''
    say "nest-bootstrap $version is installed in '$destination$prefix'"
}

uninstall_files() {
    [ -n "$installed" ] || die "nest-bootstrap is not installed below '$destination/'"
    [ "${prefix:-$installed}" = "$installed" ] ||
        die "nest-bootstrap is installed in '$destination$installed', not in '$destination$prefix'"
    if [ -z "$dry" ]; then
        check_writable "$destination$installed$lists"
        incomplete="the removal is incomplete; run '$command$flags' again"
    fi
    if is_live; then
        stop_tasks
        disable_target
    elif [ -z "$destination" ]; then
        say "would stop the tasks and disable k8s-bootstrap.target${purge:+, and remove the records}"
    fi
    paths "$work/old" >"$work/obsolete"
    while read -r path; do
        [ "$path" = "$installed$lists/install.sh" ] || remove "$path"
    done <"$work/obsolete"
    if [ -z "$dry" ]; then
        for directory in "$drop_ins" "${drop_ins%/*}" /etc; do
            if ! is_own "$directory" || ! rmdir "$destination$directory" 2>/dev/null; then break; fi
        done
    fi
    if is_live; then
        reload_systemd
        forget_failures
        update_catalog
    fi
    if [ -n "$purge" ] && [ -z "$dry" ]; then DPKG_ROOT=$destination remove_state; fi
    # Last is what a removal that was interrupted is repeated with.
    for name in install.sh installing installed; do remove "$installed$lists/$name"; done
    incomplete=''
    [ -n "$dry" ] || say "nest-bootstrap is removed from '$destination$installed'"
    if [ -z "$dry" ] && [ -e "$destination${drop_ins%/*}" ]; then
        say "your files in '$destination${drop_ins%/*}' stay"
    fi
}

[ -n "$destination$dry" ] || [ "$(id -u)" -eq 0 ] || die "only root can $action; run 'sudo $command$flags'"
case $action in
install) install_files ;;
uninstall) uninstall_files ;;
esac
