#!/bin/sh
# Prints a token with which machines join the cluster within 24 hours, for secrets/bootstrap-token of 'init worker'.
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
