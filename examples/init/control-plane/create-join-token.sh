#!/bin/sh
# Prints a kubeconfig with which machines join the cluster within 24 hours, for the task file of 'init worker'.
#
# usage: (umask 077; sh create-join-token.sh >bootstrap.kubeconfig)
set -eu
umask 077
export KUBECONFIG=/etc/kubernetes/cluster-admin.kubeconfig
id=$(openssl rand -hex 3)
secret=$(openssl rand -hex 8)
kubectl apply -f - >&2 <<SECRET
apiVersion: v1
kind: Secret
metadata: {name: bootstrap-token-$id, namespace: kube-system}
type: bootstrap.kubernetes.io/token
stringData:
  token-id: "$id"
  token-secret: "$secret"
  expiration: "$(date -u -d '+24 hours' +%Y-%m-%dT%H:%M:%SZ)"
  usage-bootstrap-authentication: "true"
SECRET
cat <<CONFIG
apiVersion: v1
kind: Config
clusters:
  - name: default
    cluster:
      server: $(kubectl config view --minify -o 'jsonpath={.clusters[0].cluster.server}')
      certificate-authority-data: $(base64 -w 0 /etc/kubernetes/pki/authorities/ca.crt)
users:
  - name: bootstrap
    user: {token: $id.$secret}
contexts:
  - name: default
    context: {cluster: default, user: bootstrap}
current-context: default
CONFIG
