#!/usr/bin/env bash
# Make .venv: a fitting Python, the locked packages, and this package itself (editable).
#
#   setup_venv.sh           make or update .venv
#   setup_venv.sh --check   exit 0 when .venv is finished and fits; print nothing
#   setup_venv.sh --uv      print a command that runs uv, fetching uv when it is missing
#
# PYTHON=/path/to/python chooses the interpreter; .venv is made anew when it has another version. SETUP_VENV and SETUP_LOCK
# name another environment and its lock: that of the documents is .venv-docs, from requirements-docs.lock.
# Written for bash 3.2 and later, which is what macOS ships.
set -euo pipefail
cd "$(dirname "$0")/.."

VENV=${SETUP_VENV:-.venv}
TOOLS=.venv-tools
STAMP=$VENV/.installed
LOCK=${SETUP_LOCK:-requirements.lock}
RANGE='>=3.12,<3.15' # keep in step with requires-python in pyproject.toml and with FITS below

# Without these an interrupted download would look like a failed one and start the pip fallback.
trap 'exit 130' INT
trap 'exit 143' TERM
# Both leak other environments' packages into the interpreters probed here.
unset PYTHONHOME PYTHONPATH

say() { printf '%s\n' "$@" >&2; } # one line per argument
die() { say "$@"; exit 1; }

# Prints "version path". The path is that of the base interpreter, because a candidate may be the
# python of an activated .venv, which is about to be removed. Free-threaded builds and other
# implementations are left out: compiled dependencies often have no wheels for them.
FITS='
import sys, sysconfig
v = sys.version_info
ok = sys.implementation.name == "cpython" and (3, 12) <= v[:2] < (3, 15) and v.releaselevel == "final"
if not ok or sysconfig.get_config_var("Py_GIL_DISABLED"):
    sys.exit(1)
print("%d.%d.%d %s" % (v[0], v[1], v[2], getattr(sys, "_base_executable", "") or sys.executable))
'

# A name on PATH proves nothing: a pyenv shim of an inactive version exists and fails. So run it.
fits() { "$1" -I -c "$FITS" </dev/null 2>/dev/null; }

finished() {
  local have want
  [ -f "$STAMP" ] && [ "$(cat "$STAMP")" = "$(pwd -P)" ] && have=$(fits "$VENV/bin/python") || return 1
  # A PYTHON of another version asks for a new .venv; an unfit one must reach its error message.
  if [ -n "${PYTHON:-}" ]; then
    want=$(fits "$PYTHON") && [ "${want%% *}" = "${have%% *}" ]
  fi
}

pyenv_pythons() {
  local path
  for path in "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/*/bin/python3; do
    if [ -x "$path" ]; then printf '%s\n' "$path"; fi
  done
}

# Sets UV to a uv that runs; fails when there is none and none can be installed.
UV=
NO_UV=
ensure_uv() {
  local candidate base tried=
  if [ -n "$NO_UV" ]; then return 1; fi
  for candidate in uv "$TOOLS/bin/uv"; do
    if "$candidate" --version </dev/null >/dev/null 2>&1; then UV=$candidate; return 0; fi
  done
  while IFS= read -r candidate; do
    # One attempt: where the network is out, every interpreter would wait for it in turn.
    if [ -n "$tried" ]; then break; fi
    base=$("$candidate" -I -c 'import sys, venv, ensurepip
assert sys.version_info >= (3, 8)
print(getattr(sys, "_base_executable", "") or sys.executable)' </dev/null 2>/dev/null) || continue
    tried=yes
    say "Fetching uv into $TOOLS"
    rm -rf "$TOOLS"
    if "$base" -m venv "$TOOLS" </dev/null >/dev/null 2>&1 &&
      "$TOOLS/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --retries 2 \
        --only-binary=:all: uv </dev/null >/dev/null 2>&1 &&
      "$TOOLS/bin/uv" --version >/dev/null 2>&1; then
      UV=$TOOLS/bin/uv
      return 0
    fi
    rm -rf "$TOOLS"
  done <<CANDIDATES
${FOUND_PATH:-python3}
python3
python
$(pyenv_pythons)
CANDIDATES
  NO_UV=yes
  return 1
}

# Sets FOUND to "version path" of the interpreter to use; fails when no installed one fits.
FOUND=
FOUND_PATH=
take() { FOUND=$1; FOUND_PATH=${1#* }; }

find_python() {
  local candidate found
  if [ -n "${PYTHON:-}" ]; then
    if found=$(fits "$PYTHON"); then take "$found"; return 0; fi
    found=$("$PYTHON" -c 'import sys; print("%d.%d.%d" % tuple(sys.version_info[:3]))' </dev/null 2>/dev/null) ||
      die "PYTHON=$PYTHON does not run." "Set PYTHON to a CPython $RANGE, or leave it unset."
    die "PYTHON=$PYTHON is Python $found, which does not fit." \
      "Set PYTHON to a standard CPython $RANGE, or leave it unset."
  fi
  for candidate in python3.13 python3.12 python3.14 python3 python; do
    if found=$(fits "$candidate"); then take "$found"; return 0; fi
  done
  found=$(pyenv_pythons | while IFS= read -r candidate; do fits "$candidate" || true; done |
    sort -t. -k1,1nr -k2,2nr -k3,3nr | sed -n 1p)
  if [ -n "$found" ]; then take "$found"; return 0; fi
  if ensure_uv; then
    # --system passes over virtual environments, such as the .venv that is to be replaced.
    if candidate=$("$UV" python find --system --no-python-downloads "$RANGE" </dev/null 2>/dev/null) &&
      found=$(fits "$candidate"); then
      take "$found"
      return 0
    fi
  fi
  return 1
}

no_python() {
  die "No Python $RANGE was found, and uv could not provide one." \
    "Install Python 3.13 (with its venv module) or uv, then run make again." \
    "If Python is somewhere unusual: make venv PYTHON=/path/to/python3.13"
}

# Both installers: the lock by hash, then this package with nothing else resolved or downloaded.
install_with_uv() {
  # sync also removes what an earlier lock had and this one has not. uv leaves compiling to the first import, which
  # never keeps it where the environment forbids that: then each process would compile all of PyMC again.
  "$UV" pip sync --quiet --compile-bytecode --python "$VENV/bin/python" --require-hashes "$LOCK" </dev/null &&
    "$UV" pip install --quiet --python "$VENV/bin/python" --no-deps --no-build-isolation -e . </dev/null
}

install_with_pip() {
  # Quiet twice drops the warnings, one per package where pip knows several sources; errors stay.
  local pip="$VENV/bin/python -m pip install -qq --no-input --disable-pip-version-check"
  $pip --require-hashes -r "$LOCK" </dev/null &&
    $pip --no-deps --no-build-isolation -e . </dev/null
}

make_with_pip() {
  rm -rf "$VENV"
  "$FOUND_PATH" -m venv "$VENV" </dev/null >/dev/null 2>&1 ||
    die "$FOUND_PATH cannot make a virtual environment." \
      "Install its venv module (on Debian and Ubuntu: the python3-venv package), then run make again."
  install_with_pip || die "The locked packages could not be installed; see the lines above."
}

describe() { say "Using Python ${FOUND%% *} at $FOUND_PATH"; }

setup() {
  local fresh=yes
  if finished; then
    fresh=
    take "$(fits "$VENV/bin/python")"
    say "Updating $VENV (Python ${FOUND%% *})"
  elif find_python; then
    describe
  fi

  # From here until the last line .venv counts as unfinished, whatever happens.
  rm -f "$STAMP"
  if ensure_uv; then
    if [ -n "$fresh" ]; then
      rm -rf "$VENV"
      if [ -z "$FOUND" ]; then say "No fitting Python here; asking uv for Python 3.13"; fi
      if ! "$UV" venv --quiet --python "${FOUND_PATH:-3.13}" "$VENV" </dev/null; then
        if [ -z "$FOUND" ]; then no_python; fi
        # A venv that cannot be made is the pip branch's business, as is a failed install.
      elif [ -z "$FOUND" ]; then
        take "$(fits "$VENV/bin/python")"
        describe
      fi
    fi
    say "Installing the locked packages with uv (some minutes when nothing is cached)"
    if ! install_with_uv; then
      say "uv could not install them; trying pip in a new $VENV"
      make_with_pip
    fi
  else
    if [ -z "$FOUND" ]; then no_python; fi
    say "uv is not to be had; installing the locked packages with pip (some minutes)"
    if [ -n "$fresh" ] || ! install_with_pip; then make_with_pip; fi
  fi

  # The stamp names the folder, since a moved or copied .venv still points at the old one.
  pwd -P >"$STAMP"
  say "Ready: $VENV"
}

case ${1:-} in
  '') setup ;;
  --check) finished ;;
  --uv)
    ensure_uv || die "uv is not on PATH and could not be installed. Install uv, then run make again."
    printf '%s\n' "$UV"
    ;;
  *) die "usage: setup_venv.sh [--check | --uv]" ;;
esac
