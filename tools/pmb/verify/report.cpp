// SPDX-License-Identifier: MIT

#include "verify/report.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace pmb::tool::verify {
namespace {

std::ptrdiff_t count_of(std::span<const Finding> findings, Verdict verdict) {
  return std::ranges::count(findings, verdict, &Finding::verdict);
}

}  // namespace

std::string line_of(const Finding& finding) {
  return fmt::format("{:<8} {:<24} {}\n", name_of(finding.verdict), finding.name, finding.evidence);
}

std::string summary_of(std::span<const Finding> findings) {
  return fmt::format("{} pass, {} avoided, {} fail, {} not applicable", count_of(findings, Verdict::pass),
                     count_of(findings, Verdict::avoided), count_of(findings, Verdict::fail),
                     count_of(findings, Verdict::not_applicable));
}

std::string failures_of(std::span<const Finding> findings) {
  std::string names;
  for (const Finding& finding : findings) {
    if (finding.verdict == Verdict::fail) names += (names.empty() ? "" : ", ") + finding.name;
  }
  return names;
}

nlohmann::ordered_json report_json(const RunResult& result, double seconds) {
  nlohmann::ordered_json json;
  json["driver"] = result.driver;
  for (const Verdict verdict : {Verdict::pass, Verdict::avoided, Verdict::fail, Verdict::not_applicable})
    json["summary"][name_of(verdict)] = count_of(result.findings, verdict);
  json["seconds"] = seconds;
  json["properties"] = nlohmann::ordered_json::array();
  for (const Finding& finding : result.findings) {
    json["properties"].push_back({{"name", finding.name},
                                  {"verdict", name_of(finding.verdict)},
                                  {"evidence", finding.evidence},
                                  {"seconds", finding.seconds}});
  }
  return json;
}

}  // namespace pmb::tool::verify
