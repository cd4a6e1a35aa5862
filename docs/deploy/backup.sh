#!/bin/sh
# Usage: backup.sh FOLDER DATABASE KEYS
# Writes FOLDER/idp-TIME.dump (PostgreSQL's own format) and FOLDER/idp-TIME.keys.tar, readable by this user only.
# Keep the two in different places: either one alone is of no use to a thief. Encrypt both before they leave.
# DATABASE is a name or a connection string; KEYS the folder of the key files.
set -eu
umask 077
folder=${1:?the folder to write to} database=${2:?the database} keys=${3:?the folder of the keys}
time=$(date -u +%Y%m%dT%H%M%SZ)
# The keys first: a key that the dump needs is then in the archive, whatever is rotated meanwhile.
tar -C "$keys" -cf "$folder/idp-$time.keys.tar.part" .
pg_dump --format=custom --no-owner --file "$folder/idp-$time.dump.part" --dbname "$database"
# A half backup never bears the name of a whole one.
for part in "$folder/idp-$time.keys.tar" "$folder/idp-$time.dump"; do mv "$part.part" "$part"; done
echo "$folder/idp-$time"
