#!/bin/sh
# Creates the CA of the cluster, the CA of etcd, and the key that signs the tokens of service accounts.
#
# Argument: the directory, which appears when it is complete. Keep a copy in a safe place: anyone with these keys can do
# everything in the cluster.
set -eu
umask 077
rm -rf "$1.new"
mkdir "$1.new"
cd "$1.new"

authority() {
  openssl req -x509 -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=$2" \
    -addext keyUsage=critical,digitalSignature,keyCertSign,cRLSign -keyout "$1.key" -out "$1.crt"
}

authority ca kubernetes-ca
authority etcd-ca etcd-ca
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out service-account.key
openssl pkey -in service-account.key -pubout -out service-account.pub
chmod 644 ca.crt etcd-ca.crt service-account.pub
chmod 755 .
sync
mv "$1.new" "$1"
