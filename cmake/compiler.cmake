# Warnings are errors; library assertions are on in every build; sanitizers by NACRE_SANITIZE.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror)
add_compile_definitions(_GLIBCXX_ASSERTIONS)
if(NACRE_SANITIZE)
  add_compile_options(-fsanitize=${NACRE_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${NACRE_SANITIZE})
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
