#!/bin/sh
# load.sh: makes Connectica's desk of a Request Tracker 5 of Debian 12; as root, once. See docs/request-tracker.md.
# The password for RT's user portal is read from standard input. RT_ETC and RT_LOCAL name other folders than Debian's.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
etc=${RT_ETC:-/etc/request-tracker5} local=${RT_LOCAL:-/usr/local/share/request-tracker5}
[ "$(id -u)" = 0 ] || { echo "load.sh writes into $etc: run it as root" >&2; exit 1; }
command -v rt-setup-database-5 >/dev/null || { echo "Request Tracker is missing: apt-get install request-tracker5" >&2; exit 1; }
ours=$(mktemp -d)
trap 'rm -rf "$ours"' EXIT
chmod 755 "$ours"
install -m 644 "$here/connectica.initialdata" "$here/account.pl" "$ours/"
as_rt() { (cd "$ours" && setpriv --reuid=www-data --regid=www-data --init-groups "$@"); } # what RT writes is RT's own
as_rt perl account.pl vacant
install -d -m 755 "$etc/RT_SiteConfig.d"
install -m 644 "$here/connectica.pm" "$etc/RT_SiteConfig.d/60-connectica.pm"
for overlay in RT/Interface/Email_Local.pm RT/Transaction_Local.pm; do
    install -D -m 644 "$here/lib/$overlay" "$local/lib/$overlay"
done
as_rt rt-setup-database-5 --action insert --skip-create --datafile "$ours/connectica.initialdata"
if [ -t 0 ]; then echo "The password of RT's user portal (the portal's PORTAL_RT_PASSWORD), one line:" >&2; fi
as_rt perl account.pl password portal
echo "Done. Restart RT's web server, then add companies and technicians: account.pl says how." >&2
