// SPDX-License-Identifier: MIT
// texture_upload: frames from system memory into a texture.

#include <functional>
#include <pmb/texture.hpp>
#include <vector>

#include "bench/scenarios/frame_texture.hpp"
#include "bench/source.hpp"

namespace pmb::tool::bench {
namespace {

/// Uploads one frame into the texture.
using TextureWriter = std::function<Outcome<void>(const Texture& texture, std::span<const std::byte> pixels)>;

class TextureUploadMethod final : public Method {
 public:
  TextureUploadMethod(BenchContext& bench, SharedSource source, TextureWriter write)
      : bench_(bench), source_(std::move(source)), write_(std::move(write)), texture_(bench.gl()) {}

  Outcome<void> run(std::uint32_t times) override {
    for (std::uint32_t time = 0; time < times; ++time) {
      for (std::uint32_t i = 0; i < kFrames; ++i) {
        if (auto done = write_(texture_, source_->bytes()); !done) return done;
      }
      if (auto done = bench_.finish(); !done) return done;
    }
    return {};
  }

  Outcome<void> verify() override {
    for (std::uint32_t turn = 0; turn <= kFramesInFlight; ++turn) {
      if (auto done = write_(texture_, source_->renew()); !done) return done;
      std::vector<std::byte> pixels(kTextureBytes, std::byte{0xA5});
      texture_.read(pixels.data());
      if (auto same = compare("the texture", source_->bytes(), pixels); !same) return same;
    }
    return bench_.require_no_error("uploading a texture");
  }

  std::uint64_t cpu_bytes_copied() const noexcept override { return kTextureBytes * kFrames; }

 private:
  BenchContext& bench_;
  SharedSource source_;
  TextureWriter write_;
  Texture texture_;
};

/// Through the buffer of a traditional uploader.
TextureWriter through_buffer(BenchContext& bench, std::shared_ptr<Uploader> uploader) {
  return [&bench, uploader = std::move(uploader)](const Texture& texture,
                                                  std::span<const std::byte> pixels) -> Outcome<void> {
    auto place = uploader->put(pixels, Content::fresh);
    if (!place) return pass_on(place);
    bench.gl().BindBuffer(GL_PIXEL_UNPACK_BUFFER, place->buffer);
    texture.write(as_pointer(*place));
    bench.gl().BindBuffer(GL_PIXEL_UNPACK_BUFFER, 0);
    return uploader->end_frame();
  };
}

/// By pmb::upload_texture.
TextureWriter by_pmb(pmb::Context& context) {
  return [&context](const Texture& texture, std::span<const std::byte> pixels) -> Outcome<void> {
    const auto ticket = pmb::upload_texture(context,
                                            {.texture = texture.name(),
                                             .target = GL_TEXTURE_2D,
                                             .width = kTextureWidth,
                                             .height = kTextureHeight},
                                            {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE}, pixels);
    if (!ticket) return gpu_failure("pmb::upload_texture", ticket.error());
    return {};
  };
}

}  // namespace

void add_texture_upload_cases(const CaseSetup& setup, std::vector<Case>& cases) {
  BenchContext& bench = setup.bench;
  Case work = frame_texture_case("texture_upload");
  const auto source = std::make_shared<Source>(kTextureBytes);
  const UploadShape shape{.piece_bytes = kTextureBytes, .frames = kFramesInFlight, .read_as_storage = false};
  add_method(
      work, "tex_sub_image", MethodKind::traditional, [=, &bench]() -> Outcome<std::unique_ptr<Method>> {
        const TextureWriter from_memory = [](const Texture& texture, std::span<const std::byte> pixels) {
          texture.write(pixels.data());
          return Outcome<void>{};
        };
        return std::make_unique<TextureUploadMethod>(bench, source, from_memory);
      });
  for (const TraditionalUpload method : traditional_uploads()) {
    add_method(work, fmt::format("pixel_buffer/{}", to_string(method)), MethodKind::traditional,
               [=, &bench]() -> Outcome<std::unique_ptr<Method>> {
                 auto uploader = make_traditional_uploader(bench, method, shape, GL_STREAM_DRAW);
                 if (!uploader) return pass_on(uploader);
                 return std::make_unique<TextureUploadMethod>(bench, source,
                                                              through_buffer(bench, std::move(*uploader)));
               });
  }
  // Textures have no direct path: the GPU stores them in another layout.
  for (const PmbMethod& method : pmb_methods(bench, {pmb::Path::staged, pmb::Path::traditional})) {
    add_method(work, method.name, method.kind, [=, &bench]() -> Outcome<std::unique_ptr<Method>> {
      return std::make_unique<TextureUploadMethod>(bench, source, by_pmb(*method.context));
    });
  }
  add_limit(work, setup.limit, Wire::up);
  add_reference(work, setup.limit, Wire::pageable_up, "cuda_pageable");
  cases.push_back(std::move(work));
}

}  // namespace pmb::tool::bench
