#!/bin/sh
# load.sh: makes Connectica's desk of a running Request Tracker 5 of Debian 12; as root, once. See docs/request-tracker.md.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ "$(id -u)" = 0 ] || { echo "load.sh writes into /etc/request-tracker5: run it as root" >&2; exit 1; }
command -v rt-setup-database-5 >/dev/null || { echo "Request Tracker is missing: apt-get install request-tracker5" >&2; exit 1; }
install -m 644 "$here/connectica.pm" /etc/request-tracker5/RT_SiteConfig.d/60-connectica.pm
install -D -m 644 "$here/lib/RT/Interface/Email_Local.pm" /usr/local/share/request-tracker5/lib/RT/Interface/Email_Local.pm
rt-setup-database-5 --action insert --skip-create --datafile "$here/connectica.initialdata"
echo "The password of RT's user portal (the portal's PORTAL_RT_PASSWORD), one line:" >&2
perl "$here/account.pl" password portal
echo "Done. Restart RT's web server, then add companies and technicians: account.pl says how." >&2
