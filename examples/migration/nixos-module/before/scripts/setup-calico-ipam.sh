# usage: setup-calico-ipam.sh LINK TARGET
mkdir -p "$(dirname "$1")"
ln -sfn "$2" "$1"
