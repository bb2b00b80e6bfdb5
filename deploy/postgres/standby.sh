#!/bin/bash
# A standby of the database PRIMARY, known to it as NAME: copies it on the first start, then follows it. The password is looked up in PGPASSFILE.
# The same script brings an old primary back as a standby: empty its folder, swap PRIMARY, start it.
set -euo pipefail
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # The file must be the server's own to read: it stays named in the settings that the copy is started with.
    pg_basebackup --pgdata="$PGDATA" --wal-method=stream --checkpoint=fast --write-recovery-conf --create-slot --slot="$NAME" \
        --dbname="host=$PRIMARY port=${PORT:-5432} user=zhirong_replication application_name=$NAME sslmode=${SSLMODE:-verify-full} \
sslrootcert=${SSLROOTCERT:-/run/tls/ca.pem} passfile=$PGPASSFILE"
    chmod 0700 "$PGDATA"
fi
exec "$@"
