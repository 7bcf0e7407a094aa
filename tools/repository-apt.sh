# shellcheck shell=bash disable=SC2154
# The part of tools/repository for apt: a suite for each release of Debian, DIRECTORY/debian/dists/RELEASE, with packages
# of its own in DIRECTORY/debian/pool/RELEASE. Sourced, never run.

# Makes the packages of every release in $work/pool. One that is there already must have the same content.
stage_debs() {
    local release deb file there
    for release in $releases; do
        mkdir -p "$work/pool/$release" "$out/debian/pool/$release"
        for deb; do tools/deb-for "$release" "$deb" "$work/pool/$release" | { grep 'is not for' || true; }; done
        stage_keyring "$release"
        for file in "$work/pool/$release"/*; do
            there=$out/debian/pool/$release/${file##*/}
            [ -e "$there" ] || continue
            cmp -s "$file" "$there" ||
                die "'$there' has other content than the new package of that version; write an entry to packaging/changelog"
            rm "$file"
        done
    done
}

# Makes a package with the keyring, unless the newest one in the pool has the same. Its version is the date, so that one
# made later is an upgrade, also if the directory was lost.
stage_keyring() {
    local root=$work/keyring/$1 newest version
    newest=$(find "$out/debian/pool/$1" -name 'nest-bootstrap-archive-keyring_*.deb' | LC_ALL=C sort | tail -n 1)
    [ -z "$newest" ] || ! dpkg-deb --fsys-tarfile "$newest" |
        tar --extract --to-stdout ./usr/share/keyrings/nest-bootstrap-archive-keyring.gpg | cmp -s - "$work/keyring.gpg" ||
        return 0
    version=$(date -u -d "@$now" +%Y%m%d.%H%M%S)
    install -D -m 644 "$work/keyring.gpg" "$root/usr/share/keyrings/nest-bootstrap-archive-keyring.gpg"
    install -D -m 644 packaging/copyright "$root/usr/share/doc/nest-bootstrap-archive-keyring/copyright"
    mkdir "$root/DEBIAN"
    sed "s/@VERSION@/$version/" packaging/control-keyring >"$root/DEBIAN/control"
    SOURCE_DATE_EPOCH=$now dpkg-deb --root-owner-group --build "$root" \
        "$work/pool/$1/nest-bootstrap-archive-keyring_${version}_all.deb" >/dev/null
}

# Prints the index of the packages of an architecture, as they will be: those in the pool and the new ones, without
# those that are withdrawn. usage: print_index RELEASE ARCHITECTURE
print_index() {
    local deb
    {
        (cd "$out/debian" && apt-ftparchive --arch "$2" packages "pool/$1")
        (cd "$work" && apt-ftparchive --arch "$2" packages "pool/$1")
    } >"$work/index"
    while read -r deb; do
        ! is_withdrawn "$deb" || echo "$deb"
    done < <(sed -n 's/^Filename: //p' "$work/index") >"$work/left-out"
    awk -v RS= -v ORS='\n\n' -v list="$work/left-out" '
        BEGIN { while ((getline line <list) > 0) if (line != "") out[line] = 1; close(list) }
        match($0, /\nFilename: [^\n]*/) && !(substr($0, RSTART + 11, RLENGTH - 11) in out)' "$work/index"
}

# Makes the indexes and the signed Release file of a suite in $work/dists.
make_indexes() {
    local suite=$work/dists/$1 architecture directory architectures=()
    for architecture in amd64 arm64; do
        directory=$suite/main/binary-$architecture
        mkdir -p "$directory"
        print_index "$1" "$architecture" >"$directory/Packages"
        if ! grep -qx "Architecture: $architecture" "$directory/Packages"; then
            say "$1 has no package for $architecture"
            rm -r "$directory"
            continue
        fi
        architectures+=("$architecture")
        gzip -9nk "$directory/Packages"
        xz -k "$directory/Packages"
    done
    if [ ${#architectures[@]} = 0 ]; then
        [ ! -e "$out/debian/dists/$1" ] || die "no package is left for $1; add one that nodes can upgrade to"
        rm -r "$suite"
        return
    fi
    {
        printf '%s: %s\n' Origin nest-bootstrap Label nest-bootstrap Suite "$1" Codename "$1" \
            Date "$(LC_ALL=C date -u -R -d "@$now")" Valid-Until "$(LC_ALL=C date -u -R -d "@$((now + days * 86400))")" \
            Acquire-By-Hash yes Architectures "${architectures[*]}" Components main \
            Description "nest-bootstrap for Debian $(sed -n "s/^$1 //p" packaging/releases)"
        (cd "$suite" && apt-ftparchive -o APT::FTPArchive::Release::MD5=false -o APT::FTPArchive::Release::SHA1=false \
            -o APT::FTPArchive::Release::SHA512=false release .) | sed -n '/^SHA256:/,$p'
    } >"$work/Release"
    mv "$work/Release" "$suite/Release"
    sign "$suite/Release.gpg" "$suite/Release" --armor --detach-sign
    sign "$suite/InRelease" "$suite/Release" --clearsign
}

# Prints the indexes that a Release file lists, each with its digest. usage: list_indexes FILE
list_indexes() {
    [ ! -e "$1" ] || awk '/^[^ ]/ { found = $1 == "SHA256:" } found && /^ / { print $3, $1 }' "$1"
}

publish_pool() {
    local file
    while read -r file; do put "$work/$file" "$out/debian/$file"; done \
        < <(cd "$work" && find pool -type f | LC_ALL=C sort)
}

# Puts the indexes of a suite in place. A client that has read the former InRelease finds the indexes that it lists by
# their digests, and one that reads the new one finds those.
publish_indexes() {
    local suite=$out/debian/dists/$1 new=$work/dists/$1 path digest
    [ -e "$new" ] || return 0
    { list_indexes "$suite/InRelease" && list_indexes "$new/Release"; } | cut -d' ' -f2 >"$work/wanted"
    while read -r path digest; do
        cp "$new/$path" "$work/copy"
        put "$work/copy" "$suite/$(dirname "$path")/by-hash/SHA256/$digest"
    done < <(list_indexes "$new/Release")
    while read -r path; do put "$new/$path" "$suite/$path"; done < <(cd "$new" && find main -type f)
    for path in Release Release.gpg InRelease; do put "$new/$path" "$suite/$path"; done
    while read -r path; do
        grep -qxF "${path##*/}" "$work/wanted" || rm "$path"
    done < <(find "$suite/main" -path '*/by-hash/*' -type f)
}

# Removes what no index names any more, for both kinds of packages.
remove_withdrawn() {
    local file
    while read -r file; do
        ! is_withdrawn "$file" || rm "$file"
    done < <(find "$out" -name '*.deb' -o -name '*.rpm')
}
