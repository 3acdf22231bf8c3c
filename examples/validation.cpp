// SPDX-License-Identifier: MIT
// Validation reports misuse to a sink, with label, bytes and both places in the code.
#include <vector>

#include "setup.hpp"

int main() {
  auto headless = sample::need(pmb::HeadlessContext::create());
  sample::need(headless.make_current());
  std::vector<pmb::ErrorId> broken;
  pmb::Options options;
  options.validation = [&](const pmb::Report& report) {
    std::fprintf(stderr, "%s\n", report.message().c_str());
    broken.push_back(report.id);
  };
  auto context = sample::need(pmb::Context::from_current(pmb::HeadlessContext::loader(), std::move(options)));

  auto ring = sample::need(pmb::UploadRing::create(context, {.capacity_bytes = 4096, .label = "late"}));
  auto slice = sample::need(ring.acquire(64));
  auto kept = slice.raw_bytes();
  sample::need(ring.publish(slice, 64));
  kept[3] = ~kept[3];  // too late: the GPU may be reading
  sample::need(context.timeline().mark());
  sample::expect(broken == std::vector{pmb::ErrorId::written_after_publish}, "the late write was not seen");
  sample::need(ring.retire(sample::need(context.timeline().mark())));
}
