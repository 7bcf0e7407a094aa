# Three hosts on a bridge, each with keepalived as it is configured below $1/HOST. A TLS server with the names of k3s' files
# is the API server of each. Prints who has the virtual IP address after each step.
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/lib
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

tls=/var/lib/rancher/k3s/server/tls
mkdir -p "$tls"
openssl req -x509 -newkey ed25519 -nodes -subj /CN=ca -days 1 -keyout "$tls/ca.key" -out "$tls/server-ca.crt" 2>/dev/null
for name in serving client-admin; do
    openssl req -x509 -newkey ed25519 -nodes -subj "/CN=$name" -addext subjectAltName=IP:127.0.0.1 -days 1 \
        -CA "$tls/server-ca.crt" -CAkey "$tls/ca.key" -keyout "$tls/$name.key" -out "$tls/$name.crt" 2>/dev/null
done

start() {
    ip netns exec "$1" keepalived --dont-fork --log-console --use-file="$root/$1/etc/keepalived/keepalived.conf" \
        --pid="/run/$1.pid" --vrrp_pid="/run/$1.vrrp.pid" >>"$root/$1.log" 2>&1 &
}

# Answers every request of a client with a certificate.
serve() {
    ip netns exec "$1" openssl s_server -quiet -www -accept 127.0.0.1:6443 -cert "$tls/serving.crt" \
        -key "$tls/serving.key" -CAfile "$tls/server-ca.crt" -Verify 1 -verify_return_error >>"$root/$1.server.log" 2>&1 &
    echo $! >"/run/$1.server.pid"
}

holders() {
    for host in cp-01 cp-02 cp-03; do
        ! ip -n "$host" -o addr show dev eth0 | grep -q ' 192.168.1.100/' || printf '%s ' "$host"
    done
}

# Prints the step and the only holder, when it is the one that is expected or a long time has passed.
settle() {
    for attempt in $(seq 3000); do
        found="$(holders)"
        [ "$found" != "$2 " ] || break
        sleep 0.2
    done
    echo "$1: ${found% }"
}

# Prints the step and which of the hosts after it have the address within ten seconds.
watch() {
    for attempt in $(seq 50); do
        for host in $(holders); do echo "$host"; done
        sleep 0.2
    done | sort -u >/run/seen
    step="$1"
    shift
    echo "$step: $(printf '%s\n' "$@" | sort | comm -12 - /run/seen | paste -sd ' ')"
}

root="$1"
for host in cp-03 cp-02 cp-01; do start "$host"; done
watch 'no API server' cp-01 cp-02 cp-03
serve cp-02
serve cp-03
settle 'API servers of cp-02 and cp-03' cp-02
serve cp-01
settle 'API server of cp-01' cp-01
kill -STOP "$(cat /run/cp-01.server.pid)"
settle 'cp-01 does not answer' cp-02
kill -CONT "$(cat /run/cp-01.server.pid)"
settle 'cp-01 answers' cp-01
# As if it were switched off: nothing of it says goodbye.
ip -n cp-01 link set eth0 down
kill -KILL "$(cat /run/cp-01.vrrp.pid)" "$(cat /run/cp-01.pid)" "$(cat /run/cp-01.server.pid)"
ip -n cp-01 addr flush dev eth0
settle 'cp-01 is off' cp-02
ip -n cp-01 addr add 192.168.1.101/24 dev eth0
ip -n cp-01 link set eth0 up
rm -f /run/cp-01.pid /run/cp-01.vrrp.pid
start cp-01
watch 'cp-01 is on without its API server' cp-01
settle 'others keep it' cp-02
serve cp-01
settle 'API server of cp-01' cp-01
