#!/bin/sh
# Prints a token for secrets/bootstrap-token of 'init worker', with which machines can join the cluster for 24 hours.
#
# usage: sh create-join-token.sh
set -eu
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
echo "$id.$secret"
