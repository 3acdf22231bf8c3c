// SPDX-License-Identifier: MIT
// Turns, clocks and counters.

#include "bench/measure.hpp"

#include <time.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <utility>

#include "bench/process_memory.hpp"

namespace pmb::tool::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kNanosecondsPerSecond = 1e9;

double wall_ns() {
  return std::chrono::duration<double, std::nano>(Clock::now().time_since_epoch()).count();
}

double cpu_ns() {
  timespec now = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * kNanosecondsPerSecond + static_cast<double>(now.tv_nsec);
}

std::uint64_t added(std::uint64_t before, std::uint64_t after) {
  return after > before ? after - before : 0;
}

/// A method with what is measured of it.
struct Contender {
  std::unique_ptr<Method> method;
  Measurement result;
  std::uint32_t burst = 1;
  bool warms_up = false;  ///< A run before each burst, not timed.
  std::vector<double> wall;
  std::vector<double> cpu;
};

/// Time and fences since it was made.
class Counted {
 public:
  explicit Counted(std::uint32_t operations) : operations_(operations) {}
  double nanoseconds() const { return std::max(wall_ns() - start_, 1.0); }
  double fences() const { return static_cast<double>(BenchContext::fences_made() - fences_) / operations_; }

 private:
  std::uint32_t operations_;
  std::uint64_t fences_ = BenchContext::fences_made();
  double start_ = wall_ns();
};

Outcome<double> gpu_time(BenchContext& bench, Method& method) {
  const GladGLContext& gl = bench.gl();
  GLuint query = 0;
  gl.GenQueries(1, &query);
  gl.BeginQuery(GL_TIME_ELAPSED, query);
  auto done = method.run(1);
  gl.EndQuery(GL_TIME_ELAPSED);
  GLuint64 elapsed = 0;
  gl.GetQueryObjectui64v(query, GL_QUERY_RESULT, &elapsed);
  gl.DeleteQueries(1, &query);
  if (!done) return pass_on(done);
  return static_cast<double>(elapsed);
}

/// Makes it, runs it, verifies it, and learns everything but its time.
Outcome<void> prepare(BenchContext& bench, const Case& work, const MethodSpec& spec,
                      const MeasureRules& rules, Contender& contender) {
  Measurement& result = contender.result;
  const double operations = work.operations;
  release_freed_memory();
  reset_peak();
  const ProcessMemory before = process_memory();
  const auto gpu_before = bench.gpu_memory_used();

  auto made = spec.make();
  if (!made) return pass_on(made);
  contender.method = std::move(*made);
  Method& method = *contender.method;
  const Counted first(work.operations);
  if (auto done = method.run(1); !done) return done;
  double once = first.nanoseconds();
  result.fences = first.fences();

  const ProcessMemory after = process_memory();
  result.peak_rss_bytes = added(before.resident, after.peak_resident);
  result.device_mapped_bytes = added(before.device_mapped, after.device_mapped);
  if (const auto gpu_after = bench.gpu_memory_used(); gpu_before && gpu_after) {
    result.gpu_memory_bytes = added(*gpu_before, *gpu_after);
  }

  if (auto right = method.verify(); !right) return right;
  if (auto healthy = bench.require_no_error("verifying"); !healthy) return healthy;
  result.verified = true;

  // The first run made and touched what the later ones find; where that does not matter it counts.
  constexpr double kLong = 1e8;
  if (once < kLong) {
    const Counted again(work.operations);
    if (auto done = method.run(1); !done) return done;
    once = again.nanoseconds();
    result.fences = again.fences();
  }
  result.cpu_bytes_copied = static_cast<double>(method.cpu_bytes_copied()) / operations;
  constexpr double kMostRuns = 1000;
  contender.burst = static_cast<std::uint32_t>(
      std::clamp(rules.burst_seconds * kNanosecondsPerSecond / once, 1.0, kMostRuns));

  constexpr double kShort = 2e7;
  contender.warms_up = once < kShort && !work.one_turn;

  // A software renderer has no clock of a GPU, and CUDA's work is not in GL's queue.
  if (bench.planned().driver().software) return {};
  if (spec.kind == MethodKind::limit || spec.kind == MethodKind::reference) return {};
  if (work.one_turn) return {};
  const int repetitions = once < kLong ? 3 : 1;
  std::vector<double> times;
  for (int i = 0; i < repetitions; ++i) {
    auto elapsed = gpu_time(bench, method);
    if (!elapsed) return pass_on(elapsed);
    times.push_back(*elapsed / operations);
  }
  result.gpu_ns = summarize(times).median;
  return {};
}

/// One burst, one sample. The run before it brings the caches and the driver from the last method's work to this one's.
Outcome<void> take_turn(const Case& work, Contender& contender) {
  if (contender.warms_up) {
    if (auto done = contender.method->run(1); !done) return done;
  }
  const double operations = static_cast<double>(contender.burst) * work.operations;
  const double cpu_start = cpu_ns();
  const double start = wall_ns();
  if (auto done = contender.method->run(contender.burst); !done) return done;
  contender.wall.push_back((wall_ns() - start) / operations);
  contender.cpu.push_back((cpu_ns() - cpu_start) / operations);
  return {};
}

void fail_contender(Contender& contender, Failure failure) {
  contender.result.failure = std::move(failure);
  contender.result.verified = false;
  contender.method.reset();
}

void take_turns(const Case& work, const MeasureRules& rules, double deadline,
                std::vector<Contender>& contenders) {
  const double start = wall_ns();
  // Work that takes long by itself varies little; three turns say enough of it.
  constexpr double kLongTurns = 5e9;
  const std::uint32_t most = work.one_turn ? 1 : rules.most_turns;
  std::vector<Contender*> order;
  for (Contender& contender : contenders) order.push_back(&contender);
  std::minstd_rand dice;
  for (std::uint32_t turn = 0; turn < most; ++turn) {
    const double now = wall_ns();
    const std::uint32_t least = now - start < kLongTurns
                                    ? rules.least_turns
                                    : std::min<std::uint32_t>(rules.least_turns, kLeastSamples);
    if (turn >= least && now >= deadline) return;
    // Nobody always comes behind the same other way.
    std::ranges::shuffle(order, dice);
    for (Contender* const contender : order) {
      if (!contender->method) continue;
      if (rules.stopped()) return;
      if (auto done = take_turn(work, *contender); !done) fail_contender(*contender, std::move(done.error()));
    }
  }
}

/// Makes it for a round of turns; in the first it is also looked at from all sides.
void ready(BenchContext& bench, const Case& work, const MethodSpec& spec, const MeasureRules& rules,
           Contender& contender, bool first) {
  contender.result.method = spec.name;
  contender.result.kind = spec.kind;
  if (contender.result.failure) return;
  Outcome<void> done;
  if (first) {
    done = prepare(bench, work, spec, rules, contender);
  } else if (auto made = spec.make(); made) {
    contender.method = std::move(*made);
    done = contender.method->run(1);
  } else {
    done = pass_on(made);
  }
  if (done) return;
  fail_contender(contender, std::move(done.error()));
  // An error that is left in GL belongs to this method and to no other.
  static_cast<void>(bench.require_no_error(spec.name));
}

void conclude(Contender& contender) {
  contender.result.wall = summarize(contender.wall);
  contender.result.cpu_ns = summarize(contender.cpu).median;
}

bool has_figures(const Measurement& method) {
  return !method.failure && method.wall.samples > 0;
}

}  // namespace

CaseResult measure(BenchContext& bench, Case work, const MeasureRules& rules) {
  // Turns need all methods at once; half of what is free leaves room for what the driver keeps besides.
  if (work.method_bytes * work.methods.size() > available_memory() / 2) work.one_at_a_time = true;
  CaseResult result{.scenario = work.scenario,
                    .variant = work.variant,
                    .size_bytes = work.size_bytes,
                    .operations = work.operations,
                    .limit_note = work.limit_note,
                    .timed = !work.one_turn,
                    .methods = {}};
  // Where a method's memory happens to lie makes as much difference as most methods do, and what cannot take turns drifts: in a
  // second round all are made anew, the other way round.
  const std::uint32_t rounds = work.one_turn || rules.most_turns == 1 ? 1 : 2;
  const double parts = rounds * (work.one_at_a_time ? static_cast<double>(work.methods.size()) : 1.0);
  std::vector<Contender> contenders(work.methods.size());
  for (std::uint32_t round = 0; round < rounds; ++round) {
    const auto share = [&](std::uint32_t turns) {
      return turns * (round + 1) / rounds - turns * round / rounds;
    };
    MeasureRules turns = rules;
    turns.least_turns = share(rules.least_turns);
    turns.most_turns = share(rules.most_turns);
    const auto deadline = [&] { return wall_ns() + rules.seconds / parts * kNanosecondsPerSecond; };
    double end = deadline();
    for (std::size_t i = 0; i < contenders.size() && !rules.stopped(); ++i) {
      const std::size_t at = round == 0 ? i : contenders.size() - 1 - i;
      Contender& contender = contenders[at];
      ready(bench, work, work.methods[at], rules, contender, round == 0);
      if (!work.one_at_a_time) continue;
      take_turns(work, turns, end, contenders);
      contender.method.reset();
      end = deadline();
    }
    if (!work.one_at_a_time) take_turns(work, turns, end, contenders);
    for (Contender& contender : contenders) contender.method.reset();
  }
  for (Contender& contender : contenders) {
    // Who was stopped before his first turn has nothing to tell.
    if (contender.wall.empty() && !contender.result.failure) continue;
    conclude(contender);
    result.methods.push_back(std::move(contender.result));
  }
  compare_methods(result, work.moved_bytes);
  return result;
}

void compare_methods(CaseResult& result, std::uint64_t moved_bytes) {
  const Measurement* const limit = find_kind(result, MethodKind::limit);
  const Measurement* const traditional = best_traditional(result);
  for (Measurement& method : result.methods) {
    if (!has_figures(method) || method.wall.median <= 0) continue;
    method.gb_per_s = static_cast<double>(moved_bytes) / method.wall.median;
    if (!result.timed) continue;
    if (limit != nullptr && has_figures(*limit) && method.kind != MethodKind::limit) {
      method.of_limit = limit->wall.median / method.wall.median;
    }
    const bool competes = method.kind != MethodKind::limit && method.kind != MethodKind::reference;
    if (traditional != nullptr && competes) {
      method.vs_traditional = traditional->wall.median / method.wall.median;
      method.ranked = &method != traditional && differ(method.wall, traditional->wall);
    }
  }
}

const Measurement* find_kind(const CaseResult& result, MethodKind kind) noexcept {
  const auto found = std::ranges::find(result.methods, kind, &Measurement::kind);
  return found == result.methods.end() ? nullptr : &*found;
}

const Measurement* best_traditional(const CaseResult& result) noexcept {
  const Measurement* best = nullptr;
  for (const Measurement& method : result.methods) {
    if (method.kind != MethodKind::traditional || !has_figures(method)) continue;
    if (best == nullptr || method.wall.median < best->wall.median) best = &method;
  }
  return best;
}

ExitCode exit_code_of(const std::vector<CaseResult>& results) noexcept {
  ExitCode code = kSuccess;
  for (const CaseResult& result : results) {
    for (const Measurement& method : result.methods) {
      if (!method.failure) continue;
      if (method.failure->code == kMismatch) return kMismatch;
      code = kGpu;
    }
  }
  return code;
}

}  // namespace pmb::tool::bench
