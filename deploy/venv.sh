#!/bin/sh
# The packages of a list into .venv, by their hashes: venv.sh REQUIREMENTS MEGABYTES. One that failed is begun anew the
# next time, and what failed is said: the disk, the network or Python.
set -eu
python=${PYTHON:-python3} requirements=$1 needed=$2
cd "$(dirname "$0")/.."

fail() {
    echo "$*"
    exit 1
}

blame() { # blame OUTPUT: which of the three it was
    case $1 in
    *"No space left"* | *"Disk quota"*) fail "The disk is full: $needed MB are needed here. Make room, then the same command again." ;;
    *"from versions: none"* | *"onnection"* | *"esolve"* | *"esolution"* | *"imed out"* | *"error sending request"* | *"SSL"* | *"certificate"*)
        fail "The network: the package index does not answer. When it does, the same command again goes on.
$(echo "$1" | tail -3)" ;;
    *) fail "Python could not set it up. The same command begins anew; this is what was said:
$(echo "$1" | tail -10)" ;;
    esac
}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
    || fail "Python 3.11 or newer is needed as $python; choose another one:  make PYTHON=python3.12 demo"
"$python" -c 'import ensurepip' 2>/dev/null \
    || fail "Python cannot make virtual environments here. Install that part:  apt-get install python3-venv"

clear=""
if [ ! -e .venv/ready ] && [ ! -e .venv/installed ]; then # nothing whole is there
    clear=--clear
    free=$(df -Pm . | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$needed" ] || fail "The disk: $needed MB are needed here, $free MB are free. Make room, then the same command again."
fi

echo "Setting up, once: the packages of $requirements into .venv, $needed MB at most …"
said=$("$python" -m venv $clear .venv 2>&1) || blame "$said"
pip=".venv/bin/python -m pip install --quiet --disable-pip-version-check"
if grep -q '^uv==' "$requirements"; then # installs the rest in seconds, with the same hashes
    said=$(sed -n '/^uv==/,/[^\\]$/p' "$requirements" | $pip --require-hashes --requirement /dev/stdin 2>&1) || blame "$said"
    install=".venv/bin/uv pip install --quiet --system-certs --python .venv/bin/python"
    said=$($install --require-hashes --requirement "$requirements" 2>&1) || install=$pip
else
    install=$pip
fi
if [ "$install" = "$pip" ]; then
    said=$($pip --require-hashes --requirement "$requirements" 2>&1) || blame "$said"
fi
said=$($install --no-deps --editable . 2>&1) || blame "$said"
