#!/bin/sh
# Fails if a first server without a database would begin a second cluster beside one that answers.
#
# Arguments: the database, the virtual IP address.
set -eu
if [ ! -e "$1" ] && curl -sk -o /dev/null -m 3 "https://$2:6443/ping"; then
  echo "a cluster answers at $2 already; give this node role 'join', and role 'init' to one of its servers" >&2
  exit 1
fi
