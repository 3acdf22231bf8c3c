// SPDX-License-Identifier: MIT

#include "common/suggestion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace pmb::tool {
namespace {

// Levenshtein's distance, one row at a time.
std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

std::string sentence(std::string_view command, std::string_view kind, std::string_view name,
                     std::span<const std::string> candidates) {
  const std::string near = nearest(name, candidates);
  return near.empty() ? fmt::format("{}: there is no {} {}; see {} --help", command, kind, name, command)
                      : fmt::format("{}: there is no {} {}; did you mean {}?", command, kind, name, near);
}

}  // namespace

std::string nearest(std::string_view word, std::span<const std::string> candidates) {
  std::string best;
  std::size_t least = word.size() / 3 + 2;
  for (const std::string& candidate : candidates) {
    const std::size_t edits = edits_between(word, candidate);
    if (edits < least) {
      least = edits;
      best = candidate;
    }
  }
  return best;
}

std::string unknown_name(const CLI::App& app, std::span<const char* const> arguments) {
  if (arguments.size() < 2) return {};
  const std::string first = arguments[1];
  if (first.starts_with('-')) return sentence("pmb", "option", first, option_names(app));
  const CLI::App* command = nullptr;
  std::vector<std::string> commands;
  for (const CLI::App* known : app.get_subcommands({})) {
    commands.push_back(known->get_name());
    if (commands.back() == first) command = known;
  }
  if (command == nullptr) return sentence("pmb", "subcommand", first, commands);
  const std::vector<std::string> names = option_names(*command);
  for (const char* const argument : arguments.subspan(2)) {
    const std::string_view text = argument;
    if (text == "--") break;
    const std::string_view name = text.substr(0, text.find('='));
    if (!name.starts_with("--") || std::ranges::find(names, name) != names.end()) continue;
    return sentence("pmb " + first, "option", name, names);
  }
  return {};
}

}  // namespace pmb::tool
