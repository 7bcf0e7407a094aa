#!/bin/sh
# Stops and disables the services of a node of the cluster, and removes their data. What does not exist is skipped.
#
# Arguments: any of keepalived, k3s, login, firewall.
set -eu

stop() {
  if systemctl cat "$1" >/dev/null 2>&1; then systemctl disable --now "$1"; fi
}

for part in "$@"; do
  case "$part" in
  keepalived)
    stop keepalived.service
    ;;
  k3s)
    stop k3s.service
    stop k3s-agent.service
    # Pods continue without k3s. The exit status of the script that ends them does not say whether they have ended.
    if command -v k3s-killall.sh >/dev/null; then k3s-killall.sh || true; fi
    # A mounted volume can contain data of other machines.
    if grep -E ' (/run/k3s|/var/lib/kubelet)/' /proc/self/mounts >&2; then
      echo "pods still run or their volumes are mounted; restart the machine, and try again" >&2
      exit 1
    fi
    rm -rf /etc/rancher/k3s /etc/rancher/node /run/flannel /run/k3s /var/lib/cni /var/lib/kubelet /var/lib/rancher/k3s
    ;;
  login)
    if [ -e /root/.ssh/authorized_keys ]; then
      sed -i '/ k3s-machine-key$/d' /root/.ssh/authorized_keys
      # A file without other keys was created for this key.
      [ -s /root/.ssh/authorized_keys ] || rm /root/.ssh/authorized_keys
    fi
    ;;
  firewall)
    nft 'table inet k3s_node; delete table inet k3s_node'
    ;;
  *)
    echo "unknown argument '$part'" >&2
    exit 64
    ;;
  esac
done
