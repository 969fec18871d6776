# A room is one directory of src/: one library nacre_<room> with explicit dependencies, and, from
# its *_test.cc files, one test program nacre_<room>_test.
#
#   nacre_room(page DEPENDS io LIBRARIES fmt::fmt)
#
# DEPENDS names rooms below, LIBRARIES whatever else the room's code links, TEST_LIBRARIES what only
# its tests link.
function(nacre_room room)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LIBRARIES;TEST_LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${room}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")

  set(library nacre_${room})
  if(sources)
    add_library(${library} STATIC ${sources})
    nacre_precompile(${library} code)
    set(kind PUBLIC)
  else()
    add_library(${library} INTERFACE)
    set(kind INTERFACE)
  endif()
  target_include_directories(${library} ${kind} ${PROJECT_SOURCE_DIR}/src
                                               ${PROJECT_SOURCE_DIR}/include)
  list(TRANSFORM ARG_DEPENDS PREPEND nacre_)
  target_link_libraries(${library} ${kind} ${ARG_DEPENDS} ${ARG_LIBRARIES})

  file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}
       ${CMAKE_CURRENT_SOURCE_DIR}/${room}/*.h)
  nacre_headers(${library}_headers HEADERS ${headers} LIBRARIES ${library})

  if(NACRE_TESTS AND tests)
    nacre_test(${library}_test LABEL unit SOURCES ${tests}
               LIBRARIES ${library} ${ARG_TEST_LIBRARIES})
  endif()
  if(NACRE_FUZZ)
    file(GLOB targets CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${room}/*_fuzz.cc)
    foreach(source IN LISTS targets)
      cmake_path(GET source STEM target)
      add_executable(${target} ${source})
      target_link_libraries(${target} PRIVATE ${library})
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    endforeach()
  endif()
endfunction()

# Each header compiled alone, as the first and only line of a file; built by the target `headers`.
function(nacre_headers target)
  cmake_parse_arguments(ARG "" "" "HEADERS;LIBRARIES" ${ARGN})
  if(NOT ARG_HEADERS)
    return()
  endif()
  set(sources)
  foreach(header IN LISTS ARG_HEADERS)
    set(alone ${CMAKE_BINARY_DIR}/headers/${header}.cc)
    file(CONFIGURE OUTPUT ${alone} CONTENT "#include \"${header}\"\n")
    list(APPEND sources ${alone})
  endforeach()
  add_library(${target} OBJECT EXCLUDE_FROM_ALL ${sources})
  target_link_libraries(${target} PRIVATE ${ARG_LIBRARIES})
  if(NOT TARGET headers)
    add_custom_target(headers)
  endif()
  add_dependencies(headers ${target})
endfunction()

# One GoogleTest program, each of its tests known to ctest under LABEL. A test finds in its
# environment
#   NACRE_BIN   the `nacre` program of the same build
#   NACRE_NODE  the folder with `node` (a program) and `node_modules/` (mongodb, mongosh); where
#               $NACRE_NODE/node does not exist, the test skips and says that ./dev test brings it
function(nacre_test target)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  add_executable(${target} ${ARG_SOURCES})
  nacre_precompile(${target} tests)
  target_compile_definitions(${target} PRIVATE NACRE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${target} PRIVATE ${ARG_LIBRARIES} GTest::gtest GTest::gmock
                                          GTest::gtest_main)
  include(GoogleTest)
  gtest_discover_tests(${target} DISCOVERY_TIMEOUT 60
                       PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${ARG_TIMEOUT}
                       # Two properties because a list would not pass through this command.
                       ENVIRONMENT "NACRE_BIN=${CMAKE_BINARY_DIR}/bin/nacre"
                       ENVIRONMENT_MODIFICATION
                       "NACRE_NODE=set:${PROJECT_SOURCE_DIR}/build/node")
endfunction()
