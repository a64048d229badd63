#!/usr/bin/env bash
# The main job on sample data: a server, an analyst who may read two of its five tables, pull, query.
# Leaves nothing behind; fails when any step does.
set -euo pipefail

agnes=$(realpath "${1:?usage: demo/run.sh PATH-OF-AGNES}")
work=$(mktemp -d)
server=
finish() {
    local code=$?
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null && wait "$server" || true
    fi
    [ "$code" = 0 ] || { echo; echo "The demo failed (exit code $code). Last lines of the server's log:"; tail -5 "$work/log" || true; } >&2
    rm -rf "$work"
}
trap finish EXIT

# Nothing of the caller's own Agnes comes in.
unset "${!AGNES_@}" DATA_DIR CONFIG_DIR DATA_SOURCE DEBUG LOG_LEVEL JWT_SECRET_KEY SEED_ADMIN_EMAIL SEED_ADMIN_PASSWORD
agnes() { HOME=$home AGNES_SERVER=$address command "$agnes" "$@"; }
say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
if [ ! -t 1 ]; then say() { printf '\n# %s\n' "$*"; }; fi
# Shows a command and its output. Queries are shown in quotes, as one types them.
run() {
    local shown=() word
    for word in "$@"; do [[ $word == *" "* ]] && shown+=("\"$word\"") || shown+=("$word"); done
    echo "\$ agnes ${shown[*]}"
    agnes "$@"
}

say "A server with sample data: flights out of New York, January and February 2013"
echo "\$ agnes serve --demo"
mkdir -p "$work/admin" "$work/ana"
HOME=$work/admin DATA_DIR=$work/data CONFIG_DIR=$work/config command "$agnes" serve --demo --port 0 >"$work/out" 2>"$work/log" &
server=$!
until grep -q '^Token ' "$work/out"; do
    kill -0 "$server" 2>/dev/null || { wait "$server" || exit 1; }
    sleep 0.1
done
grep -E '^(Agnes demo|Admin) ' "$work/out"
address=$(sed -n 's/^Agnes demo  *//p' "$work/out")
password=$(sed -n 's/^Password  *\([^ ]*\).*/\1/p' "$work/out")

say "The admin signs in, adds an analyst, and lets her group read two of the five tables"
home=$work/admin
run auth login --email admin@example.com --password-stdin <<<"$password"
run admin table list
run admin user add ana@example.com
analyst_password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
run admin user set-password ana@example.com --password-stdin <<<"$analyst_password"
run admin group create Analysts
run admin group add-member Analysts ana@example.com
run admin grant create Analysts table flights
run admin grant create Analysts table airlines

say "The analyst signs in on her own laptop and gets exactly these two"
home=$work/ana
mkdir "$work/ana/workspace" && cd "$work/ana/workspace"
run auth login --email ana@example.com --password-stdin <<<"$analyst_password"
run pull
(set -x; ls -s --block-size=K server/parquet) 2>&1 | sed 's/^+ /$ /'

say "She queries the files, without the server"
run query "SELECT a.name AS airline, count(*) AS flights, round(avg(f.dep_delay), 1) AS delay FROM flights f JOIN airlines a USING (carrier) GROUP BY ALL ORDER BY flights DESC LIMIT 5"

say "The same engine answers on the server"
run query --remote "SELECT origin, max(distance) AS farthest FROM flights GROUP BY origin ORDER BY origin"

say "A table without a grant is refused there, and not to be found here"
refused() {
    local output code=0
    output=$(run "$@" 2>&1) || code=$?
    echo "$output"
    [ "$code" != 0 ] || { echo "this should have been refused" >&2; exit 1; }
    echo "(exit code $code)"
}
refused query --remote "SELECT count(*) FROM planes"
refused query "SELECT count(*) FROM planes"

say "Nothing has changed since, so nothing is downloaded again"
run pull

say "Done. To play with it yourself:"
cat <<END
DATA_DIR=/tmp/agnes-demo $agnes serve --demo
END
