// SPDX-License-Identifier: MIT
// A worker sends one line for the driver or the failure to open it, and one for each finding.

#include "verify/run.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "verify/gpu.hpp"

namespace pmb::tool::verify {
namespace {

using Json = nlohmann::ordered_json;
using Clock = Worker::Clock;

Json driver_json(const pmb::Context& context) {
  const pmb::Driver& driver = context.driver();
  Json json = {{"vendor", driver.vendor},
               {"renderer", driver.renderer},
               {"version", driver.version},
               {"no_error", context.limits().no_error},
               {"quirks", Json::array()}};
  for (const pmb::Quirk& quirk : context.quirks()) {
    if (quirk.enabled) json["quirks"].push_back(quirk.id);
  }
  return json;
}

void send_json(const SendLine& send, const Json& json) {
  // Driver names may not be UTF-8.
  send(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void work(const Properties& properties, const Open& open, const SendLine& send) {
  const auto opened = open([&](const Gpu& gpu) {
    send_json(send, {{"driver", driver_json(gpu.context)}});
    for (const Property* property : properties) {
      const Finding finding = measure(gpu, *property);
      send_json(send,
                {{"verdict", finding.verdict}, {"evidence", finding.evidence}, {"seconds", finding.seconds}});
    }
  });
  if (!opened) send_json(send, {{"code", opened.error().code}, {"failure", opened.error().message}});
}

/// One or several workers at once, and what they have sent.
class Run {
 public:
  Run(const Open& open, const RunRules& rules, const StopSignal& stop)
      : open_(open), rules_(rules), stop_(stop) {}

  /// Measures all of these in one process, or the first ones if it crashes or hangs. Returns how many.
  Outcome<std::size_t> measure_in_one(const Properties& properties);
  /// Measures one property in several processes at once.
  Outcome<void> measure_in_several(const Property& property);
  RunResult take() { return std::move(result_); }

 private:
  Outcome<Worker> start(const Properties& properties) const;
  /// The finding of the next line.
  Outcome<Finding> next_finding(Worker& worker, const Property& property);
  /// The finding of a check whose process ended or hangs.
  Outcome<Finding> ended(Finding finding, std::string how) const;
  void keep(Finding finding);

  const Open& open_;
  const RunRules& rules_;
  const StopSignal& stop_;
  RunResult result_;
};

Outcome<Worker> Run::start(const Properties& properties) const {
  return Worker::start([&](const SendLine& send) { work(properties, open_, send); });
}

Outcome<Finding> Run::next_finding(Worker& worker, const Property& property) {
  std::string line;
  Finding finding;
  finding.name = property.name;
  for (;;) {
    switch (worker.next(line, Clock::now() + rules_.limit, stop_)) {
      case Worker::Event::line:
        break;
      case Worker::Event::stopped:
        return fail(kInterrupted, "interrupted; {} properties were measured", result_.findings.size());
      case Worker::Event::end:
        return ended(std::move(finding), worker.ending());
      case Worker::Event::late:
        return ended(std::move(finding), fmt::format("no result within {} s", rules_.limit.count()));
    }
    const Json sent = Json::parse(line);
    if (sent.contains("failure"))
      return fail(sent.at("code").get<ExitCode>(), "{}", sent.at("failure").get<std::string>());
    if (sent.contains("driver")) {
      result_.driver = sent.at("driver");
      continue;
    }
    finding.verdict = sent.at("verdict").get<Verdict>();
    finding.evidence = sent.at("evidence").get<std::string>();
    finding.seconds = sent.at("seconds").get<double>();
    return finding;
  }
}

Outcome<Finding> Run::ended(Finding finding, std::string how) const {
  if (result_.driver.is_null()) return fail(kGpu, "the driver cannot be opened: {}", how);
  finding.evidence = std::move(how);
  return finding;
}

void Run::keep(Finding finding) {
  rules_.found(finding);
  result_.findings.push_back(std::move(finding));
}

Outcome<std::size_t> Run::measure_in_one(const Properties& properties) {
  auto worker = start(properties);
  if (!worker) return pass_on(worker);
  std::size_t measured = 0;
  bool alive = true;
  while (alive && measured < properties.size()) {
    rules_.begins(*properties[measured]);
    auto finding = next_finding(*worker, *properties[measured]);
    if (!finding) return pass_on(finding);
    alive = finding->seconds > 0;
    keep(std::move(*finding));
    ++measured;
  }
  return measured;
}

Outcome<void> Run::measure_in_several(const Property& property) {
  rules_.begins(property);
  std::vector<Worker> workers;
  for (int i = 0; i < property.processes; ++i) {
    auto worker = start({&property});
    if (!worker) return pass_on(worker);
    workers.push_back(std::move(*worker));
  }
  Finding all;
  for (Worker& worker : workers) {
    auto finding = next_finding(worker, property);
    if (!finding) return pass_on(finding);
    if (all.evidence.empty() || finding->verdict == Verdict::fail) all = std::move(*finding);
  }
  all.evidence = fmt::format("{} of {} processes: {}", all.verdict == Verdict::fail ? "one" : "each",
                             property.processes, all.evidence);
  keep(std::move(all));
  return {};
}

}  // namespace

Outcome<RunResult> run(const Properties& properties, const Open& open, const RunRules& rules,
                       const StopSignal& stop) {
  Run run(open, rules, stop);
  for (auto first = properties.begin(); first != properties.end();) {
    if ((*first)->processes > 1) {
      if (auto done = run.measure_in_several(**first); !done) return pass_on(done);
      ++first;
      continue;
    }
    const auto last = std::find_if(first, properties.end(),
                                   [](const Property* property) { return property->processes > 1; });
    const auto measured = run.measure_in_one({first, last});
    if (!measured) return tl::unexpected(measured.error());
    std::advance(first, *measured);
  }
  return run.take();
}

}  // namespace pmb::tool::verify
