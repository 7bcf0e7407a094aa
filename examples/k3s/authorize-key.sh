#!/bin/sh
# Adds the public key of a private key to a file of keys that may log in, once.
#
# Arguments: the private key, the file.
set -eu
public="$(ssh-keygen -y -f "$1")"
! grep -qxF "$public" "$2" 2>/dev/null || exit 0
umask 077
printf '%s\n' "$public" >>"$2"
