#!/usr/bin/env bash
# check_awaits.sh ROOT: no `co_await` stands in a branch of `?:`, whose other branch g++ 12 destroys all the same
# (docs/architecture.md, "g++ 12"). Prints every offending line as file:line: text, and exits 1 if there is one.
set -euo pipefail
cd "$1"
if grep -rnE --include='*.hpp' --include='*.cpp' --include='*.md' '(\?|[^:]:) *co_await' \
    tusk services cli examples tests docs bench README.md | grep -vE 'for \(.*: co_await|(case [^:]*|default|public|private): co_await'; then
    echo "bind the result of the co_await to a variable of its own first" >&2
    exit 1
fi
