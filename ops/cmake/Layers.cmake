# The layers of the house: domain <- eventstore <- projections <- adapters.
#
#   rapport_layer(NAME FOLDER domain/case MAY_INCLUDE domain LIBRARIES capnp HEADERS capnp kj)
#
# builds library rapport_NAME from every .cpp below FOLDER, links it to LIBRARIES, and records what its files may include:
# the folders in MAY_INCLUDE and system headers whose path starts with a name in HEADERS. Link visibility alone enforces
# nothing (system headers are visible to every target), so tests/layers reads the record and fails on any other include.
# EXCLUDE leaves out subfolders that are layers of their own. A new file needs no registration.
file(REMOVE ${CMAKE_BINARY_DIR}/layers.txt)

function(rapport_layer name)
  cmake_parse_arguments(ARG "" "FOLDER" "MAY_INCLUDE;HEADERS;LIBRARIES;EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${ARG_FOLDER}/*.cpp)
  foreach(excluded ${ARG_EXCLUDE})
    list(FILTER sources EXCLUDE REGEX "/${ARG_FOLDER}/${excluded}/")
  endforeach()
  if(sources)
    add_library(rapport_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(rapport_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(rapport_${name} ${scope} ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/gen)
  target_link_libraries(rapport_${name} ${scope} ${ARG_LIBRARIES})
  list(JOIN ARG_MAY_INCLUDE "," folders)
  list(JOIN ARG_HEADERS "," headers)
  list(JOIN ARG_EXCLUDE "," excluded)
  file(APPEND ${CMAKE_BINARY_DIR}/layers.txt "${ARG_FOLDER}|${folders}|${headers}|${excluded}\n")
endfunction()

# rapport_test(NAME LABEL unit LIBRARIES ...): one executable from every .cpp directly in the calling folder.
function(rapport_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/gen)
  target_compile_definitions(${name} PRIVATE RAPPORT_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
    RAPPORT_BINARY_DIR="${CMAKE_BINARY_DIR}" RAPPORT_PROGRAM="${CMAKE_BINARY_DIR}/rapport")
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} GTest::gtest GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  if(RAPPORT_SANITIZE)
    math(EXPR ARG_TIMEOUT "${ARG_TIMEOUT} * 10")  # as much slower as such a build may be
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${ARG_TIMEOUT})
endfunction()
