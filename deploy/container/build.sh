#!/bin/sh
# The packages the portal runs with, by their hashes, into a virtual environment: build.sh REQUIREMENTS FOLDER
set -eu
python3 -m venv "$2"
"$2/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir --require-hashes --requirement "$1"
