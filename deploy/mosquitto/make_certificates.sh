#!/bin/sh
# An own certificate authority and the broker's certificate, by openssl.
#
#   ./make_certificates.sh DIRECTORY HOST [HOST...]     HOST: a name, or IP:192.0.2.10
#
# ca.crt goes into every pile; keep ca.key away from the broker (it can sign any name).
# Run again with the same directory to renew the broker's certificate under the same authority.
set -eu
umask 077
[ $# -ge 2 ] || { echo "usage: $0 DIRECTORY HOST [HOST...]   (HOST: a name, or IP:192.0.2.10)" >&2; exit 2; }
directory=$1
shift
names=""
for host in "$@"; do
    case $host in IP:*) names="$names,$host" ;; *) names="$names,DNS:$host" ;; esac
done
mkdir -p "$directory"
cd "$directory"
if [ ! -f ca.key ]; then
    openssl ecparam -name prime256v1 -genkey -noout -out ca.key
    openssl req -x509 -new -key ca.key -sha256 -days 7300 -subj "/CN=Beimen pile authority" \
        -addext "keyUsage=critical,keyCertSign,cRLSign" -out ca.crt
fi
openssl ecparam -name prime256v1 -genkey -noout -out server.key
openssl req -new -key server.key -subj "/CN=beimen-broker" -out server.csr
printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\nkeyUsage=critical,digitalSignature\n' \
    "${names#,}" >server.ext
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -sha256 -days 825 \
    -extfile server.ext -out server.crt 2>/dev/null
rm -f server.csr server.ext
chmod 644 ca.crt server.crt
echo "wrote ca.crt (for the piles), server.crt and server.key (for the broker) in $directory"
