#!/bin/sh
# Stops what ran as a node of the cluster, as far as it is installed; nothing starts it again.
set -eu
for unit in k3s.service k3s-agent.service keepalived.service; do
  if systemctl cat "$unit" >/dev/null 2>&1; then systemctl disable --now "$unit"; fi
done
