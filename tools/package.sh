# shellcheck shell=bash disable=SC2034,SC2154
# What the tools that build packages have in common. Sourced in the root of the repository, never run; `program` is the
# path of the program. Sets `version`, `revision` (of the package), what tools/architecture.sh describes, for the
# architecture of the program, `systemd` (the oldest version that is supported) and SOURCE_DATE_EPOCH.

die() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

# shellcheck source=architecture.sh
. tools/architecture.sh
# shellcheck source=symbols.sh
. tools/symbols.sh
use_architecture "$(architecture_of "$program")"
read -r _ version _ < <(tools/run-program "$program" --version)
systemd=$(sed -n 's/^Depends: systemd (>= \([0-9]*\)).*/\1/p' packaging/control)
described=$(dpkg-parsechangelog -l packaging/changelog -S Version)
revision=${described##*-}
[ "$described" = "$version-$revision" ] || die "the version is $described in packaging/changelog, but $version in the program"
# The time stamp of every file in a package, which does not depend on the time of the build.
SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l packaging/changelog -S Timestamp)
export SOURCE_DATE_EPOCH

# Installs the files of the node's package below a directory, with the program stripped.
stage() {
    tools/install "$program" "$1"
    "${binutils}strip" --remove-section=.comment --remove-section=.note "$1/usr/bin/nest-bootstrap"
}

# Writes the list of components, with the digest of the installed program.
list_components() {
    tools/sbom "$1/usr/bin/nest-bootstrap" "$version" "$sysroot" >"$1/usr/share/doc/nest-bootstrap/sbom.cdx.json"
}

# Prints the libraries that a program names, without those of the C library itself.
libraries_of() {
    readelf -dW "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
        grep -vE '^(libc|libm|libdl|libpthread|librt|ld-linux[^.]*)[.]so'
}
