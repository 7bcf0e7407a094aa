# Says that it applied manifests.
for manifest; do [[ -s $manifest ]] && echo "applied $(basename "$manifest") with $KUBECONFIG"; done
