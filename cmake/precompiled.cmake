# The standard library's headers, and GoogleTest's for tests, parsed once for all sources of a build
# (NACRE_PRECOMPILE): a quarter of the time of a cold one. That each file includes what it uses is
# seen by the presets that leave it off, lint's among them.
set(nacre_precompiled
    <algorithm> <array> <atomic> <bit> <charconv> <chrono> <cmath> <condition_variable> <cstring>
    <expected> <fstream> <functional> <limits> <map> <memory> <mutex> <optional> <random> <ranges>
    <set> <span> <sstream> <string> <string_view> <thread> <unordered_map> <utility> <variant>
    <vector> <fmt/format.h>)

# nacre_precompile(TARGET code|tests)
function(nacre_precompile target kind)
  if(NOT NACRE_PRECOMPILE)
    return()
  endif()
  set(owner nacre_precompiled_${kind})
  if(NOT TARGET ${owner})
    set(empty ${CMAKE_BINARY_DIR}/precompiled_${kind}.cc)
    file(CONFIGURE OUTPUT ${empty} CONTENT "")
    add_library(${owner} OBJECT ${empty})
    target_link_libraries(${owner} PRIVATE fmt::fmt)
    target_precompile_headers(${owner} PRIVATE ${nacre_precompiled})
    if(kind STREQUAL "tests")
      target_link_libraries(${owner} PRIVATE GTest::gtest)
      target_precompile_headers(${owner} PRIVATE <gtest/gtest.h>)
    endif()
  endif()
  # As defined for the owner, or the compiler refuses what it was told to use.
  target_link_libraries(${target} PRIVATE fmt::fmt)
  target_precompile_headers(${target} REUSE_FROM ${owner})
endfunction()
