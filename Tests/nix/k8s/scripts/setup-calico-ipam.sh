# Links calico-ipam to the calico binary.
mkdir -p /opt/cni/bin
ln -sfn /run/current-system/sw/bin/calico /opt/cni/bin/calico-ipam
