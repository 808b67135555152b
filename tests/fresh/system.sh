# New systems for run.sh: made by debootstrap, entered by chroot, taken away afterwards.
# Uses: target, project, store, mirror, suite, user, home. Sets: root, downloaded.

packages=git,make,python3,python3-venv,ca-certificates
passed_on='^(PIP_|SSL_|UV_|[A-Za-z_]*_proxy=|[A-Z_]*_PROXY=|[A-Z_]*CA_BUNDLE=)'

stop() { echo "$target: $*" >&2; exit 1; }

need_root() { [ "$(id -u)" = 0 ] || stop "new systems can be made by root only; call sudo make $target"; }

# need PROGRAM: which the Debian package of that name has.
need() {
    command -v "$1" >/dev/null ||
        { apt-get -qq update && apt-get -qq install -y --no-install-recommends "$1"; } >/dev/null 2>&1 ||
        stop "$1 is missing and could not be installed; install it (apt-get install $1)"
}

# Prints the mirror that new systems are made from.
need_mirror() {
    local known=${DEBIAN_MIRROR:-$(own_mirror)}
    [ -n "$known" ] ||
        stop "no Debian mirror is known on this system; name one (DEBIAN_MIRROR=http://... make $target)"
    echo "$known"
}

# The address from which this system takes its own release, where it is a Debian.
own_mirror() {
    local ID='' VERSION_CODENAME=''
    . /etc/os-release
    [ "$ID" = debian ] && apt-get indextargets --format '$(RELEASE) $(REPO_URI)' \
        'Created-By: Packages' | awk -v own="$VERSION_CODENAME" '$1 == own {print $2; exit}'
}

# Makes the system for $suite with a clone of this project's last commit in it.
open_system() {
    local base=$store/$suite.tar
    root=$store/$suite
    close_system || return 1 # what a run that was killed has left
    {
        if [ ! -e "$base" ]; then
            debootstrap --variant=minbase --include=$packages "$suite" "$root" "$mirror" &&
                tar -C "$root" -cf "$base.part" . && mv "$base.part" "$base" || return 1
        else
            mkdir "$root" && tar -C "$root" -xf "$base" || return 1
        fi
        configure_clients
        [ "$user" = root ] || chroot "$root" useradd --create-home "$user" || return 1
        git clone --quiet "$project" "$root$home/tfx-updaters" || return 1
        give_cache
        chroot "$root" chown -R "$user:$user" "$home/tfx-updaters" "$home/.cache" || return 1
        # The devices are debootstrap's own: this system's must not lie in a folder to be removed.
        mkdir -p "$root/dev/shm" && mount -t tmpfs tmpfs "$root/dev/shm" &&
            mount -t proc proc "$root/proc"
    } >"$store/$suite.log" 2>&1
}

# Package clients in the new system reach what they reach in this one.
configure_clients() {
    local name value file
    cp /etc/resolv.conf /etc/hosts "$root/etc/"
    cp -rL --remove-destination /etc/ssl/certs/. "$root/etc/ssl/certs/"
    grep -l Acquire /etc/apt/apt.conf.d/* | xargs -r cp -t "$root/etc/apt/apt.conf.d"
    for file in "${PIP_CONFIG_FILE:-}" ~/.config/pip/pip.conf ~/.pip/pip.conf /etc/pip.conf; do
        [ -f "$file" ] && cp "$file" "$root/etc/pip.conf" && break
    done
    env | grep -E "$passed_on" >"$store/environment"
    while IFS='=' read -r name value; do
        case $name in
            PIP_CONFIG_FILE | UV_CACHE_DIR) sed -i "/^$name=/d" "$store/environment" ;;
            *) [ -f "$value" ] && cp -L --remove-destination --parents "$value" "$root" ;;
        esac
    done < <(cat "$store/environment")
    return 0
}

# The packages' download is not what is measured: uv's cache is kept, and begins as this system's.
# All systems use the one copy in turn, for it takes 5 GB.
give_cache() {
    local own
    mkdir -p "$root$home/.cache"
    downloaded=false
    own=$("$project/.setup/python/tools/bin/uv" cache dir 2>/dev/null || echo ~/.cache/uv)
    if [ -d "$store/cache" ]; then
        mv "$store/cache" "$root$home/.cache/uv"
        [ ! -e "$store/$suite.checked" ] || downloaded=true
    elif [ -d "$own" ]; then
        cp -a "$own" "$root$home/.cache/uv"
    fi
}

# Runs a shell command in the clone, as the user, with nothing else of this system's environment.
inside() {
    local variables
    mapfile -t variables <"$store/environment"
    chroot --userspec="$user:$user" "$root" env -i HOME="$home" USER="$user" LANG=C.UTF-8 \
        PATH=/usr/local/bin:/usr/bin:/bin "${variables[@]}" \
        bash -c "cd ~/tfx-updaters && $1"
}

# Takes the system away and keeps the cache.
close_system() {
    [ -n "$root" ] && [ -d "$root" ] || return 0
    local place
    for place in "$root/proc" "$root/dev/shm"; do
        mountpoint -q "$place" || continue
        umount "$place" || { echo "test-fresh: $place is in use and stays" >&2; return 1; }
    done
    [ -d "$root$home/.cache/uv" ] && [ ! -e "$store/cache" ] &&
        mv "$root$home/.cache/uv" "$store/cache"
    rm -rf --one-file-system "$root"
}
