# Puts console/dist into a program. As a module: tusk_embed_console(target) adds a source that defines
# tusk::alerthist::console_files() (services/alerthist/console_files.hpp). As a script it writes that source:
#   cmake -DOUT=x.cpp -DDIST=console/dist -DGZIP=gzip -P embed.cmake
# Node.js is not needed: dist is a part of the checkout.

function(tusk_embed_console target)
    set(dist ${PROJECT_SOURCE_DIR}/console/dist)
    set(source ${CMAKE_CURRENT_BINARY_DIR}/console_files.cpp)
    find_program(TUSK_GZIP gzip REQUIRED)
    file(GLOB_RECURSE files CONFIGURE_DEPENDS ${dist}/*)
    add_custom_command(
        OUTPUT ${source}
        COMMAND ${CMAKE_COMMAND} -DOUT=${source} -DDIST=${dist} -DGZIP=${TUSK_GZIP}
                -P ${PROJECT_SOURCE_DIR}/console/embed.cmake
        DEPENDS ${files} ${PROJECT_SOURCE_DIR}/console/embed.cmake
        COMMENT "Embedding the console"
        VERBATIM)
    # Longer literals than the standard promises: g++ and clang have no limit.
    set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON COMPILE_OPTIONS -Wno-overlength-strings)
    target_sources(${target} PRIVATE ${source})
endfunction()

if(NOT CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
    return()
endif()
cmake_minimum_required(VERSION 3.25)

# A string literal of 64 bytes a line for the bytes of a file; sets <name> and <name>_size.
function(read_literal file name)
    file(READ ${file} hex HEX)
    string(LENGTH "${hex}" digits)
    math(EXPR size "${digits} / 2")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" escaped "${hex}")
    set(line "\\\\x..")
    foreach(twice RANGE 1 6)
        string(APPEND line "${line}")
    endforeach()
    string(REGEX REPLACE "(${line})" "\\1\"\n\"" lines "${escaped}")
    set(${name} "\"${lines}\"" PARENT_SCOPE)
    set(${name}_size ${size} PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE files RELATIVE ${DIST} ${DIST}/*)
list(REMOVE_ITEM files SHA256SUMS)
list(SORT files)
if(NOT "index.html" IN_LIST files)
    message(FATAL_ERROR "${DIST} has no index.html: run `npm ci && npm run build` in console")
endif()
set(text "// Made by console/embed.cmake of console/dist.\n#include <services/alerthist/console_files.hpp>\n\n")
string(APPEND text "namespace tusk::alerthist {\n\nnamespace {\n\nconstexpr console_file files[] = {\n")
foreach(file IN LISTS files)
    read_literal(${DIST}/${file} plain)
    # -n: no name and no time, so that the same console gives the same program.
    execute_process(COMMAND ${GZIP} -9 -n -c ${DIST}/${file} OUTPUT_FILE ${OUT}.gz COMMAND_ERROR_IS_FATAL ANY)
    read_literal(${OUT}.gz gzipped)
    file(REMOVE ${OUT}.gz)
    if(gzipped_size LESS plain_size)
        set(packed "{${gzipped}, ${gzipped_size}}")
    else()
        set(packed "{}")
    endif()
    string(APPEND text "    {\"${file}\",\n{${plain}, ${plain_size}},\n${packed}},\n")
endforeach()
string(APPEND text "};\n\n} // namespace\n\nstd::span<const console_file> console_files() noexcept { return files; }\n\n")
string(APPEND text "} // namespace tusk::alerthist\n")
file(WRITE ${OUT} "${text}")
