# What every target is compiled with: the standard, warnings as errors, sanitizers, ccache and a fast linker.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

set(RAPPORT_SANITIZE "" CACHE STRING "Sanitizers of this build, as -fsanitize= takes them")

# The fuzzers are built with another compiler; warnings are g++'s business.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
    # A state or value with a forgotten field, a decider that no schema declares: both are bugs.
    -Wmissing-field-initializers -Wmissing-declarations
    # g++ 12 reports capnp builders in std::optional and some std::string moves falsely once it optimizes.
    $<$<NOT:$<CONFIG:Debug>>:-Wno-maybe-uninitialized>
    $<$<NOT:$<CONFIG:Debug>>:-Wno-restrict>
    $<$<NOT:$<CONFIG:Debug>>:-Wno-stringop-overflow>
    $<$<NOT:$<CONFIG:Debug>>:-Wno-array-bounds>
    $<$<NOT:$<CONFIG:Debug>>:-Wno-dangling-pointer>)
else()
  add_compile_options(-w)
endif()
add_compile_options(-fno-omit-frame-pointer)
if(RAPPORT_SANITIZE)
  add_compile_options(-fsanitize=${RAPPORT_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${RAPPORT_SANITIZE})
endif()

find_program(RAPPORT_CCACHE ccache)
if(RAPPORT_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${RAPPORT_CCACHE})
endif()
find_program(RAPPORT_MOLD mold)
if(RAPPORT_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
