#!/bin/sh
# Prints the path of a Python that set-up can use: 3.11 to 3.13, with venv. A candidate is run to
# see: a version manager leaves commands on the PATH that fail when they are called. A virtual
# environment is passed over: it may be the very one that set-up is about to replace.
usable() {
    "$1" -I - 2>/dev/null <<'CHECK'
import ensurepip, sys, venv
if not (3, 11) <= sys.version_info < (3, 14) or sys.prefix != sys.base_prefix:
    sys.exit(1)
print(sys.executable)
CHECK
}

if [ -n "$PYTHON" ]; then
    usable "$PYTHON" && exit 0
    echo "setup: PYTHON=$PYTHON is no Python 3.11, 3.12 or 3.13 with venv, outside a virtual" \
        "environment; name one that is, or leave PYTHON unset" >&2
    exit 1
fi
IFS=:
for name in python3 python3.13 python3.12 python3.11; do
    for folder in $PATH; do
        [ -x "$folder/$name" ] && usable "$folder/$name" && exit 0
    done
done
echo "setup: no Python 3.11, 3.12 or 3.13 with venv was found; install one (Debian, Ubuntu:" \
    "apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python3" >&2
exit 1
