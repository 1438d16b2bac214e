#!/bin/sh
# Installs the Debian packages that the tests drive for real. Says plainly what it must skip.
set -u
missing=""
for pair in mosquitto:mosquitto promtool:prometheus chromium:chromium; do
    PATH="$PATH:/usr/sbin" command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
done
[ -x /usr/lib/postgresql/15/bin/postgres ] || missing="$missing postgresql-15"
[ -d /usr/share/fonts/opentype/noto ] || missing="$missing fonts-noto-cjk"
[ -z "$missing" ] && exit 0

as_root=""
if [ "$(id -u)" != 0 ]; then
    if sudo -n true 2>/dev/null; then as_root="sudo"; else
        echo "SKIPPED: no root or sudo here, so these are not installed and their tests are skipped:$missing"
        exit 0
    fi
fi
echo "installing Debian packages:$missing"
$as_root apt-get update -q >/dev/null &&
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >/dev/null ||
    { echo "apt-get could not install:$missing. Check the network or install them by hand, then run this again."; exit 1; }
