#!/bin/sh
# Fails if a first server without a database would create a second cluster while a cluster answers.
#
# Arguments: the database, the virtual IP address.
set -eu
if [ ! -e "$1" ] && curl -sk -o /dev/null -m 3 "https://$2:6443/ping"; then
  echo "a cluster already answers at $2; give this node role 'join', and role 'init' to a server of that cluster" >&2
  exit 1
fi
