# SPDX-License-Identifier: MIT
"""Conan 2 recipe: conan create <pmb>/packaging/conan. The machine provides glad 2; Debian: python3-glad."""

import pathlib
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy


class Pmb(ConanFile):
    name = "pmb"
    license = "MIT"
    description = "Persistent mapped buffers for OpenGL: CPU and GPU work on the same memory"
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "headless": [True, False], "tbb": [True, False]}
    default_options = {"shared": False, "headless": True, "tbb": False}

    def set_version(self):
        header = pathlib.Path(self.recipe_folder, "../../include/pmb/version.hpp").read_text()
        self.version = re.search(r'PMB_VERSION_STRING "([^"]+)"', header)[1]

    def export_sources(self):
        tree = pathlib.Path(self.recipe_folder, "../..")
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*"):
            copy(self, pattern, tree, self.export_sources_folder)

    def validate(self):
        check_min_cppstd(self, 20)

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        self.requires("tl-expected/1.1.0", transitive_headers=True)
        self.requires("fmt/9.1.0")
        self.requires("highway/1.0.3")
        self.requires("nlohmann_json/3.11.2")
        if self.options.headless:
            self.requires("egl/system")
        if self.options.tbb:
            self.requires("onetbb/2021.9.0")

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["PMB_BUILD_HEADLESS"] = bool(self.options.headless)
        toolchain.cache_variables["PMB_BUILD_TBB"] = bool(self.options.tbb)
        toolchain.cache_variables["PMB_BUILD_TOOLS"] = False
        toolchain.cache_variables["PMB_BUILD_PYTHON"] = False
        toolchain.cache_variables["PMB_BUILD_FORTRAN"] = False
        toolchain.cache_variables["PMB_BUILD_TESTS"] = False
        toolchain.cache_variables["PMB_BUILD_BENCH"] = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, pathlib.Path(self.package_folder, "licenses"))

    def package_info(self):
        # The package brings its own config file, pmbConfig.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs.append("lib/cmake/pmb")
