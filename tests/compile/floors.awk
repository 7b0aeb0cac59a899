# The house as a table. A file may include its own folder and folders on a lower floor; the wings are apart.
BEGIN {
    split("core 1, wire 2, observe 2, embedded 2, types 3, protocol 3, net 4, client 5, pool 6, schema 6, doctor 6, " \
          "orm 7, migrate 7, testing 8, services/common 8, services/http 8, services/alerthist 8, services/talk 8, " \
          "cli 9", rows, ", ")
    for (i in rows) { split(rows[i], row, " "); floor[row[1]] = row[2] }

    # Below, and yet not to be known.
    apart["orm schema"] = apart["migrate pool"] = 1
    # On the same floor, and yet to be used.
    allowed["services/alerthist services/http"] = allowed["services/talk services/http"] = 1
    allowed["services/alerthist services/common"] = allowed["services/talk services/common"] = 1
    allowed["services/common services/http"] = 1
}

# The folder that a path of the tree belongs to; an umbrella header <tusk/pool.hpp> belongs to its folder.
function part_of(path,   piece) {
    split(path, piece, "/")
    if (piece[1] == "cli") return "cli"
    if (piece[1] == "services") return "services/" piece[2]
    sub(/\.hpp$/, "", piece[2])
    return piece[2]
}

function report(message) {
    print FILENAME ":" FNR ": " message ": " $0
    bad++
}

FNR == 1 {
    own = part_of(FILENAME)
    public = FILENAME ~ /^tusk\/.*\.hpp$/ && FILENAME !~ /\/detail\//
    if (!(own in floor)) report("'" own "' has no floor in tests/compile/floors.awk")
}

match($0, /^[ \t]*#[ \t]*include[ \t]*[<"][^>"]+[>"]/) {
    path = substr($0, RSTART, RLENGTH)
    sub(/^[^<"]*[<"]/, "", path)
    sub(/[>"].*$/, "", path)
    includes++

    if (path ~ /(^|\/)\.\.\//) { report("a path out of the folder"); next }
    if (path ~ /^boost\/beast/ && own != "services/http") { report("Beast stays in services/http"); next }
    if (path ~ /^(http|alerthist|talk)\// && own ~ /^services\//) path = "services/" path
    if (path !~ /^(tusk|services|cli)\//) next

    other = part_of(path)
    if (other == own) next
    if (!(other in floor)) { report("'" other "' has no floor in tests/compile/floors.awk"); next }
    pair = own " " other
    if (pair in apart) report("'" own "' must know nothing of '" other "'")
    else if (floor[other] >= floor[own] && !(pair in allowed)) report("'" own "' (floor " floor[own] \
        ") includes '" other "' (floor " floor[other] ")")
    else if (public && path ~ /\/detail\//) report("a public header includes another folder's detail/")
}

END {
    if (bad) { print bad " of " includes " includes break the floors"; exit 1 }
    print includes " includes, none upward"
}
