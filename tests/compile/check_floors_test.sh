#!/usr/bin/env bash
# check_floors.sh accepts a tree that keeps the rules and reports, by file and line, each kind of tree that does not.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
failed=0

# tree FILE LINE [FILE LINE]...: a fresh tree; FILE consists of a comment and LINE.
tree() {
    rm -rf "$temporary/tree"
    mkdir "$temporary/tree"
    while [ $# -gt 0 ]; do
        mkdir -p "$temporary/tree/$(dirname "$1")"
        printf '// first line\n%s\n' "$2" >"$temporary/tree/$1"
        shift 2
    done
}

accepts() {
    tree "$@"
    if ! "$here/check_floors.sh" "$temporary/tree" >"$temporary/out" 2>&1; then
        echo "not accepted: $*"
        cat "$temporary/out"
        failed=1
    fi
}

# rejects EXPECTED FILE LINE...: the report starts with FILE:2 and contains EXPECTED.
rejects() {
    local expected=$1 status=0
    shift
    tree "$@"
    "$here/check_floors.sh" "$temporary/tree" >"$temporary/out" 2>&1 || status=$?
    if [ $status != 1 ] || ! grep -F "$1:2: " "$temporary/out" | grep -qF "$expected" ||
        ! grep -F "$1:2: " "$temporary/out" | grep -qF "$2"; then
        echo "expected exit 1 and '$1:2: ... $expected', got exit $status for: $*"
        cat "$temporary/out"
        failed=1
    fi
}

accepts tusk/client/a.hpp '#include <tusk/net/b.hpp>'
accepts tusk/client/a.hpp '#include <tusk/client/detail/b.hpp>'
accepts tusk/pool/a.cpp '#include <tusk/client/detail/b.hpp>'
accepts tusk/pool.hpp '#include <tusk/pool/pool.hpp>'
accepts tusk/orm/a.hpp '#include <tusk/pool.hpp>'
accepts services/talk/a.hpp '#include <services/http/router.hpp>'
accepts services/http/a.cpp '#include <boost/beast/core.hpp>'
accepts cli/a.cpp '#include <tusk/migrate.hpp>'
accepts tusk/core/a.hpp '#include <vector>' tusk/wire/b.hpp '// #include <tusk/net/b.hpp> in a comment'

rejects "'core' (floor 1) includes 'wire' (floor 2)" tusk/core/a.hpp '#include <tusk/wire/b.hpp>'
rejects "'client' (floor 5) includes 'pool' (floor 6)" tusk/client/a.cpp '  #  include <tusk/pool.hpp>'
rejects "'net' (floor 4) includes 'client'" tusk/net/detail/a.hpp '#include "tusk/client/b.hpp" // why'
rejects "'types' (floor 3) includes 'protocol' (floor 3)" tusk/types/a.hpp '#include <tusk/protocol/b.hpp>'
rejects "'observe' (floor 2) includes 'wire'" tusk/observe/a.cpp '#include <tusk/wire/b.hpp>'
rejects "'embedded' (floor 2) includes 'client'" tusk/embedded/a.cpp '#include <tusk/client/b.hpp>'
rejects "'pool' (floor 6) includes 'schema'" tusk/pool/a.cpp '#include <tusk/schema/b.hpp>'
rejects "'schema' (floor 6) includes 'pool'" tusk/schema/a.cpp '#include <tusk/pool.hpp>'
rejects "'orm' must know nothing of 'schema'" tusk/orm/a.hpp '#include <tusk/schema/b.hpp>'
rejects "'orm' (floor 7) includes 'migrate'" tusk/orm/a.hpp '#include <tusk/migrate/b.hpp>'
rejects "'pool' (floor 6) includes 'migrate'" tusk/pool/a.hpp '#include <tusk/migrate.hpp>'
rejects "'migrate' must know nothing of 'pool'" tusk/migrate/a.cpp '#include <tusk/pool.hpp>'
rejects "'testing' (floor 8) includes 'services/http'" tusk/testing/a.cpp '#include <services/http/b.hpp>'
rejects "'services/talk' (floor 8) includes 'services/alerthist'" services/talk/a.cpp '#include <services/alerthist/b.hpp>'
rejects "'services/talk' (floor 8) includes 'services/alerthist'" services/talk/a.cpp '#include "alerthist/b.hpp"'
rejects "'services/http' (floor 8) includes 'services/talk'" services/http/a.cpp '#include <services/talk/b.hpp>'
rejects "includes 'cli'" services/talk/a.cpp '#include <cli/b.hpp>'
rejects "another folder's detail/" tusk/pool/a.hpp '#include <tusk/client/detail/b.hpp>'
rejects "another folder's detail/" tusk/pool.hpp '#include <tusk/client/detail/b.hpp>'
rejects "a path out of the folder" tusk/pool/a.cpp '#include "../client/b.hpp"'
rejects "Beast stays in services/http" services/talk/a.hpp '#include <boost/beast/http.hpp>'
rejects "'attic' has no floor" tusk/pool/a.hpp '#include <tusk/attic/b.hpp>'

# A folder that nobody gave a floor, and a tree without sources, are mistakes too.
tree tusk/attic/a.hpp '#include <vector>'
if "$here/check_floors.sh" "$temporary/tree" >"$temporary/out" 2>&1; then echo "an unknown folder passed"; failed=1; fi
tree README.md text
if "$here/check_floors.sh" "$temporary/tree" >"$temporary/out" 2>&1; then echo "an empty tree passed"; failed=1; fi

[ $failed = 0 ] && echo "the checker sees what it has to see"
exit $failed
