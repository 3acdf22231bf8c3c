// SPDX-License-Identifier: MIT
// Profile files: text that is accepted is written again as text that is accepted and says the same.
#include <pmb/tune/profile.hpp>

#include "fuzz_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto profile = pmb::Profile::from_json(fuzz::text_of(data, size));
  if (!profile) {
    const pmb::ErrorId id = profile.error().id;
    fuzz::require(id == pmb::ErrorId::profile_corrupt || id == pmb::ErrorId::profile_version,
                  "a refusal says that the file is corrupt or of another version");
    fuzz::require(!profile.error().message().empty(), "a refusal has a sentence");
    return 0;
  }
  const std::string text = profile->to_json();
  const auto again = pmb::Profile::from_json(text);
  fuzz::require(again.has_value(), "what was written can be read");
  fuzz::require(again->key == profile->key, "the key stays");
  fuzz::require(again->to_json() == text, "nothing is lost between reading and writing");
  fuzz::require(!profile->transfers || profile->transfers->usable(), "accepted transfer plans work");
  return 0;
}
