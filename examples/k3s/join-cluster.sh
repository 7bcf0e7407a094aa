#!/bin/sh
# Waits until a server answers, unless this server has joined the cluster before.
#
# Arguments: the database, the virtual IP address.
set -eu
[ -e "$1" ] || until curl -sk -o /dev/null -m 3 "https://$2:6443/ping"; do sleep 2; done
