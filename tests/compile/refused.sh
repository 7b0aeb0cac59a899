#!/usr/bin/env bash
# refused.sh SOURCE COMMAND...
#
# Compiles SOURCE by COMMAND. Its first line is `// expect: TEXT`: then it must not compile, and the compiler must say
# TEXT. Without that line it must compile.
set -euo pipefail
source=$1
shift
expected=$(sed -n '1s|^// expect: ||p' "$source")
if output=$("$@" -fsyntax-only "$source" 2>&1); then
    [ -z "$expected" ] && exit 0
    echo "$source compiles; the compiler should have said: $expected"
    exit 1
fi
if [ -n "$expected" ] && grep -qF -- "$expected" <<<"$output"; then exit 0; fi
echo "$output"
echo "expected: ${expected:-no error}"
exit 1
