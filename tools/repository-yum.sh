# shellcheck shell=bash disable=SC2154
# The part of tools/repository for dnf, yum and zypper: DIRECTORY/rpm, for all architectures. Sourced, never run.

# The directory of the packages is named by the key that has signed them: those of another key are other files.
packages=packages-${keys[0]: -16}

# Signs the new RPMs in $work/rpm, and again those that another key has signed. One that is there already must have the
# same content.
stage_rpms() {
    local rpm there
    mkdir -p "$work/rpm"
    for rpm in "$out"/rpm/packages-*/*.rpm; do
        [ ! -e "$rpm" ] || [ -e "$out/rpm/$packages/${rpm##*/}" ] || is_withdrawn "$rpm" || cp "$rpm" "$work/rpm/"
    done
    for rpm; do
        for there in "$out/rpm/$packages/${rpm##*/}" "$work/rpm/${rpm##*/}"; do
            [ -e "$there" ] || continue
            [ "$(rpm_digest "$rpm")" = "$(rpm_digest "$there")" ] ||
                die "'$there' has other content than the new RPM of that version; write an entry to packaging/changelog"
            continue 2
        done
        cp "$rpm" "$work/rpm/"
    done
    for rpm in "$work"/rpm/*.rpm; do [ ! -e "$rpm" ] || sign_rpm "$rpm"; done
}

# Makes the metadata of all RPMs, and the file with which dnf finds the repository.
make_metadata() {
    local rpm
    mkdir -p "$work/all"
    for rpm in "$out/rpm/$packages"/*.rpm "$work"/rpm/*.rpm; do
        [ ! -e "$rpm" ] || is_withdrawn "$rpm" || ln "$rpm" "$work/all/"
    done
    if [ -z "$(ls "$work/all")" ]; then
        [ ! -e "$out/rpm/repodata" ] || die "no RPM is left; add one that nodes can upgrade to"
        say "there are no RPMs; 'make rpm' builds them"
        return
    fi
    createrepo_c --quiet --general-compress-type gz --no-database --unique-md-filenames --set-timestamp-to-revision --revision "$now" \
        --location-prefix "$packages" --outputdir "$work" "$work/all"
    sign "$work/repodata/repomd.xml.asc" "$work/repodata/repomd.xml" --armor --detach-sign
    cat >"$work/nest-bootstrap.repo" <<END
[nest-bootstrap]
name=nest-bootstrap
baseurl=$url/rpm
enabled=1
gpgcheck=1
repo_gpgcheck=1
gpgkey=$url/nest-bootstrap-archive-keyring.asc
END
}

# Puts the RPMs and their metadata in place: repomd.xml and its signature last. Metadata that neither it nor the former one
# names is removed.
publish_metadata() {
    local file metadata=$out/rpm/repodata
    [ -e "$work/repodata" ] || return 0
    for file in "$work"/rpm/*.rpm; do
        [ ! -e "$file" ] || put "$file" "$out/rpm/$packages/${file##*/}"
    done
    grep -ohs 'href="[^"]*"' "$work/repodata/repomd.xml" "$metadata/repomd.xml" >"$work/wanted" || true
    for file in "$work"/repodata/*.gz; do put "$file" "$metadata/${file##*/}"; done
    put "$work/repodata/repomd.xml.asc" "$metadata/repomd.xml.asc"
    put "$work/repodata/repomd.xml" "$metadata/repomd.xml"
    put "$work/nest-bootstrap.repo" "$out/rpm/nest-bootstrap.repo"
    for file in "$metadata"/*.gz; do grep -qF "/${file##*/}\"" "$work/wanted" || rm "$file"; done
    for file in "$out"/rpm/packages-*; do [ "${file##*/}" = "$packages" ] || rm -r "$file"; done
}
