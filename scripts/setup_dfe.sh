#!/usr/bin/env bash
# Make .venv-dfe: the public validation rules of the SSDA903 return, in an environment of their own.
#
# They need Python 3.10 or 3.11 and pandas below 2, so they cannot live in .venv. DFE_PYTHON=/path/to/python3.11
# chooses the interpreter. Written for bash 3.2 and later.
set -euo pipefail
cd "$(dirname "$0")/.."

VENV=.venv-dfe
STAMP=$VENV/.installed
WANTED='csc-validator-be-903==0.1.17' # the version that the tests were written against
FITS='import sys; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 12))'

unset PYTHONHOME PYTHONPATH
fits() { "$1" -I -c "$FITS" </dev/null >/dev/null 2>&1; }

if [ -f "$STAMP" ] && [ "$(cat "$STAMP")" = "$WANTED in $(pwd -P)" ] && fits "$VENV/bin/python"; then exit 0; fi

found=
for candidate in "${DFE_PYTHON:-}" python3.11 python3.10 "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/3.1[01].*/bin/python3; do
  if [ -n "$candidate" ] && fits "$candidate"; then found=$candidate; break; fi
done
if [ -z "$found" ]; then
  printf '%s\n' "The public rules need Python 3.10 or 3.11, and none was found." \
    "Install one, then run make dfe-rules again, or name it: make dfe-rules DFE_PYTHON=/path/to/python3.11" >&2
  exit 1
fi

rm -rf "$VENV"
"$found" -m venv "$VENV" </dev/null
# Quiet twice drops the warnings, one per package where pip knows several sources; errors stay.
"$VENV/bin/python" -m pip install -qq --no-input --disable-pip-version-check "$WANTED" 'pandas<2' 'numpy<2' </dev/null
printf '%s\n' "$WANTED in $(pwd -P)" >"$STAMP"
printf 'Ready: %s\n' "$VENV" >&2
