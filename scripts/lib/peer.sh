# shellcheck shell=bash
# What bench/peers/*/setup have in common; sourced with the checkout as the working directory and the name of the peer
# in PEER. Each makes build/bench/PEER/run.
set -euo pipefail
. scripts/lib/machine.sh

source=$PWD/bench/peers/${PEER:?}
peer=$PWD/build/bench/$PEER
mkdir -p "$peer"

# up_to_date FILE SOURCE...: whether it is there, and newer than everything it is made of.
up_to_date() {
    [ -e "$1" ] && [ -z "$(find "${@:2}" -type f -newer "$1" -print -quit)" ]
}

# run_with COMMAND...: makes `run` a call of it.
run_with() {
    printf '#!/bin/sh\nexec %s "$@"\n' "$*" >"$peer/run"
    chmod +x "$peer/run"
}

# build_cpp LIBRARY...: the peer's sources and what they share with tusk-bench.
build_cpp() {
    local shared=(bench/{allocations,data,json,measure,pin}.cpp bench/peers/peer_main.cpp)
    ! up_to_date "$peer/run" "$source" "${shared[@]}" bench/*.hpp bench/peers/*.hpp || return 0
    # shellcheck disable=SC2046 # options are words
    g++ -std=c++20 -O2 -DNDEBUG -I. $(pkg-config --cflags libpq) "$source"/*.cpp "${shared[@]}" -o "$peer/run" -lfmt "${@/#/-l}"
}
