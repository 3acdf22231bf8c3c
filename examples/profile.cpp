// SPDX-License-Identifier: MIT
// Plans follow a profile of this driver: the first start measures it, later starts load it.
#include <chrono>
#include <filesystem>
#include <string>

#include <pmb/tune/calibrate.hpp>

#include "setup.hpp"

namespace {

using namespace std::chrono_literals;

/// The program's own file; `pmb tune` keeps its files in Profile::default_folder().
std::string profile_file() {
  return (std::filesystem::temp_directory_path() / "pmb_sample_profile" / "profile.json").string();
}

pmb::Context open_context() {
  pmb::Options options;
  options.profile = profile_file();
  auto context = sample::need(pmb::Context::from_current(pmb::HeadlessContext::loader(), options));
  if (!context.profile()) {  // the first start, or a new driver: profile_error() says which
    const auto measured = sample::need(pmb::calibrate(context, {.budget = 300ms}));
    sample::need(measured.profile.save(profile_file()));
  }
  return context;
}

}  // namespace

int main() {
  sample::Gl gl;
  std::filesystem::remove_all(std::filesystem::path(profile_file()).parent_path());
  const auto first = open_context();
  const auto second = open_context();
  sample::expect(first.profile() != nullptr, "nothing was measured");
  sample::expect(second.profile() != nullptr && pmb::profile_file(second) == profile_file(),
                 "nothing was found");
  sample::expect(first.profile()->to_json() == second.profile()->to_json(), "another profile was found");
  std::filesystem::remove_all(std::filesystem::path(profile_file()).parent_path());
  return 0;
}
