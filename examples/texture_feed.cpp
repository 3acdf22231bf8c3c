// SPDX-License-Identifier: MIT
// A large image goes into its texture a little each frame, so that no frame takes long.
#include <vector>

#include "setup.hpp"

namespace {

constexpr std::uint32_t kSide = 2048;
constexpr std::uint64_t kBudget = 2 << 20;

GLuint make_texture() {
  GLuint name = 0;
  glGenTextures(1, &name);
  glBindTexture(GL_TEXTURE_2D, name);
  glTexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, kSide, kSide);
  return name;
}

}  // namespace

int main() {
  sample::Gl gl;
  pmb::Context& context = gl.context;
  const std::vector<std::byte> image(std::size_t{kSide} * kSide * 4, std::byte{9});
  const GLuint texture = make_texture();
  const pmb::TextureRegion region = {
      .texture = texture, .target = GL_TEXTURE_2D, .width = kSide, .height = kSide};

  auto feeder = sample::need(pmb::TextureFeeder::create(context, {.bytes_per_feed = kBudget}));
  const auto number = sample::need(feeder.queue({region, pmb::TexelLayout::rgba8(), image}));

  int frames = 0;
  for (bool shown = false; !shown; ++frames) {
    sample::need(feeder.feed());    // once a frame: at most 2 MiB
    shown = feeder.is_fed(number);  // from here on, commands see the whole image
    glClear(GL_COLOR_BUFFER_BIT);   // … draw, with the texture if it is shown …
  }
  sample::expect(frames >= 8, "a frame took more than its budget");

  std::vector<std::byte> found(image.size());
  sample::need(pmb::read_texture(context, region, pmb::TexelLayout::rgba8(), found));
  sample::expect(found == image, "the texture has wrong texels");
}
