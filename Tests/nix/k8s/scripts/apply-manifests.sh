# Says that it applied manifests, as the owner of the key of its kubeconfig.
[[ -n $(<"$(sed -n 's/.*client-key: \([^}]*\)}.*/\1/p' "$KUBECONFIG")") ]] || exit 1
for manifest; do [[ -s $manifest ]] && echo "applied $(basename "$manifest") with $KUBECONFIG"; done
