#!/usr/bin/env bash
# Install missingmodels from this folder, without a network, into an environment of its own.
#
#   install.sh [FOLDER]     FOLDER is made anew; missingmodels-env beside you if it is left out
#
# PYTHON=/path/to/python chooses the interpreter; it has to be the version that this folder's name says.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
target=${1:-missingmodels-env}
case $here in *-python*) want=${here##*-python} ;; *) want='' ;; esac
python=${PYTHON:-$(command -v "python$want" || command -v python3 || command -v python || true)}
[ -n "$python" ] || { echo "No Python was found; set PYTHON to one of version ${want:-3.12 or later}." >&2; exit 1; }
have=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
if [ -n "$want" ] && [ "$have" != "$want" ]; then
  echo "This folder is for Python $want, and $python is $have; set PYTHON to a Python $want." >&2
  exit 1
fi
if [ -e "$target" ]; then echo "$target is there already; name another folder, or remove it." >&2; exit 1; fi
"$python" -m venv "$target"
trap 'rm -rf "$target"; echo "Nothing was installed." >&2' ERR
"$target/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --no-index --no-deps --no-compile \
  --find-links "$here/wheels" --require-hashes -r "$here/requirements.txt"
"$target/bin/python" -m pip check --disable-pip-version-check
trap - ERR
echo "Installed. Run: $target/bin/missingmodels --help"
