#!/bin/sh
# Creates the two databases of a Temporal server, and brings their tables up to date. It can be repeated.
set -eu
for store in temporal visibility; do
  database=temporal
  [ "$store" = visibility ] && database=temporal_visibility
  temporal-sql-tool --db "$database" create
  temporal-sql-tool --db "$database" setup-schema --version 0.0
  temporal-sql-tool --db "$database" update-schema --schema-dir "${SCHEMA:-/etc/temporal/schema}/postgresql/v12/$store/versioned"
done
