# Applies the manifests of a directory, in the order of their names. A kubectl is not needed to see that it runs, and that it
# could read the key of its kubeconfig.
[[ -n $(<"$(sed -n 's/.*client-key: \([^}]*\)}.*/\1/p' "$KUBECONFIG")") ]] || exit 1
[[ $GREETING == '${not a variable}' ]] || exit 1
for manifest in "$1"/*.yaml; do
    grep -q kind "$manifest" && echo "applied $(basename "$manifest") of $MAX_ATTEMPTS attempts with $KUBECONFIG"
done
