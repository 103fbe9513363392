#!/bin/sh
# Makes .venv with the locked dependencies: `venv.sh LOCK STAMP`. Needs Python 3.11 or later and nothing else.
set -eu
lock=$1 stamp=$2

python=
for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null 2>&1 &&
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "seawall needs Python 3.11 or later; none was found (name one with: make PYTHON=/path/to/python …)" >&2
    exit 1
fi

make_venv() { "$python" -m venv .venv >.venv.log 2>&1; }
if [ ! -x .venv/bin/pip ]; then
    rm -rf .venv
    if ! make_venv; then
        # Debian and Ubuntu split venv off Python.
        rm -rf .venv
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
            version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
            echo "installing python$version-venv" >&2
            apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "python$version-venv" >.venv.log 2>&1 || true
            make_venv || { cat .venv.log >&2; exit 1; }
        else
            cat .venv.log >&2
            echo "install the package python3-venv, then run make again" >&2
            exit 1
        fi
    fi
fi
rm -f .venv.log

echo "installing $lock into .venv" >&2
.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
# Some environments forbid Python to write byte code; without it every start would cost a second.
.venv/bin/python -m compileall -q console panels connectors playbooks
touch "$stamp"
