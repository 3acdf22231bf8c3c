// SPDX-License-Identifier: MIT
// Removes variables of the environment, and restores them at its end.
#pragma once

#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/platform.hpp"

namespace test_support {

class Environment {
 public:
  Environment(std::initializer_list<const char*> names) {
    for (const char* name : names) {
      const char* value = std::getenv(name);
      before_.emplace_back(name, value ? std::optional<std::string>(value) : std::nullopt);
      set_variable(name, nullptr);
    }
  }
  ~Environment() {
    for (const auto& [name, value] : before_) set_variable(name, value ? value->c_str() : nullptr);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  std::vector<std::pair<const char*, std::optional<std::string>>> before_;
};

}  // namespace test_support
