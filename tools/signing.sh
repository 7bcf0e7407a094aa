# shellcheck shell=bash disable=SC2154
# Functions of tools/repository and tools/release that sign with the keys in array `keys` and the caller's gpg. Sourced,
# never run.

# Dies unless there are keys, each the fingerprint of a secret key of gpg that is neither expired nor revoked.
check_keys() {
    local key listing
    [ ${#keys[@]} -gt 0 ] || die "no key is given; write KEY=FINGERPRINT, with a fingerprint that 'gpg --list-secret-keys' prints"
    for key in "${keys[@]}"; do
        [[ $key =~ ^[0-9A-F]{40}$ ]] ||
            die "'$key' is not the fingerprint of a key: 40 digits and capital letters, which 'gpg --list-secret-keys' prints"
        listing=$(gpg --batch --quiet --no-auto-check-trustdb --with-colons --list-secret-keys "$key" 2>/dev/null) ||
            die "gpg has no secret key $key; import it with 'gpg --import'"
        case $listing in
        sec:e:*) die "key $key has expired; extend it with 'gpg --quick-set-expire $key 3y'" ;;
        sec:r:*) die "key $key is revoked; create a new key" ;;
        esac
    done
}

# Signs a file with every key. usage: sign OUTPUT FILE FLAG...
sign() {
    local users=() key
    for key in "${keys[@]}"; do users+=(--local-user "$key!"); done
    gpg --batch --yes --quiet --no-auto-check-trustdb --digest-algo SHA512 "${users[@]}" --output "$1" "${@:3}" "$2" ||
        die "cannot sign '$2'"
}

# Exports the public keys. usage: export_keys FILE FLAG...
export_keys() {
    gpg --batch --quiet --no-auto-check-trustdb --export-options export-minimal "${@:2}" --export "${keys[@]}" >"$1"
}
