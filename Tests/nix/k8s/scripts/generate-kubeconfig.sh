# Writes a kubeconfig: PATH CA CERTIFICATE KEY SERVER CLUSTER USER. Run by bash, so that it needs no first line.
umask 077
[[ -r $2 && -r $3 && -r $4 ]] || exit 1
mkdir -p "$(dirname "$1")"
cat >"$1" <<END
apiVersion: v1
kind: Config
current-context: default
contexts: [{name: default, context: {cluster: $6, user: $7}}]
clusters: [{name: $6, cluster: {server: "$5", certificate-authority: $2}}]
users: [{name: $7, user: {client-certificate: $3, client-key: $4}}]
END
