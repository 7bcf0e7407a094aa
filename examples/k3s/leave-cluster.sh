#!/bin/sh
# Stops what ran as a node of the cluster and removes what it has kept, as far as it is there. Nothing starts it again.
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
    # Pods run on without k3s. Its installer provides the script that ends them; its exit status says nothing about that.
    if command -v k3s-killall.sh >/dev/null; then k3s-killall.sh || true; fi
    # What is mounted there may be the data of others.
    if grep -E ' (/run/k3s|/var/lib/kubelet)/' /proc/self/mounts >&2; then
      echo "pods still run or their volumes are mounted; restart the machine, and try again" >&2
      exit 1
    fi
    rm -rf /etc/rancher/k3s /etc/rancher/node /run/flannel /run/k3s /var/lib/cni /var/lib/kubelet /var/lib/rancher/k3s
    ;;
  login)
    if [ -e /root/.ssh/authorized_keys ]; then
      sed -i '/ k3s-machine-key$/d' /root/.ssh/authorized_keys
      # A file without keys may be the reason why the directory is there.
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
