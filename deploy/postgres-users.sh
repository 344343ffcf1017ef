# Run once by PostgreSQL's image, while its volume is still empty: two users beside its superuser, and the database.
# `vaglio_owner` owns the tables; `vaglio`, which runs, is given its rights by `vaglio db grant` (docs/operations.md).
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres <<'SQL'
-- Read here, so that no password is an argument of anything; and no statement with one is logged.
\set owner `cat "$OWNER_PASSWORD_FILE"`
\set runs `cat "$RUNS_PASSWORD_FILE"`
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET log_min_duration_statement = -1;
CREATE ROLE vaglio_owner LOGIN PASSWORD :'owner';
CREATE ROLE vaglio LOGIN PASSWORD :'runs';
CREATE DATABASE vaglio OWNER vaglio_owner ENCODING 'UTF8' TEMPLATE template0;
REVOKE CONNECT ON DATABASE vaglio FROM PUBLIC;
GRANT CONNECT ON DATABASE vaglio TO vaglio;
SQL
