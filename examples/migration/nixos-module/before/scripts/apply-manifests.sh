# usage: apply-manifests.sh FILE-OR-DIRECTORY...
for _ in $(seq 60); do
    "$KUBECTL" get --raw=/readyz >/dev/null 2>&1 && break
    sleep 5
done
for manifest; do
    "$KUBECTL" apply -f "$manifest" || echo "warning: $manifest was not applied"
done
