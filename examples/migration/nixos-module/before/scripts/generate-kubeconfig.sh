# usage: generate-kubeconfig.sh FILE CA CERTIFICATE KEY SERVER CLUSTER USER
mkdir -p "$(dirname "$1")"
cat >"$1" <<END
apiVersion: v1
kind: Config
current-context: default
contexts: [{name: default, context: {cluster: $6, user: $7}}]
clusters: [{name: $6, cluster: {server: "$5", certificate-authority: $2}}]
users: [{name: $7, user: {client-certificate: $3, client-key: $4}}]
END
chmod 600 "$1"
