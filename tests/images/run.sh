#!/usr/bin/env bash
# Builds the images for nodes on a Debian 13 made here, and runs pipelines in them. As root.
# TARGETS=cpu leaves the one for GPU nodes out.
set -u
cd "$(dirname "$0")/../.."
target=test-images project=$PWD store=$PWD/.setup/images
source tests/fresh/system.sh

need_root
need debootstrap
need buildah
mirror=$(need_mirror) || exit 1
mkdir -p "$store"
case ${TARGETS:=cpu gpu} in
    "cpu gpu") needed=22 left_out=() hint="; without the image for GPU nodes (TARGETS=cpu) 12" ;;
    cpu) needed=12 left_out=(--ignore tests/images/test_gpu.py) hint= ;;
    *) stop "TARGETS is '$TARGETS'; it can be 'cpu', or 'cpu gpu'" ;;
esac
[ "$(df --output=avail -BG "$store" | tr -dc 0-9)" -ge "$needed" ] ||
    stop "$store needs $needed GB of free space$hint"

# Images and containers of this test lie apart from those of the system. Buildah's overlay needs a
# file system that can be one's lower layer; with vfs every container is a copy.
export CONTAINERS_STORAGE_CONF=$store/storage.conf BUILDAH_ISOLATION=chroot
base=debian:trixie-slim # found here, whatever registries have by that name
for driver in overlay vfs; do
    printf '[storage]\ndriver = "%s"\ngraphroot = "%s"\nrunroot = "%s"\n' \
        "$driver" "$store/storage" "$store/run" >"$CONTAINERS_STORAGE_CONF"
    buildah info >/dev/null 2>&1 && break
done

clean() {
    buildah rm --all
    buildah rmi --all --force
    rm -rf --one-file-system "$store/root"
} >/dev/null 2>&1
trap clean EXIT
trap 'exit 130' INT TERM

# The system, without anything but what debootstrap puts into each.
make_base() {
    local container
    rm -rf --one-file-system "$store/root" # what a run that was killed has left
    [ -e "$store/trixie.tar" ] || {
        debootstrap --variant=minbase trixie "$store/root" "$mirror" &&
            tar -C "$store/root" -cf "$store/trixie.part" . &&
            mv "$store/trixie.part" "$store/trixie.tar" || return 1
    }
    container=$(buildah from scratch) && buildah add -q "$container" "$store/trixie.tar" / &&
        buildah commit -q "$container" "$base" && buildah rm "$container"
}
make_base >"$store/base.log" 2>&1 || stop "the base could not be made; its output is in $store/base.log"
.venv/bin/python -m pytest tests/images "${left_out[@]}" "$@"
