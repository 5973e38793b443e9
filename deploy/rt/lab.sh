#!/bin/sh
# lab.sh start FOLDER PORT | stop FOLDER: a Request Tracker of our own with an empty database on SQLite, for tests;
# load.sh makes the desk of it, as an administrator does. rt FOLDER COMMAND…: a command of RT's in that lab.
# Needs root: RT runs as www-data. FOLDER must be one that www-data may enter. PORTAL_HOOK_URL and _SECRET are passed on.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
what=${1:?start, stop or rt} LAB=${2:?a folder}
export HOME="$LAB" RT_LAB="$LAB" RT_ETC="$LAB/etc" RT_LOCAL="$LAB" PERL5LIB="$LAB/lib"
export RT_SITE_CONFIG="$LAB/etc/RT_SiteConfig.pm" RT_SITE_CONFIG_DIR="$LAB/etc/RT_SiteConfig.d"
as_rt() { # in a subshell: the process becomes the command, so that its pid is the server's own
    exec setpriv --reuid=www-data --regid=www-data --clear-groups "$@"
}
prepare() {
    install -d -m 755 "$LAB" "$LAB/etc" "$LAB/etc/RT_SiteConfig.d"
    install -d -o www-data -m 750 "$LAB/mason" "$LAB/sessions" "$LAB/db"
    install -d -o www-data -m 755 "$LAB/outbox"
    install -m 644 "$here/lab.pm" "$LAB/etc/RT_SiteConfig.pm"
    install -m 644 "$here/account.pl" "$LAB/"
    cat > "$LAB/mailpipe" <<'PIPE'
#!/bin/sh
name=$(date +%s%N)-$$
cat > "$RT_LAB/outbox/.$name" && mv "$RT_LAB/outbox/.$name" "$RT_LAB/outbox/$name.eml"
PIPE
    chmod 755 "$LAB/mailpipe"
    (umask 077; od -An -N12 -tx1 /dev/urandom | tr -d ' \n' > "$LAB/root-password")
    chown www-data "$LAB/root-password"
    echo "$port" > "$LAB/port"
}
case $what in
start)
    export RT_PORT=${3:?a port}
    port=$RT_PORT
    prepare
    cd "$LAB"
    (as_rt rt-setup-database-5 --action init --skip-create --root-password-file "$LAB/root-password") > "$LAB/setup.log" 2>&1
    (as_rt sqlite3 "$LAB/db/rt5.sqlite" 'PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;') >> "$LAB/setup.log"
    "$here/load.sh" < "$LAB/root-password" >> "$LAB/setup.log" 2>&1
    (as_rt perl "$LAB/account.pl" technician radek.vymazal radek@connectica.example 'Radek Vymazal') < "$LAB/root-password"
    (as_rt perl "$LAB/account.pl" company vltava 'Strojírny Vltava, a. s. | vltava.example')
    (as_rt /usr/share/request-tracker5/libexec/rt-server --server Starlet --host 127.0.0.1 --port "$port" \
        --max-workers 4 --max-reqs-per-child 1000 --max-keepalive-reqs 100 --keepalive-timeout 1) \
        >> "$LAB/server.log" 2>&1 < /dev/null &
    echo $! > "$LAB/pid"
    ;;
stop)
    pid=$(cat "$LAB/pid")
    grep -qa rt-server "/proc/$pid/cmdline" 2>/dev/null && kill -TERM "$pid"
    rm -f "$LAB/pid"
    ;;
rt)
    RT_PORT=$(cat "$LAB/port")
    export RT_PORT
    shift 2
    cd "$LAB"
    as_rt "$@"
    ;;
*) echo "lab.sh start FOLDER PORT | stop FOLDER | rt FOLDER COMMAND" >&2; exit 1 ;;
esac
