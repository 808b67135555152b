#!/usr/bin/env bash
# Sets up, runs and cleans up in new Debian 12 and Debian 13 systems without a compiler. As root.
set -u
cd "$(dirname "$0")/../.."
target=test-fresh project=$PWD store=$PWD/.setup/fresh
source tests/fresh/system.sh
source tests/fresh/checks.sh

need_root
need debootstrap
mirror=$(need_mirror) || exit 1

root='' failed=0 passed=0
[ "$(df --output=avail -BG . | tr -dc 0-9)" -ge 15 ] || stop "new systems need 15 GB of free space"
trap 'close_system' EXIT
trap 'exit 130' INT TERM
mkdir -p "$store"
for suite in ${SUITES:-bookworm trixie}; do
    # One of the two is used as root, the other as an ordinary user.
    case $suite in bookworm) user=root home=/root ;; *) user=newcomer home=/home/newcomer ;; esac
    open_system || stop "$suite: the new system could not be made; its output is in $store/$suite.log"
    check_system
    close_system
    touch "$store/$suite.checked"
done
echo "test-fresh: $passed passed, $failed failed in $SECONDS s"
[ "$failed" = 0 ]
