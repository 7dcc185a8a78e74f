#!/usr/bin/env bash
# Install the servers that the tests start on loopback; with --slow also the peers and the browser of the slow tests.
# Only what is missing is installed, and only as root on Debian; else the missing ones are named and the tests
# that need them are skipped (with CI=true they fail).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Servers live in sbin, which is not on everybody's PATH.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# command:package
wanted=(openssl:openssl nginx:nginx haproxy:haproxy apache2:apache2 gnutls-serv:gnutls-bin stunnel4:stunnel4 npm:npm
    tinyproxy:tinyproxy pg_ctlcluster:postgresql)
[[ ${1:-} == --slow ]] && wanted+=(sslscan:sslscan nmap:nmap testssl:testssl.sh chromium:chromium caddy:caddy go:golang-go
    promtool:prometheus)

missing=()
for each in "${wanted[@]}"; do
    command -v "${each%%:*}" >/dev/null || missing+=("${each##*:}")
done

readonly policy=/usr/sbin/policy-rc.d
saved=

restore_policy() {
    rm -f "$policy"
    if [[ -n $saved ]]; then mv "$saved" "$policy"; fi
}

# The packages would start their servers as services; invoke-rc.d asks policy-rc.d, and 101 says no.
deny_services() {
    if [[ -e $policy || -L $policy ]]; then
        saved=$(mktemp "$policy.XXXXXX")
        mv "$policy" "$saved"
    fi
    trap restore_policy EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
}

if ((${#missing[@]})); then
    if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
        echo "installing ${missing[*]}"
        export DEBIAN_FRONTEND=noninteractive
        deny_services
        apt-get -qq -o DPkg::Lock::Timeout=300 update
        apt-get -qq -o DPkg::Lock::Timeout=300 install --no-install-recommends "${missing[@]}" >/dev/null
    else
        echo "missing for some tests: ${missing[*]} (Debian: sudo apt-get install ${missing[*]})" >&2
    fi
fi

# A Node.js with OpenSSL 3.5: no Debian package knows the hybrid post-quantum groups yet.
readonly node=tests/lab/node
if command -v npm >/dev/null && [[ $node/node_modules/.package-lock.json -ot $node/package-lock.json ]]; then
    echo "installing node into $node/node_modules"
    if (cd $node && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null); then
        touch $node/node_modules/.package-lock.json
    else
        echo "npm could not install node; the tests that need it will say so" >&2
    fi
fi
