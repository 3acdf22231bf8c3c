# An overlay port: vcpkg install pmb --overlay-ports=<pmb>/packaging/vcpkg. It builds the tree that it lies in. The machine
# provides glad 2 and EGL; Debian: python3-glad libegl-dev.
cmake_path(GET CURRENT_PORT_DIR PARENT_PATH packaging)
cmake_path(GET packaging PARENT_PATH SOURCE_PATH)

vcpkg_check_features(OUT_FEATURE_OPTIONS features FEATURES headless PMB_BUILD_HEADLESS tbb PMB_BUILD_TBB)
vcpkg_cmake_configure(SOURCE_PATH ${SOURCE_PATH}
                      OPTIONS ${features} -DPMB_BUILD_TOOLS=OFF -DPMB_BUILD_PYTHON=OFF -DPMB_BUILD_FORTRAN=OFF
                              -DPMB_BUILD_TESTS=OFF -DPMB_BUILD_BENCH=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/pmb)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE ${CURRENT_PACKAGES_DIR}/debug/include)
vcpkg_install_copyright(FILE_LIST ${SOURCE_PATH}/LICENSE)
