// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <pmb/validation.hpp>

namespace pmb {
namespace {

struct RuleEntry {
  Rule rule;
  const char* name;
  const char* sentence;
};

constexpr RuleEntry kRules[] = {
#define PMB_RULE(number, id, sentence) {Rule::id, #id, sentence},
#include <pmb/rules.def>
#undef PMB_RULE
};

const RuleEntry* entry_of(Rule rule) noexcept {
  for (const RuleEntry& entry : kRules) {
    if (entry.rule == rule) return &entry;
  }
  return nullptr;
}

std::string place(const char* verb, const std::source_location& location) {
  if (location.line() == 0) return {};
  return fmt::format(", {} at {}:{}", verb, location.file_name(), location.line());
}

}  // namespace

const char* to_string(Rule rule) noexcept {
  const RuleEntry* entry = entry_of(rule);
  return entry ? entry->name : "unknown";
}

const char* sentence_of(Rule rule) noexcept {
  const RuleEntry* entry = entry_of(rule);
  return entry ? entry->sentence : "";
}

std::string Report::message() const {
  std::string text =
      fmt::format("PMB-R{:02} {}: {}", static_cast<unsigned>(rule), to_string(rule), sentence_of(rule));
  text += fmt::format(" (buffer {}", buffer);
  if (!label.empty()) text += fmt::format(" '{}'", label);
  if (begin_bytes < end_bytes) text += fmt::format(", bytes {} to {}", begin_bytes, end_bytes);
  return text + place("acquired", acquired_at) + place("noticed", noticed_at) + ")";
}

}  // namespace pmb
