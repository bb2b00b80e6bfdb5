#!/bin/sh
# Writes the four secret files that compose.yaml mounts. Never overwrites: the database keeps the passwords it was created with.
set -eu
cd "$(dirname "$0")"
if [ -e secrets ]; then
    echo "deploy/secrets is there already; nothing was changed" >&2
    exit 1
fi
# The folder is closed to others; the two password files inside are readable because the database's own user (999) opens them.
mkdir -m 0700 secrets
random() { head -c 48 /dev/urandom | base64 | tr -dc 'A-Za-z0-9' | head -c 40; }
for name in owner service; do
    random > "secrets/${name}_password"
    printf 'database:5432:zhirong:zhirong_%s:%s\n' "$name" "$(cat "secrets/${name}_password")" > "secrets/${name}.pgpass"
    chmod 0644 "secrets/${name}_password"
    # The driver refuses a password file that anyone but its owner may read, and the services run as 10001.
    chmod 0600 "secrets/${name}.pgpass"
done
chown 10001:10001 secrets/owner.pgpass secrets/service.pgpass 2>/dev/null ||
    echo "not root: run  sudo chown 10001:10001 deploy/secrets/*.pgpass" >&2
