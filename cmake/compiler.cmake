# Warnings are errors; library assertions are on in every build; sanitizers by NACRE_SANITIZE, and
# without them the hardening that costs nothing measurable. (-ftrivial-auto-var-init is not among it:
# it would clear every page-sized buffer on the stack before it is filled.)
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
add_compile_definitions(_GLIBCXX_ASSERTIONS)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # libstdc++ 12's own std::stable_sort uses what it marks deprecated, and hides that from g++ only.
  add_compile_options(-U__DEPRECATED)
endif()
if(NACRE_SANITIZE)
  add_compile_options(-fsanitize=${NACRE_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${NACRE_SANITIZE})
  if(NACRE_SANITIZE MATCHES "address")
    # What the sanitizers know of each line is a hundred megabytes full of addresses, which a program
    # that may lie anywhere puts right at every start, in each of a thousand tests.
    add_compile_options(-fno-pie)
    add_link_options(-no-pie)
  endif()
  if(NACRE_SANITIZE MATCHES "undefined" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Asked at each access to a member, these two are a third of the time of a build and six parts in
    # seven of a program's data, which every start of a test reads. AddressSanitizer ends at a null
    # pointer without them, and the preset fuzz keeps both.
    add_compile_options(-fno-sanitize=null,alignment)
  endif()
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-fstack-protector-strong -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64")
    add_compile_options(-fcf-protection)
  endif()
  add_compile_definitions(_FORTIFY_SOURCE=2)
  include(CheckPIESupported)
  check_pie_supported()
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
endif()

find_program(NACRE_CCACHE ccache)
if(NACRE_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${NACRE_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${NACRE_CCACHE})
endif()
# g++ finds the linker by the name ld.lld only, which Debian keeps in LLVM's own directory.
find_program(NACRE_LLD NAMES ld.lld PATHS /usr/lib/llvm-19/bin)
if(NACRE_LLD)
  cmake_path(GET NACRE_LLD PARENT_PATH lld_directory)
  add_link_options(-B${lld_directory} -fuse-ld=lld)
endif()
