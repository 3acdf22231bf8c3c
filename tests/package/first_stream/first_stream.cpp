// SPDX-License-Identifier: MIT
// A user's first program: bytes go to the GPU through one ring and return through another.

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pmb/headless.hpp>
#include <pmb/pmb.hpp>

namespace {

constexpr std::array<int, 4> kSent = {1, 2, 3, 4};
constexpr std::size_t kBytes = sizeof(kSent);

pmb::Result<bool> bytes_return(pmb::Context& context) {
  auto up = pmb::UploadRing::create(context, {.capacity_bytes = 4096});
  if (!up) return tl::unexpected(up.error());
  auto down = pmb::ReadbackRing::create(context, {.capacity_bytes = 4096});
  if (!down) return tl::unexpected(down.error());

  const auto slice = up->acquire(kBytes);
  if (!slice) return tl::unexpected(slice.error());
  if (!slice->copy_from(kSent)) return false;
  if (const auto published = up->publish(*slice, kBytes); !published)
    return tl::unexpected(published.error());
  const auto pending = down->request(slice->buffer(), slice->offset_bytes(), kBytes);
  if (!pending) return tl::unexpected(pending.error());
  const auto ticket = context.timeline().mark();
  if (!ticket) return tl::unexpected(ticket.error());
  const auto view = pending->wait(std::chrono::seconds(60));
  if (!view) return tl::unexpected(view.error());
  return std::memcmp(view->bytes().data(), kSent.data(), kBytes) == 0;
}

int failed(const pmb::Error& error) {
  std::printf("%s\n", error.message().c_str());
  return 1;
}

}  // namespace

int main() {
  std::printf("compiled with pmb %s as C++ %ld, running with %s\n", PMB_VERSION_STRING, __cplusplus,
              pmb::library_version());
  auto headless = pmb::HeadlessContext::create();
  if (!headless) {
    const int status = failed(headless.error());
    return std::getenv("PMB_REQUIRE_GL") ? status : 0;
  }
  if (const auto current = headless->make_current(); !current) return failed(current.error());
  auto context = pmb::Context::from_current(pmb::HeadlessContext::loader());
  if (!context) return failed(context.error());
  const auto returned = bytes_return(*context);
  if (!returned) return failed(returned.error());
  std::printf(*returned ? "the bytes returned\n" : "other bytes returned\n");
  return *returned ? 0 : 1;
}
