#!/bin/sh
# Usage: restore.sh BACKUP DATABASE KEYS
# BACKUP is what backup.sh printed (a path without ending). DATABASE must exist and be empty; KEYS must not exist.
# What was revoked after the backup is valid again until it expires: rotate with `idp keys rotate --compromised`
# when that matters, which ends every access token; sessions and refresh tokens live until they expire.
set -eu
umask 077
backup=${1:?the backup} database=${2:?the database} keys=${3:?the folder of the keys}
[ ! -e "$keys" ] || { echo "$keys exists already" >&2; exit 1; }
pg_restore --exit-on-error --no-owner --single-transaction --dbname "$database" "$backup.dump"
mkdir -m 0700 "$keys"
tar -C "$keys" -xf "$backup.keys.tar"
chmod 0700 "$keys"
find "$keys" -name '*.json' -exec chmod 0600 {} +
