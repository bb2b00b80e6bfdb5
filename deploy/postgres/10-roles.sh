#!/bin/bash
# Runs once, when the database is empty: the login of the services and the group roles they may take on.
# The migration finds the group roles in place and gives them their rights.
set -euo pipefail

psql --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" \
    --set=password="$(cat /run/secrets/service_password)" <<'SQL'
create role zhirong_registry nologin;
create role zhirong_pledge nologin;
create role zhirong_insurance nologin;
create role zhirong_settlement nologin;
create role zhirong_notify nologin;
create role zhirong_identity nologin;

-- noinherit: a transaction that forgets to take on its role can read and write nothing at all.
create role zhirong_service login noinherit nosuperuser nocreatedb nocreaterole nobypassrls password :'password';
grant zhirong_registry, zhirong_pledge, zhirong_insurance, zhirong_settlement, zhirong_notify, zhirong_identity to zhirong_service;

-- Readable without a role, because a service compares the migrations applied with those it was built with before it serves.
alter default privileges for role zhirong_owner in schema public grant select on tables to zhirong_service;
revoke create on schema public from public;
SQL
