#!/usr/bin/env bash
# check_floors.sh ROOT: no folder of the tree includes a floor that does not stand below its own. Prints every offending
# line as file:line: message, and exits 1 if there is one.
set -euo pipefail
rules=$(cd "$(dirname "$0")" && pwd)/floors.awk
cd "$1"
mapfile -d '' -t files < <(find tusk services cli \( -name '*.hpp' -o -name '*.cpp' \) -print0 2>/dev/null | sort -z)
[ ${#files[@]} != 0 ] || { echo "check_floors.sh: no sources below $1" >&2; exit 2; }
exec awk -f "$rules" "${files[@]}"
