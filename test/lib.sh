# shellcheck shell=bash
#
# What the scripts here share: where PostgreSQL is, a directory of our own, a
# build in it, a cluster nobody else uses, and the count of what passed.
# To be sourced; does nothing by itself.
#
# PG_CONFIG      pg_config of the PostgreSQL to use; found if not set
# TMPDIR         where the directory is made; /tmp if not set
# SQM_WERROR=1   a compiler warning is an error
# SQM_KEEP=1     leave the directory behind, to look into it

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
extension=sqlite_fdw_mig
oldest_pg=15
work=
server_env=()                   # what the server's environment has beyond ours
server_program=                 # what is started in the place of postgres
passed=0
failed=0
skipped=0

# Whoever calls us from a Makefile, or works with a server of their own, has
# variables set that would bend our make runs and send psql elsewhere.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
for variable in "${!PG@}"; do
    [[ $variable == PG_CONFIG ]] || unset "$variable"
done
unset variable

say() { printf '== %s\n' "$*"; }
warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
    warn "$*"
    exit 1
}

as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "this needs root or sudo: $*"
    fi
}

# PostgreSQL refuses to run as root, so root lends the cluster to another user.
server_user() {
    if [[ $EUID -ne 0 ]]; then
        id -un
    elif id -u postgres >/dev/null 2>&1; then
        echo postgres
    else
        echo nobody
    fi
}

# Runs a command as the server's user, in our directory: the place where the
# caller stands may be closed to that user. setpriv, not su or runuser: those
# want a session and come between a terminal and psql.
as_server() {
    local user
    user=$(server_user)
    if [[ $EUID -eq 0 ]]; then
        (cd "$work" && HOME=$work exec setpriv --reuid="$user" \
            --regid="$(id -g "$user")" --init-groups -- "$@")
    else
        (cd "$work" && exec "$@")
    fi
}

# A PostgreSQL is of use if it has its server and the means to build for it.
# Debian's server package brings PGXS, but the headers are in another one.
usable_pg_config() {
    local bindir pgxs include
    bindir=$("$1" --bindir 2>/dev/null) && pgxs=$("$1" --pgxs 2>/dev/null) &&
        include=$("$1" --includedir-server 2>/dev/null) &&
        [[ -x $bindir/postgres && -e $pgxs && -e $include/postgres.h ]] &&
        (($(pg_major "$1") >= oldest_pg))
}

pg_major() {
    "$1" --version | sed -E 's/^PostgreSQL ([0-9]+).*/\1/'
}

# Prints the pg_config to use: the one asked for, the one in PATH, or the
# newest of those that Debian keeps out of PATH. Fails if there is none.
find_pg_config() {
    local candidate
    if [[ -n ${PG_CONFIG:-} ]]; then
        usable_pg_config "$PG_CONFIG" || return 1
        command -v "$PG_CONFIG"
        return
    fi
    while IFS= read -r candidate; do
        if usable_pg_config "$candidate"; then
            echo "$candidate"
            return
        fi
    done < <(
        command -v pg_config || true
        printf '%s\n' /usr/lib/postgresql/*/bin/pg_config |
            sort -t / -k 5,5nr
    )
    return 1
}

use_postgresql() {
    pg_config=$(find_pg_config) ||
        die "no PostgreSQL $oldest_pg or newer with server and headers found; set PG_CONFIG"
    bindir=$("$pg_config" --bindir)
    export PATH="$bindir:$PATH"
}

# Makes $work, a directory that the server's user owns and nobody else enters.
# Sockets live in it, whose paths may have 107 bytes, and some TMPDIRs are
# closed to other users: then /tmp does.
open_workspace() {
    local parent user
    user=$(server_user)
    trap close_workspace EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    for parent in "${TMPDIR:-/tmp}" /tmp; do
        ((${#parent} < 60)) || continue
        work=$(mktemp -d "$parent/sqm.XXXXXX") || continue
        chown "$user" "$work"
        if as_server test -w "$work" 2>/dev/null; then
            export TMPDIR=$work
            return
        fi
        rmdir "$work"
    done
    work=
    die "no temporary directory that user \"$user\" can enter; set TMPDIR"
}

close_workspace() {
    local status=${1:-$?}
    trap '' HUP INT TERM
    cluster_stop
    cd /
    if [[ -n $work && -n ${SQM_KEEP:-} ]]; then
        say "left behind: $work"
    elif [[ -n $work ]]; then
        rm -rf "$work"
    fi
    exit "$status"
}

# Copies the checkout without what a build or a test leaves in it. Everything
# is built and run in such a copy: the checkout stays as it was, and the server
# can read the copy wherever the checkout is.
copy_tree() {
    mkdir -p "$1"
    tar -C "$root" --exclude=./.git --exclude='*.o' --exclude='*.bc' \
        --exclude='*.so' --exclude="./$extension--*.sql" \
        --exclude='./test/fixtures/*.db' --exclude=./results \
        --exclude=./output_iso --exclude=./tmp_check --exclude=./log \
        --exclude=./bench-results \
        -cf - . | tar -C "$1" --no-same-owner -xf -
}

build_and_install() {
    say "building for $("$pg_config" --version)"
    copy_tree "$work/tree"
    # Bitcode serves JIT inlining only, and would need the clang that the
    # server was built with.
    make_tree=(make --no-print-directory -C "$work/tree"
        PG_CONFIG="$pg_config" with_llvm=no ${SQM_WERROR:+COPT=-Werror})
    if ! "${make_tree[@]}" -s -j"$(nproc)" all >"$work/build.log" 2>&1; then
        cat "$work/build.log" >&2
        die "the build failed"
    fi
    grep -A4 'warning:' "$work/build.log" >&2 || true
    if ! as_root "${make_tree[@]}" install >"$work/install.log" 2>&1; then
        cat "$work/install.log" >&2
        die "the installation failed"
    fi
    chown -R "$(server_user)" "$work/tree"
}

# Starts a cluster in $work: a socket in a closed directory, no TCP. It is
# thrown away, so nothing in it has to survive a crash of the machine. Arguments
# are more lines for postgresql.conf.
cluster_start() {
    as_server "$bindir/initdb" -D "$work/pg" -U postgres -A trust -E UTF8 \
        --locale=C --no-sync >"$work/initdb.log" 2>&1 || {
        cat "$work/initdb.log" >&2
        die "initdb failed"
    }
    as_server tee -a "$work/pg/postgresql.conf" >/dev/null <<CONF
listen_addresses = ''
unix_socket_directories = '$work'
fsync = off
synchronous_commit = off
full_page_writes = off
max_wal_size = '4GB'
max_prepared_transactions = 10
log_line_prefix = '%m [%p] %a: '
$(printf '%s\n' "$@")
CONF
    export PGHOST=$work PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
    as_server env "${server_env[@]}" "$bindir/pg_ctl" -D "$work/pg" -l "$work/server.log" -s -w \
        ${server_program:+-p "$server_program"} start || {
        cat "$work/server.log" >&2
        die "the server did not start"
    }
}

cluster_stop() {
    if [[ -n $work && -e $work/pg/postmaster.pid ]]; then
        as_server "$bindir/pg_ctl" -D "$work/pg" -m immediate -s -w stop || true
    fi
}

# Adds to the totals what a log ends with, given the exit status of what wrote
# it. A log without a count is one test: passed or failed.
add_counts() {
    local log=$1 status=$2 counts
    read -r -a counts < <(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" |
        tail -n 1 | tr -cd '0-9 \n') || counts=("$((status == 0))" 0)
    passed=$((passed + counts[0]))
    failed=$((failed + counts[1]))
    skipped=$((skipped + ${counts[2]:-0}))
    # It may have ended before, or after, it could count.
    if ((status != 0 && counts[1] == 0)); then
        failed=$((failed + 1))
    fi
}

# The line that a run of tests ends with, on success and on failure.
closing_line() {
    printf '%d passed, %d failed' "$passed" "$failed"
    ((skipped == 0)) || printf ', %d skipped' "$skipped"
    printf '\n'
    ((failed == 0))
}
