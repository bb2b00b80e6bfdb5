#!/bin/sh
# backup.sh DIR: a dump of the database into DIR, kept for 35 days. It stands under its name only once it was written whole and its
# table of contents reads back; how to restore and prove one: docs/runbook.md, section "Restore".
set -eu
dir="$1"
keep_days="${ZHIRONG_BACKUP_DAYS:-35}"
name="$dir/zhirong-$(date -u +%Y%m%dT%H%M%SZ).dump"
trap 'rm -f "$name.part"' EXIT
# Row-level security is forced on the owner of the tables too. pg_dump fails rather than leave rows out, so the login must be one that
# bypasses it (zhirong_backup).
pg_dump --dbname="$ZHIRONG_DATABASE_URL" --format=custom --no-password --file="$name.part"
pg_restore --list "$name.part" > /dev/null
mv "$name.part" "$name"
(cd "$dir" && sha256sum "$(basename "$name")" > "$(basename "$name").sha256")
find "$dir" -maxdepth 1 -name 'zhirong-*.dump*' -mtime "+$keep_days" -delete
echo "$name"
