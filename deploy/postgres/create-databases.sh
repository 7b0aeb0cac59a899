#!/bin/sh
# Runs once, when the data directory is new: a role and a database for each service, with the passwords of the secrets.
set -eu
for service in alerthist talk; do
    password=$(cat "/run/secrets/${service}_password")
    psql -v ON_ERROR_STOP=1 -v service="$service" -v password="$password" -U "$POSTGRES_USER" -d postgres <<'SQL'
create role :"service" login password :'password';
create database :"service" owner :"service";
revoke connect on database :"service" from public;
SQL
done
