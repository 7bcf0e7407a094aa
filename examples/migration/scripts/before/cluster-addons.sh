#!/usr/bin/env bash
# Prepares the cluster at every boot of the control plane. cluster-addons.service runs this script.
SERVER=${SERVER:-https://127.0.0.1:6443}
PKI=${PKI:-/etc/kubernetes/pki}
CNI=${CNI:-/etc/cni/net.d}
HERE=$(dirname "$0")
export KUBECONFIG=${KUBECONFIG:-/etc/kubernetes/cluster-admin.kubeconfig}

# The kubeconfig of the administrator.
mkdir -p "$(dirname "$KUBECONFIG")"
kubectl config set-cluster prod --server="$SERVER" --certificate-authority="$PKI/ca.crt"
kubectl config set-credentials kubernetes-admin --client-certificate="$PKI/admin.crt" --client-key="$PKI/admin.key"
kubectl config set-context default --cluster=prod --user=kubernetes-admin
kubectl config use-context default
chmod 600 "$KUBECONFIG"

# The configuration of the network.
mkdir -p "$CNI"
cp "$HERE/10-bridge.conflist" "$CNI/"

# The API server can need some minutes.
for _ in $(seq 60); do
    kubectl get --raw=/readyz && break
    sleep 5
done

kubectl create namespace monitoring
kubectl apply -f "$HERE/backups-crd.yaml"
sleep 5 # until the server has the new kind
kubectl apply -f "$HERE/backups.yaml"
sed "s/@HOST@/$(hostname)/" "$HERE/monitoring.yaml" | kubectl apply -f -
kubectl delete daemonset old-agent -n monitoring --ignore-not-found
