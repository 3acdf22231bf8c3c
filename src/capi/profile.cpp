// SPDX-License-Identifier: MIT
#include <pmb/tune/profile.hpp>
#include <string>

#include "capi/border.hpp"

using namespace pmb::capi;

pmb_status pmb_profile_load(const char* file, pmb_profile** profile) {
  return answer(profile, [&](auto where) { return pmb::Profile::load(not_null(file), where); });
}

pmb_status pmb_profile_from_json(const char* text, int64_t text_bytes, pmb_profile** profile) {
  return answer(profile, [&](auto where) {
    const auto letters = values_of(not_null(text), text_bytes);
    return pmb::Profile::from_json({letters.data(), letters.size()}, where);
  });
}

void pmb_profile_destroy(pmb_profile** profile) {
  destroy(profile);
}

pmb_status pmb_profile_save(const pmb_profile* profile, const char* file) {
  return answer([&](auto where) { return object(profile).save(not_null(file), where); });
}

pmb_status pmb_profile_to_json(const pmb_profile* profile, char* text, int64_t text_bytes, int64_t* length) {
  return answer([&](auto) { give_text(object(profile).to_json(), text, text_bytes, length); });
}

pmb_status pmb_profile_file_name(const pmb_profile* profile, char* text, int64_t text_bytes,
                                 int64_t* length) {
  return answer(
      [&](auto) { give_text(pmb::Profile::file_name(object(profile).key), text, text_bytes, length); });
}

pmb_status pmb_profile_default_folder(char* text, int64_t text_bytes, int64_t* length) {
  return answer([&](auto) { give_text(pmb::Profile::default_folder(), text, text_bytes, length); });
}
