#!/bin/sh
# The real servers and clients that the tests use, where apt and root are there; otherwise says what is left out.
set -eu
missing=
for pair in redis-server:redis-server redis-cli:redis-tools prometheus:prometheus kcat:kafkacat \
    prometheus-node-exporter:prometheus-node-exporter prometheus-redis-exporter:prometheus-redis-exporter \
    victoria-metrics:victoria-metrics; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
done
if ! command -v java >/dev/null 2>&1; then missing="$missing default-jre-headless"; fi
if ! command -v mvn >/dev/null 2>&1; then missing="$missing maven"; fi

if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "installing for the tests:$missing" >&2
        # The packages must not start services of their own: the tests start what they need on free ports.
        if [ ! -e /usr/sbin/policy-rc.d ]; then
            printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
            chmod +x /usr/sbin/policy-rc.d
            trap 'rm -f /usr/sbin/policy-rc.d' EXIT
        fi
        apt-get update -qq
        # shellcheck disable=SC2086
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    else
        echo "left out (install them to run their tests):$missing" >&2
    fi
fi
