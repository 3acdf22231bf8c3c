// SPDX-License-Identifier: MIT
// Runs each wrong and each right program on every path and checks the reports.
//
//   misuse [--rounds N] [--json FILE] [NAME…]
//
// Prints one line a path, and every difference in full; of programs that are named, also the reports. Exits with 1 if there
// is a difference.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "misuse/misuse.hpp"

namespace {

using misuse::Configuration;
using misuse::Misuse;
using misuse::Needs;
using misuse::Scene;

constexpr Configuration kConfigurations[] = {
    {"coherent", pmb::Path::direct, pmb::Model::coherent},
    {"explicit_flush", pmb::Path::direct, pmb::Model::explicit_flush},
    {"traditional", pmb::Path::traditional, pmb::Model::explicit_flush},
    {"orphaned", pmb::Path::orphaned, pmb::Model::explicit_flush},
};

struct Arguments {
  int rounds = 1;
  std::string json = {};
  std::vector<std::string_view> names = {};
};

/// How often each program of a pair did as it should.
struct Outcome {
  const Misuse* pair;
  int reported = 0;
  int silent = 0;
};

struct Results {
  const Configuration* configuration;
  std::vector<Outcome> outcomes;
};

Arguments parse(int count, char** words) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const bool has_value = i + 1 < count;
    if (word == "--rounds" && has_value) {
      arguments.rounds = std::atoi(words[++i]);
    } else if (word == "--json" && has_value) {
      arguments.json = words[++i];
    } else if (word.starts_with("-")) {
      sample::stop("usage: misuse [--rounds N] [--json FILE] [NAME...]");
    } else {
      arguments.names.push_back(word);
    }
  }
  return arguments;
}

std::vector<const Misuse*> chosen(const Arguments& arguments) {
  std::vector<const Misuse*> pairs;
  for (const auto all :
       {misuse::slices(), misuse::full_rings(), misuse::tickets(), misuse::readbacks(), misuse::arenas(),
        misuse::threads(), misuse::lifetimes(), misuse::buffers(), misuse::blocks(), misuse::advice()}) {
    for (const Misuse& pair : all) {
      const auto& names = arguments.names;
      if (names.empty() || std::ranges::find(names, pair.name) != names.end()) pairs.push_back(&pair);
    }
  }
  if (pairs.empty()) sample::stop("no program has such a name");
  return pairs;
}

/// Null if the path has what the pair needs.
const char* reason_to_skip(const Misuse& pair, const Configuration& configuration) {
  if (pair.needs == Needs::mapping && configuration.path != pmb::Path::direct)
    return "GL maps no memory on this path";
  if (pair.needs == Needs::waits && configuration.path == pmb::Path::orphaned)
    return "an orphaned ring never waits";
  return nullptr;
}

/// True if the program was reported as it expects; prints every difference.
bool run(pmb::HeadlessContext& headless, const Configuration& configuration, const Misuse& pair,
         bool is_wrong, bool prints) {
  Scene scene(headless, configuration);
  (is_wrong ? pair.wrong : pair.right)(scene);
  scene.close();
  if (prints) std::fputs(scene.reports().c_str(), stdout);
  const std::string complaints = scene.complaints();
  if (!complaints.empty())
    std::printf("%s: %s %s\n%s", configuration.name, is_wrong ? "wrong" : "right", pair.name,
                complaints.c_str());
  return complaints.empty();
}

/// True if GL has no error. A wrong program may leave some.
bool take_gl_errors() {
  bool none = true;
  while (glGetError() != GL_NO_ERROR) none = false;
  return none;
}

Outcome run_pair(pmb::HeadlessContext& headless, const Configuration& configuration, const Misuse& pair,
                 const Arguments& arguments) {
  Outcome outcome = {&pair};
  for (int round = 0; round < arguments.rounds; ++round) {
    const bool prints = !arguments.names.empty() && round == 0;
    if (run(headless, configuration, pair, true, prints)) ++outcome.reported;
    take_gl_errors();
    if (run(headless, configuration, pair, false, prints)) ++outcome.silent;
    sample::expect(take_gl_errors(), "a right program left a GL error");
  }
  return outcome;
}

void write_json(const std::string& path, int rounds, const char* renderer,
                const std::vector<Results>& results) {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  if (!file) sample::stop("the JSON file cannot be written");
  std::fprintf(file, "{\n  \"renderer\": \"%s\",\n  \"rounds\": %d,\n  \"configurations\": {", renderer,
               rounds);
  const char* before = "\n";
  for (const Results& of : results) {
    std::fprintf(file, "%s    \"%s\": {", before, of.configuration->name);
    const char* between = "\n";
    for (const Outcome& outcome : of.outcomes) {
      std::fprintf(file, "%s      \"%s\": {\"reported\": %d, \"silent\": %d}", between, outcome.pair->name,
                   outcome.reported, outcome.silent);
      between = ",\n";
    }
    std::fprintf(file, "\n    }");
    before = ",\n";
  }
  std::fprintf(file, "\n  }\n}\n");
  sample::expect(std::fclose(file) == 0, "the JSON file cannot be written");
}

}  // namespace

int main(int count, char** words) {
  const Arguments arguments = parse(count, words);
  const std::vector<const Misuse*> pairs = chosen(arguments);
  sample::Gl gl;
  std::vector<Results> results;
  bool as_expected = true;
  for (const Configuration& configuration : kConfigurations) {
    Results& of = results.emplace_back(Results{&configuration, {}});
    for (const Misuse* pair : pairs) {
      if (const char* const why = reason_to_skip(*pair, configuration)) {
        std::printf("%s: skipped: %s: %s\n", configuration.name, pair->name, why);
        continue;
      }
      of.outcomes.push_back(run_pair(gl.headless, configuration, *pair, arguments));
    }
    const auto every = arguments.rounds;
    const auto reported = std::ranges::count(of.outcomes, every, &Outcome::reported);
    const auto silent = std::ranges::count(of.outcomes, every, &Outcome::silent);
    const auto all = std::ssize(of.outcomes);
    std::printf("%s: %td of %td wrong programs reported, %td of %td right ones silent, in %d of %d rounds\n",
                configuration.name, reported, all, silent, all, every, every);
    as_expected = as_expected && reported == all && silent == all;
  }
  if (!arguments.json.empty())
    write_json(arguments.json, arguments.rounds, gl.context.driver().renderer.c_str(), results);
  return as_expected ? 0 : 1;
}
