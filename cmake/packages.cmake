# Debian packages by CPack: libpmb0, libpmb-dev and, where they are built, libpmb-fortran-dev, pmb and python3-pmb.
# `./run package` configures the preset that includes this file.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The pmb authors <pmb@example.org>")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
# Each package has a summary: the first line of its description.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
    WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/src)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
# The driver that renders on the CPU, and on GPUs whose vendor has no own.
set(CPACK_DEBIAN_RUNTIME_PACKAGE_RECOMMENDS libgl1-mesa-dri)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/packaging/debian/triggers)

# pmb_package(<component> <package> <section> <depends> <title> <text>)
set(CPACK_COMPONENTS_ALL "")
macro(pmb_package component package section depends title text)
  string(TOUPPER ${component} upper)
  list(APPEND CPACK_COMPONENTS_ALL ${component})
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${package})
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${section})
  set(CPACK_DEBIAN_${upper}_PACKAGE_DEPENDS "${depends}")
  set(CPACK_COMPONENT_${upper}_DESCRIPTION "${title}\n${text}")
  install(FILES ${PROJECT_SOURCE_DIR}/packaging/debian/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package}
          COMPONENT ${component})
  install(FILES ${PROJECT_BINARY_DIR}/changelog.gz DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package}
          COMPONENT ${component})
endmacro()

execute_process(COMMAND gzip -9nc ${PROJECT_SOURCE_DIR}/packaging/debian/changelog
                OUTPUT_FILE ${PROJECT_BINARY_DIR}/changelog.gz COMMAND_ERROR_IS_FATAL ANY)
set(about "pmb streams data to and from the GPU through memory that both share,\nwithout driver copies, stalls or corruption.")
# dpkg-shlibdeps knows no package of a library that is not installed.
set(same "libpmb0 (= ${PROJECT_VERSION})")
pmb_package(runtime libpmb0 libs "" "Persistent mapped buffers for OpenGL" "${about}\n.\nThese are the shared libraries for C++, C and Fortran.")
pmb_package(development libpmb-dev libdevel "${same}, libexpected-dev"
            "Persistent mapped buffers for OpenGL (development files)"
            "${about}\n.\nThese are the headers, the CMake package and the files of pkg-config.")
if(TARGET pmb_fortran)
  pmb_package(fortran libpmb-fortran-dev libdevel "libpmb-dev (= ${PROJECT_VERSION}), gfortran | gfortran-mod-15"
              "Persistent mapped buffers for OpenGL (Fortran module)"
              "${about}\n.\nThis is the Fortran module gpu_persistent_buffers, with its files for CMake and\npkg-config.")
endif()
if(TARGET pmb_program)
  pmb_package(program pmb utils "${same}" "Streams data through compute shaders of OpenGL, and measures its transfers"
              "${about}\n.\nThis program shows what a driver offers, runs a compute shader over a\nstream, and measures transfers.")
endif()
if(TARGET pmb_python)
  pmb_package(python python3-pmb python "${same}, ${PMB_PYTHON_DEPENDS}" "Persistent mapped buffers for OpenGL (Python module)"
              "${about}\n.\nThis is the Python module pmb.")
endif()
include(CPack)
