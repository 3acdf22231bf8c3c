// SPDX-License-Identifier: MIT
// The nearest known name for a mistyped one.
#pragma once

#include <CLI/CLI.hpp>
#include <span>
#include <string>
#include <string_view>

namespace pmb::tool {

/// The candidate with the fewest edits, if they are at most a third of the word and one; else empty.
std::string nearest(std::string_view word, std::span<const std::string> candidates);

/// One sentence about the first unknown subcommand or option of a command line; empty if all are known.
std::string unknown_name(const CLI::App& app, std::span<const char* const> arguments);

}  // namespace pmb::tool
