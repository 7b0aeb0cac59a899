# Options and compiler settings of the whole tree. As a subproject Tusk builds the libraries only and leaves
# the global flags alone.
option(TUSK_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(TUSK_BUILD_PROGRAMS "Build the tusk command, the services and the benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(TUSK_BUILD_FUZZERS "Build the libFuzzer targets (clang only)" OFF)
option(TUSK_INSTALL "Make the install targets" ${PROJECT_IS_TOP_LEVEL})
option(TUSK_WERROR "Treat warnings as errors" OFF)
set(TUSK_SANITIZE "" CACHE STRING "Sanitizers, comma separated: address,undefined or thread")

set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET default)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(PROJECT_IS_TOP_LEVEL)
    set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
    set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
    find_program(TUSK_CCACHE ccache)
    if(TUSK_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
        # Without this sloppiness nothing that uses a precompiled header (every test) would be cached.
        set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros ${TUSK_CCACHE})
    endif()
endif()

add_library(tusk_warnings INTERFACE)
target_compile_options(tusk_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
    # g++ 12 takes Asio's coroutine frames, once inlined, for memory of another operator new.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete> $<$<BOOL:${TUSK_WERROR}>:-Werror>
    # Sources that are compiled together look like headers to it.
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:${CMAKE_UNITY_BUILD}>>:-Wno-subobject-linkage>)

if(TUSK_SANITIZE)
    add_compile_options(-fsanitize=${TUSK_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # Half of the time that the compiler takes, for what AddressSanitizer finds too. Builds by clang have them.
        add_compile_options(-fno-sanitize=null,alignment,object-size,vptr)
    endif()
    add_link_options(-fsanitize=${TUSK_SANITIZE})
endif()
