// SPDX-License-Identifier: MIT
#include "bench/measure.hpp"

#include <time.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "bench/process_memory.hpp"

namespace pmb::tool::bench {
namespace {

using tune::now_ns;

constexpr double kNanosecondsPerSecond = 1e9;

double cpu_ns() {
  timespec now = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * kNanosecondsPerSecond + static_cast<double>(now.tv_nsec);
}

std::uint64_t added(std::uint64_t before, std::uint64_t after) {
  return after > before ? after - before : 0;
}

/// A method and its samples.
struct Candidate {
  std::unique_ptr<Method> method;
  Measurement result;
  std::uint32_t burst = 1;
  bool warms_up = false;  ///< A run before each burst, not timed.
  std::vector<double> wall;
  std::vector<double> cpu;
};

/// Time and fences since construction.
class Counted {
 public:
  explicit Counted(std::uint32_t operations) : operations_(operations) {}
  double nanoseconds() const { return std::max(now_ns() - start_, 1.0); }
  double fences() const { return static_cast<double>(BenchContext::fences_made() - fences_) / operations_; }

 private:
  std::uint32_t operations_;
  std::uint64_t fences_ = BenchContext::fences_made();
  double start_ = now_ns();
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

/// Makes, runs and verifies it, and measures everything but its time.
Outcome<void> prepare(BenchContext& bench, const Case& work, const MethodSpec& spec,
                      const MeasureRules& rules, Candidate& candidate) {
  Measurement& result = candidate.result;
  const double operations = work.operations;
  release_freed_memory();
  reset_peak();
  const ProcessMemory before = process_memory();
  const auto gpu_before = bench.gpu_memory_used();

  auto made = spec.make();
  if (!made) return pass_on(made);
  candidate.method = std::move(*made);
  Method& method = *candidate.method;
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

  // The first run touches fresh memory. A long one is representative all the same.
  constexpr double kLong = 1e8;
  if (once < kLong) {
    const Counted again(work.operations);
    if (auto done = method.run(1); !done) return done;
    once = again.nanoseconds();
    result.fences = again.fences();
  }
  result.cpu_bytes_copied = static_cast<double>(method.cpu_bytes_copied()) / operations;
  constexpr std::uint32_t kMostRuns = 1000;
  candidate.burst = tune::burst_length(once, rules.burst_seconds * kNanosecondsPerSecond, 1, kMostRuns);

  constexpr double kShort = 2e7;
  candidate.warms_up = once < kShort && !work.one_turn;

  // A software renderer has no GPU clock, and GL's queries do not see CUDA's work.
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

/// One burst, one sample. The run before it warms caches and driver up after another method's turn.
Outcome<void> take_turn(const Case& work, Candidate& candidate) {
  if (candidate.warms_up) {
    if (auto done = candidate.method->run(1); !done) return done;
  }
  const double operations = static_cast<double>(candidate.burst) * work.operations;
  const double cpu_start = cpu_ns();
  const double start = now_ns();
  if (auto done = candidate.method->run(candidate.burst); !done) return done;
  candidate.wall.push_back((now_ns() - start) / operations);
  candidate.cpu.push_back((cpu_ns() - cpu_start) / operations);
  return {};
}

void fail_candidate(Candidate& candidate, Failure failure) {
  candidate.result.failure = std::move(failure);
  candidate.result.verified = false;
  candidate.method.reset();
}

void take_turns(const Case& work, const MeasureRules& rules, double deadline,
                std::vector<Candidate>& candidates) {
  // Long work varies little: after five seconds three turns are enough.
  const tune::TurnRules turns{.least_turns = rules.least_turns,
                              .most_turns = work.one_turn ? 1 : rules.most_turns,
                              .end_ns = deadline,
                              .long_ns = 5e9,
                              .shuffled = true};
  tune::take_turns(candidates.size(), turns, [&](std::size_t i) {
    Candidate& candidate = candidates[i];
    if (!candidate.method) return true;
    if (rules.stopped()) return false;
    if (auto done = take_turn(work, candidate); !done) fail_candidate(candidate, std::move(done.error()));
    return true;
  });
}

/// Makes it for a round of turns. The first round also verifies it and measures everything but its time.
void ready(BenchContext& bench, const Case& work, const MethodSpec& spec, const MeasureRules& rules,
           Candidate& candidate, bool first) {
  candidate.result.method = spec.name;
  candidate.result.kind = spec.kind;
  if (candidate.result.failure) return;
  Outcome<void> done;
  if (first) {
    done = prepare(bench, work, spec, rules, candidate);
  } else if (auto made = spec.make(); made) {
    candidate.method = std::move(*made);
    done = candidate.method->run(1);
  } else {
    done = pass_on(made);
  }
  if (done) return;
  fail_candidate(candidate, std::move(done.error()));
  // A GL error that is left belongs to this method, not to the next.
  static_cast<void>(bench.require_no_error(spec.name));
}

void conclude(Candidate& candidate) {
  candidate.result.wall = summarize(candidate.wall);
  candidate.result.cpu_ns = summarize(candidate.cpu).median;
}

bool has_figures(const Measurement& method) {
  return !method.failure && method.wall.samples > 0;
}

}  // namespace

CaseResult measure(BenchContext& bench, Case work, const MeasureRules& rules) {
  // Turns need the memory of all methods at once. The other half of the free memory is the driver's.
  if (work.method_bytes * work.methods.size() > available_memory() / 2) work.one_at_a_time = true;
  CaseResult result{.scenario = work.scenario,
                    .variant = work.variant,
                    .size_bytes = work.size_bytes,
                    .operations = work.operations,
                    .limit_note = work.limit_note,
                    .timed = !work.one_turn,
                    .methods = {}};
  // Placement noise often outweighs the method, and methods that cannot take turns see the machine drift: the second
  // round makes all methods anew, in reverse order.
  const std::uint32_t rounds = work.one_turn || rules.most_turns == 1 ? 1 : 2;
  const double parts = rounds * (work.one_at_a_time ? static_cast<double>(work.methods.size()) : 1.0);
  std::vector<Candidate> candidates(work.methods.size());
  for (std::uint32_t round = 0; round < rounds; ++round) {
    const auto share = [&](std::uint32_t turns) {
      return turns * (round + 1) / rounds - turns * round / rounds;
    };
    MeasureRules turns = rules;
    turns.least_turns = share(rules.least_turns);
    turns.most_turns = share(rules.most_turns);
    const auto deadline = [&] { return now_ns() + rules.seconds / parts * kNanosecondsPerSecond; };
    double end = deadline();
    for (std::size_t i = 0; i < candidates.size() && !rules.stopped(); ++i) {
      const std::size_t at = round == 0 ? i : candidates.size() - 1 - i;
      Candidate& candidate = candidates[at];
      ready(bench, work, work.methods[at], rules, candidate, round == 0);
      if (!work.one_at_a_time) continue;
      take_turns(work, turns, end, candidates);
      candidate.method.reset();
      end = deadline();
    }
    if (!work.one_at_a_time) take_turns(work, turns, end, candidates);
    for (Candidate& candidate : candidates) candidate.method.reset();
  }
  for (Candidate& candidate : candidates) {
    // Stopped before its first turn.
    if (candidate.wall.empty() && !candidate.result.failure) continue;
    conclude(candidate);
    result.methods.push_back(std::move(candidate.result));
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
