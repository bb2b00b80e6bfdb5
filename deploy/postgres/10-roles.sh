#!/bin/bash
# Runs once, when the database is empty, as its superuser: a login for each service, and the group roles that it may take on.
# The migration finds the group roles in place and gives them their rights.
set -euo pipefail

# What every login has in common. noinherit: a transaction that forgets to take on its role can read and write nothing at all.
sql='
create role zhirong_identity nologin;
create role zhirong_people nologin;
-- Taken on by a sandbox alone; no login here may.
create role zhirong_sandbox nologin;
revoke create on schema public from public;
revoke temporary on database :"database" from public;
'
for service in registry pledge insurance settlement files notify; do
    # The password goes in by a variable of psql: it is quoted there, and stands in no command line.
    export "PASSWORD_${service}=$(cat "${SECRETS:-/run/secrets}/${service}_password")"
    sql+="
\\getenv password PASSWORD_${service}
create role zhirong_${service} nologin;
create role zhirong_login_${service} login noinherit nosuperuser nocreatedb nocreaterole nobypassrls connection limit 40
    password :'password';
grant zhirong_${service}, zhirong_identity to zhirong_login_${service};
-- Readable without a role: a service compares the migrations applied with those it was built with before it serves.
alter default privileges for role zhirong_owner in schema public grant select on tables to zhirong_login_${service};
"
done
# An uploaded row is stored with the rights of the service that owns its table.
sql+='
grant zhirong_registry, zhirong_pledge, zhirong_insurance to zhirong_login_files;
-- Who may call is one business: the process of the registry signs people in.
grant zhirong_people to zhirong_login_registry;
'
# zhirong_replication is the standby's and reads no table.
# zhirong_service is for all services in one process (deploy/systemd); zhirong_backup reads every row for pg_dump and writes none.
for login in service backup replication; do
    export "PASSWORD_${login}=$(cat "${SECRETS:-/run/secrets}/${login}_password")"
done
sql+='
\getenv password PASSWORD_service
create role zhirong_service login noinherit nosuperuser nocreatedb nocreaterole nobypassrls connection limit 60 password :'"'password'"';
grant zhirong_identity, zhirong_registry, zhirong_people, zhirong_pledge, zhirong_insurance, zhirong_settlement, zhirong_files, zhirong_notify
    to zhirong_service;
alter default privileges for role zhirong_owner in schema public grant select on tables to zhirong_service;
\getenv password PASSWORD_backup
create role zhirong_backup login nosuperuser nocreatedb nocreaterole bypassrls connection limit 2 password :'"'password'"';
grant pg_read_all_data to zhirong_backup;
\getenv password PASSWORD_replication
create role zhirong_replication login replication nosuperuser nocreatedb nocreaterole nobypassrls connection limit 4
    password :'"'password'"';
'
psql --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" --set=database="$POSTGRES_DB" <<< "$sql"
# In the container the standby may come in, over TLS alone; elsewhere this line is the operator's to add.
if [ -n "${PGDATA:-}" ]; then
    echo "hostssl replication zhirong_replication all scram-sha-256" >> "$PGDATA/pg_hba.conf"
fi
