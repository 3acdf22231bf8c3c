# pmb_component(<name> DESCRIPTION <text> SOURCES <file>… [PUBLIC <target>…] [PRIVATE <target>…] [PC_PRIVATE <module>…]
#               [INCLUDES <folder>] [DEVELOPMENT <component>])
#
# Makes one library of pmb. For the name headless: the target pmb_headless, its alias pmb::headless, its part of pmb's CMake
# package, pmb-headless.pc, and what installs them. For the name pmb: pmb, pmb::pmb and pmb.pc. BUILD_SHARED_LIBS decides
# whether the library is shared.
#
# A target that exists only in this build is given as $<BUILD_INTERFACE:target>. PC_PRIVATE names the pkg-config modules of
# the PRIVATE targets; a static library needs them. The config file of pmb's CMake package finds the same. INCLUDES is where,
# below the prefix of an installation, the component has its headers or modules; without it, with those of pmb. DEVELOPMENT is
# the installation component of what only builds need: development, or the given one.

set(PMB_SYMBOLS ${PROJECT_BINARY_DIR}/symbols.map)
configure_file(${CMAKE_CURRENT_LIST_DIR}/symbols.map.in ${PMB_SYMBOLS} @ONLY)

function(pmb_component name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "DESCRIPTION;INCLUDES;DEVELOPMENT" "SOURCES;PUBLIC;PRIVATE;PC_PRIVATE")
  set(target pmb_${name})
  set(module pmb-${name})
  set(requires "Requires: pmb = ${PROJECT_VERSION}")
  if(name STREQUAL "pmb")
    set(target pmb)
    set(module pmb)
    set(requires "")
  endif()
  set(includes ${CMAKE_INSTALL_INCLUDEDIR})
  if(arg_INCLUDES)
    set(includes ${arg_INCLUDES})
  endif()
  set(development development)
  if(arg_DEVELOPMENT)
    set(development ${arg_DEVELOPMENT})
  endif()
  add_library(${target} ${arg_SOURCES})
  add_library(pmb::${name} ALIAS ${target})
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                                              $<INSTALL_INTERFACE:${includes}>
                                       PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${target} PUBLIC ${arg_PUBLIC} PRIVATE ${arg_PRIVATE} $<BUILD_INTERFACE:pmb_warnings>)
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name}
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}
    INSTALL_RPATH "$ORIGIN"
    POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  if(BUILD_SHARED_LIBS)
    # Calls inside the library stay direct, and may be inlined, although other libraries could replace exported functions.
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:C,CXX>:-fno-semantic-interposition>)
    target_link_options(${target} PRIVATE LINKER:-z,defs LINKER:--version-script=${PMB_SYMBOLS})
    set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${PMB_SYMBOLS})
  else()
    target_compile_definitions(${target} PUBLIC PMB_STATIC)
    list(JOIN arg_PC_PRIVATE ", " modules)
    string(APPEND requires "\nRequires.private: ${modules}\nLibs.private: -lstdc++ -ldl")
    set(definition " -DPMB_STATIC")
  endif()
  install(TARGETS ${target} EXPORT ${target}
          LIBRARY COMPONENT runtime NAMELINK_COMPONENT ${development}
          ARCHIVE COMPONENT ${development})
  install(EXPORT ${target} FILE ${target}.cmake NAMESPACE pmb:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/pmb
          COMPONENT ${development})

  set(folder ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  file(RELATIVE_PATH to_prefix /${folder} /)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/${module}.pc CONTENT [[
prefix=${pcfiledir}/@to_prefix@
Name: @module@
Description: @arg_DESCRIPTION@
Version: @PROJECT_VERSION@
@requires@
Cflags: -I${prefix}/@includes@@definition@
Libs: -L${prefix}/@CMAKE_INSTALL_LIBDIR@ -l@target@
]] @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${module}.pc DESTINATION ${folder} COMPONENT ${development})
endfunction()

# pmb_install_package(): the headers, and the CMake package that unites the components.
function(pmb_install_package)
  include(CMakePackageConfigHelpers)
  set(folder ${CMAKE_INSTALL_LIBDIR}/cmake/pmb)
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/pmbConfig.cmake.in ${PROJECT_BINARY_DIR}/pmbConfig.cmake
                                INSTALL_DESTINATION ${folder} NO_SET_AND_CHECK_MACRO)
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/pmbConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/pmbConfig.cmake ${PROJECT_BINARY_DIR}/pmbConfigVersion.cmake DESTINATION ${folder}
          COMPONENT development)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ TYPE INCLUDE COMPONENT development)
endfunction()
