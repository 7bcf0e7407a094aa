# Three hosts on a bridge, each with keepalived as it is configured below $1/HOST; prints who has the virtual IP address:
# once all run, after the first has ended, and after it runs again.
mount -t tmpfs tmpfs /run
ip link add br0 type bridge
ip link set br0 up
for number in 1 2 3; do
    host="cp-0$number"
    ip netns add "$host"
    ip link add "port$number" type veth peer name eth0 netns "$host"
    ip link set "port$number" master br0 up
    ip -n "$host" addr add "192.168.1.10$number/24" dev eth0
    ip -n "$host" link set eth0 up
    ip -n "$host" link set lo up
done

start() {
    ip netns exec "$1" keepalived --dont-fork --log-console --use-file="$root/$1/etc/keepalived/keepalived.conf" \
        --pid="/run/$1.pid" --vrrp_pid="/run/$1.vrrp.pid" >>"$root/$1.log" 2>&1 &
}

holders() {
    for host in cp-01 cp-02 cp-03; do
        ! ip -n "$host" -o addr show dev eth0 | grep -q ' 192.168.1.100/' || printf '%s ' "$host"
    done
}

# Prints the only holder, when it is the one that is expected or 30 seconds have passed.
settle() {
    for attempt in $(seq 150); do
        found="$(holders)"
        [ "$found" != "$1 " ] || break
        sleep 0.2
    done
    echo "${found% }"
}

root="$1"
for host in cp-03 cp-02 cp-01; do start "$host"; done
settle cp-01
# As if it were switched off: nothing of it says goodbye.
ip -n cp-01 link set eth0 down
kill -KILL "$(cat /run/cp-01.vrrp.pid)" "$(cat /run/cp-01.pid)"
ip -n cp-01 addr flush dev eth0
settle cp-02
ip -n cp-01 addr add 192.168.1.101/24 dev eth0
ip -n cp-01 link set eth0 up
rm -f /run/cp-01.pid /run/cp-01.vrrp.pid
start cp-01
settle cp-01
