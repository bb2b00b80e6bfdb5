#!/bin/sh
# Writes what compose.yaml and the systemd units mount: passwords, keys and certificates, under deploy/secrets and deploy/identity.
# Never overwrites: the database keeps the passwords it was made with, and a registered certificate must stay valid.
#
#   deploy/make-secrets.sh [DOMAIN]               DOMAIN names the services to callers: pledge.DOMAIN and so on (zhirong.internal)
#   deploy/make-secrets.sh --certificate NAME     one more certificate for a caller, into deploy/identity/people/NAME; the bureau
#                                                 registers it (RegistryService.CreateCredential)
#
# Needs openssl. Run it as root, or chown what it names at the end: the services run as 65532, the database as 999.
set -eu
cd "$(dirname "$0")"
umask 077
services="registry pledge insurance settlement files notify"
people="bureau finance-maker finance-checker finance-releaser auditor"

key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }
# leaf FOLDER NAME COMMON-NAME USE [ALTERNATIVE-NAMES]
leaf() {
    mkdir -p "$1"
    cp identity/ca.pem "$1/ca.pem"
    key "$1/$2.key"
    extensions="basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=$4"
    [ -z "${5:-}" ] || extensions="$extensions
subjectAltName=$5"
    printf '%s\n' "$extensions" > "$1/extensions"
    openssl req -new -key "$1/$2.key" -subj "/CN=$3" |
        openssl x509 -req -CA identity/ca.pem -CAkey identity/ca.key -CAcreateserial -days 1825 \
            -extfile "$1/extensions" -out "$1/$2.pem" 2>/dev/null
    rm "$1/extensions"
}

if [ "${1:-}" = --certificate ]; then
    name="${2:?NAME of the caller is missing}"
    if [ -e "identity/people/$name" ] || [ ! -e identity/ca.key ]; then
        echo "$name has a certificate already, or deploy/identity/ca.key is not here; nothing was changed" >&2
        exit 1
    fi
    leaf "identity/people/$name" "$name" "$name" clientAuth
    echo "deploy/identity/people/$name"
    exit 0
fi

domain="${1:-zhirong.internal}"
if [ -e secrets ] || [ -e identity ]; then
    echo "deploy/secrets or deploy/identity is there already; nothing was changed" >&2
    exit 1
fi

# Passwords. The folder is closed to others; the password files inside are readable because the database's own user opens them.
mkdir secrets
random() { head -c 48 /dev/urandom | base64 | tr -dc 'A-Za-z0-9' | head -c 40; }
for login in owner service backup replication $services; do
    random > "secrets/${login}_password"
    case "$login" in
        owner | service | backup | replication) user="zhirong_$login" ;;
        *) user="zhirong_login_$login" ;;
    esac
    # The driver looks the password up here, and ignores the file unless only its owner may read it.
    printf '*:5432:*:%s:%s\n' "$user" "$(cat "secrets/${login}_password")" > "secrets/${login}.pgpass"
    chmod 0644 "secrets/${login}_password"
done

# Keys: what signs released batches, what seals payee accounts, what seals webhook secrets.
openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out secrets/batch-signing.key
openssl pkey -in secrets/batch-signing.key -pubout -out secrets/batch-signing.pub
for name in payee webhook; do
    printf 'k1 %s\n' "$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')" > "secrets/$name.keys"
done

# Certificates. The authority's key is in no container: take it off this machine once everybody has a certificate.
mkdir identity
key identity/ca.key
openssl req -x509 -new -key identity/ca.key -days 3650 -subj "/CN=Zhirong authority of $domain" \
    -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign" -out identity/ca.pem
for service in $services; do
    leaf "identity/$service" server "$service.$domain" serverAuth \
        "DNS:$service.$domain,DNS:$service,DNS:localhost,IP:127.0.0.1"
    leaf "identity/$service" probe "probe of $service" clientAuth
done
# The database and its standby, each of which may be asked by either name.
leaf identity/database server database serverAuth "DNS:database,DNS:standby,DNS:database.$domain,DNS:localhost,IP:127.0.0.1"
# The keys of people go to those people; the registry only reads the certificates, to enrol them.
for person in $people; do
    leaf "identity/people/$person" "$person" "$person" clientAuth
    cp "identity/people/$person/$person.pem" "identity/registry/$person.pem"
done

chown -R 999:999 identity/database secrets/replication.pgpass 2>/dev/null ||
    echo "not root: run  cd deploy && sudo chown -R 999:999 identity/database secrets/replication.pgpass" >&2
owned="secrets/[!r]*.pgpass secrets/registry.pgpass secrets/*.key secrets/*.keys $(printf 'identity/%s ' $services)"
# shellcheck disable=SC2086 # the patterns are to be expanded
chown -R 65532:65532 $owned 2>/dev/null ||
    echo "not root: run  cd deploy && sudo chown -R 65532:65532 $owned" >&2
echo "the certificates to hand out are in deploy/identity/people; keep deploy/identity/ca.key away from the servers"
