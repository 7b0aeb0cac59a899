# Tests. Labels: unit, integration, compile; those that `make test` leaves out: unit-slow, integration-slow.
include(GoogleTest)

# Parsing GoogleTest takes four times as long as the average test file, so that it is parsed once: every test program
# reuses this program's precompiled header (an executable, since the flags have to be the same to the letter).
set(tusk_test_pch_source ${PROJECT_BINARY_DIR}/tusk_test_pch.cpp)
file(CONFIGURE OUTPUT ${tusk_test_pch_source} CONTENT "int main() {}\n" @ONLY)
add_executable(tusk_test_pch EXCLUDE_FROM_ALL ${tusk_test_pch_source})
target_link_libraries(tusk_test_pch PRIVATE GTest::gtest_main tusk_warnings)
target_precompile_headers(tusk_test_pch PRIVATE <gtest/gtest.h> <string> <string_view> <vector> <chrono>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(tusk_test_pch PRIVATE -fpch-preprocess) # for ccache
endif()

# tusk_test(KIND PART [LINK targets...] [TIMEOUT seconds] [SLOW filter] [NO_PCH] [PRIVATE_SERVER]) in tests/KIND/PART/: one executable
# KIND_PART of every .cpp of the folder, on GoogleTest, each test a ctest entry labelled KIND and limited to TIMEOUT
# (60 s). SLOW is a GoogleTest filter ("soak.*:*.takes_minutes"): what it selects is labelled KIND-slow, so that
# `ctest -L slow`, `-LE slow` and `-L KIND` all see it, and has 10 minutes. PRIVATE_SERVER: each test has a server to itself
# (the tests stop processes of it, or look at more than their own database); else all of a run share one.
function(tusk_test kind part)
    cmake_parse_arguments(TEST "NO_PCH;PRIVATE_SERVER" "TIMEOUT;SLOW" "LINK" ${ARGN})
    if(NOT TEST_TIMEOUT)
        set(TEST_TIMEOUT 60)
    endif()
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
    if(NOT sources)
        return()
    endif()
    foreach(library IN LISTS TEST_LINK)
        if(library MATCHES "^tusk::" AND NOT TARGET ${library} AND NOT TUSK_BUILD_PROGRAMS)
            return() # a test of what programs share
        endif()
    endforeach()
    set(target ${kind}_${part})
    add_executable(${target} ${sources})
    target_link_libraries(${target} PRIVATE ${TEST_LINK} GTest::gtest_main tusk_warnings)
    if(NOT TEST_NO_PCH)
        target_precompile_headers(${target} REUSE_FROM tusk_test_pch)
        if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
            target_compile_options(${target} PRIVATE -fpch-preprocess)
        endif()
    endif()
    set(common TEST_PREFIX "${kind}.${part}." DISCOVERY_TIMEOUT 60)
    set(environment)
    if(TEST_PRIVATE_SERVER)
        set(environment ENVIRONMENT TUSK_TEST_SERVER=private)
    endif()
    if(TEST_SLOW)
        gtest_discover_tests(${target} ${common} TEST_FILTER "-${TEST_SLOW}" TEST_LIST ${target}_quick
            PROPERTIES LABELS ${kind} TIMEOUT ${TEST_TIMEOUT} ${environment})
        gtest_discover_tests(${target} ${common} TEST_FILTER "${TEST_SLOW}" TEST_LIST ${target}_slow
            PROPERTIES LABELS ${kind}-slow TIMEOUT 600 ${environment})
    else()
        gtest_discover_tests(${target} ${common} PROPERTIES LABELS ${kind} TIMEOUT ${TEST_TIMEOUT} ${environment})
    endif()
endfunction()
