#!/bin/sh
# Authorizes logins with a private key from the nodes' network, instead of the key that was authorized before.
#
# Arguments: the private key, the authorized_keys file, the network.
set -eu
line="from=\"$3\" $(ssh-keygen -y -f "$1" | cut -d ' ' -f 1,2) k3s-machine-key"
! grep -qxF "$line" "$2" 2>/dev/null || exit 0
umask 077
{ grep -v ' k3s-machine-key$' "$2" 2>/dev/null || true; echo "$line"; } >"$2.new"
mv "$2.new" "$2"
