#!/usr/bin/env bash
# consumers.sh SOURCE BUILD WORK CXX install|find_package|pkg_config|add_subdirectory
#
# Installs BUILD into WORK/prefix, and builds and runs the program of tests/compile/consumer against it the ways that
# users do. Each run starts from nothing. The compiler's flags are $CXXFLAGS.
set -euo pipefail
source=$1 build=$2 work=$3 compiler=$4 what=$5
prefix=$work/prefix
here=$source/tests/compile
mkdir -p "$work"
rm -rf "${work:?}/$what"

check_output() {
    local output
    output=$("$1")
    echo "$output"
    [ "$output" = "SQLSTATE 23505 is a duplicate" ] || { echo "unexpected output of $1"; exit 1; }
}

configure() {
    cmake -G Ninja -S "$1" -B "$work/$what" -DCMAKE_CXX_COMPILER="$compiler" \
        -DCMAKE_BUILD_TYPE=Debug "${@:2}"
}

case $what in
install)
    rm -rf "$prefix"
    cmake --install "$build" --prefix "$prefix" >"$work/install.log"
    # What is installed must not lead back to where it was built.
    if grep -rlF -e "$build" -e "$source" "$prefix" --include='*.cmake' --include='*.pc' --include='*.hpp'; then
        echo "these installed files name the build tree"
        exit 1
    fi
    ;;
find_package)
    configure "$here/consumer" -DCMAKE_PREFIX_PATH="$prefix"
    cmake --build "$work/$what"
    check_output "$work/$what/consumer"
    ;;
pkg_config)
    mkdir -p "$work/$what"
    # shellcheck disable=SC2046,SC2086 # flags are words
    (
        export PKG_CONFIG_PATH
        PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name tusk.pc)")
        pkg-config --print-errors --exists tusk tusk-testing
        set -x
        "$compiler" -std=c++20 ${CXXFLAGS:-} "$here/consumer/main.cpp" -o "$work/$what/consumer" \
            $(pkg-config --cflags --libs tusk)
    )
    check_output "$work/$what/consumer"
    ;;
add_subdirectory)
    configure "$here/subproject" -DTUSK_SOURCE="$source"
    cmake --build "$work/$what" --target consumer
    check_output "$work/$what/consumer"
    ;;
*)
    echo "unknown: $what"
    exit 2
    ;;
esac
