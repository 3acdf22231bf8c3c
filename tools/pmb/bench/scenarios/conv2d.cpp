// SPDX-License-Identifier: MIT
// conv2d: input and weights up, a plain convolution, output down. Values are small integers in floats, so that
// every order of summation gives the same bytes.

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

#include "bench/scenarios/flows.hpp"

namespace pmb::tool::bench {
namespace {

/// NCHW; padding of half the kernel on each side.
struct Convolution {
  const char* name;
  std::uint32_t batch, inputs, height, width, outputs, side, stride;

  std::uint32_t padding() const { return side / 2; }
  std::uint32_t out_height() const { return (height + 2 * padding() - side) / stride + 1; }
  std::uint32_t out_width() const { return (width + 2 * padding() - side) / stride + 1; }
  std::uint64_t input_floats() const { return std::uint64_t{batch} * inputs * height * width; }
  std::uint64_t weight_floats() const { return std::uint64_t{outputs} * inputs * side * side; }
  std::uint64_t output_floats() const { return std::uint64_t{batch} * outputs * out_height() * out_width(); }
};

constexpr std::array kFullCases = {Convolution{"8x64x56x56-128-3x3", 8, 64, 56, 56, 128, 3, 1},
                                   Convolution{"4x3x224x224-64-7x7-s2", 4, 3, 224, 224, 64, 7, 2}};
// A small fraction of the work, for --quick and for software renderers.
constexpr std::array kQuickCases = {Convolution{"1x16x28x28-32-3x3", 1, 16, 28, 28, 32, 3, 1},
                                    Convolution{"1x3x64x64-16-7x7-s2", 1, 3, 64, 64, 16, 7, 2}};

constexpr std::string_view kShader = R"glsl(
layout(local_size_x = 64) in;
layout(std430, binding = 0) readonly buffer Input { float data[]; };
layout(std430, binding = 1) writeonly buffer Output { float result[]; };
void main() {
  int index = int(gl_GlobalInvocationID.x);
  if (index >= BATCH * OUTPUTS * OUT_HEIGHT * OUT_WIDTH) return;
  int x = index % OUT_WIDTH;
  int y = index / OUT_WIDTH % OUT_HEIGHT;
  int output_channel = index / (OUT_WIDTH * OUT_HEIGHT) % OUTPUTS;
  int image = index / (OUT_WIDTH * OUT_HEIGHT * OUTPUTS);
  float sum = 0.0;
  for (int channel = 0; channel < INPUTS; ++channel) {
    int plane = (image * INPUTS + channel) * HEIGHT * WIDTH;
    int weights = WEIGHTS_AT + (output_channel * INPUTS + channel) * SIDE * SIDE;
    for (int ky = 0; ky < SIDE; ++ky) {
      int row = y * STRIDE + ky - PADDING;
      if (row < 0 || row >= HEIGHT) continue;
      for (int kx = 0; kx < SIDE; ++kx) {
        int column = x * STRIDE + kx - PADDING;
        if (column < 0 || column >= WIDTH) continue;
        sum += data[plane + row * WIDTH + column] * data[weights + ky * SIDE + kx];
      }
    }
  }
  result[index] = sum;
}
)glsl";

std::string shader_source(const Convolution& c) {
  return fmt::format(
             "#version 430\n#define BATCH {}\n#define INPUTS {}\n#define HEIGHT {}\n#define WIDTH {}\n"
             "#define OUTPUTS {}\n#define SIDE {}\n#define STRIDE {}\n#define PADDING {}\n"
             "#define OUT_HEIGHT {}\n#define OUT_WIDTH {}\n#define WEIGHTS_AT {}\n",
             c.batch, c.inputs, c.height, c.width, c.outputs, c.side, c.stride, c.padding(), c.out_height(),
             c.out_width(), c.input_floats()) +
         std::string(kShader);
}

/// Inputs 0 to 15, weights -4 to 3: at most 147 or 576 products of at most 60 are exact in a float. Two contents
/// alternate, so that the CPU convolves each only once.
void fill_convolution(const Convolution& c, std::uint64_t seed, std::span<std::byte> bytes) {
  const std::uint64_t content = seed % 2;
  std::uint32_t state = static_cast<std::uint32_t>(content) + 1;
  for (std::size_t i = 0; i < bytes.size() / sizeof(float); ++i) {
    state = state * 1664525U + 1013904223U;
    const std::uint32_t noise = state >> 28;
    const float value =
        i < c.input_floats() ? static_cast<float>(noise) : static_cast<float>(noise / 2) - 4.0F;
    std::memcpy(bytes.data() + i * sizeof(value), &value, sizeof(value));
  }
}

std::vector<float> convolve(const Convolution& c, std::span<const std::byte> bytes) {
  std::vector<float> data(bytes.size() / sizeof(float));
  std::memcpy(data.data(), bytes.data(), bytes.size());
  const float* const weights = data.data() + c.input_floats();
  std::vector<float> result(c.output_floats());
  const auto pad = static_cast<int>(c.padding());
  const auto stride = static_cast<int>(c.stride);
  const auto height = static_cast<int>(c.height);
  const auto width = static_cast<int>(c.width);
  const auto out_height = static_cast<int>(c.out_height());
  const auto out_width = static_cast<int>(c.out_width());
  for (std::uint32_t image = 0; image < c.batch; ++image) {
    for (std::uint32_t output = 0; output < c.outputs; ++output) {
      float* const out = result.data() + (image * c.outputs + output) * c.out_height() * c.out_width();
      for (std::uint32_t channel = 0; channel < c.inputs; ++channel) {
        const float* const plane = data.data() + (image * c.inputs + channel) * c.height * c.width;
        const float* weight = weights + (output * c.inputs + channel) * c.side * c.side;
        for (int ky = -pad; ky <= pad; ++ky) {
          for (int kx = -pad; kx <= pad; ++kx, ++weight) {
            // Columns whose input is inside the image.
            const int first = kx < 0 ? (-kx + stride - 1) / stride : 0;
            const int last = std::min(out_width, (width - 1 - kx) / stride + 1);
            for (int y = 0; y < out_height; ++y) {
              const int row = y * stride + ky;
              if (row < 0 || row >= height) continue;
              for (int x = first; x < last; ++x) {
                out[y * out_width + x] += plane[row * width + x * stride + kx] * *weight;
              }
            }
          }
        }
      }
    }
  }
  return result;
}

/// The CPU's result for an input, computed once for each content.
class Reference {
 public:
  explicit Reference(const Convolution& convolution) : convolution_(convolution) {}
  void operator()(std::span<const std::byte> input, std::span<std::byte> output) {
    Key key = {};
    std::memcpy(key.data(), input.data(), sizeof(key));
    std::vector<std::byte>& known = known_[key];
    if (known.empty()) {
      const std::vector<float> result = convolve(convolution_, input);
      known.resize(result.size() * sizeof(float));
      std::memcpy(known.data(), result.data(), known.size());
    }
    std::ranges::copy(known, output.begin());
  }

 private:
  using Key = std::array<float, 16>;  // The first inputs identify the content.
  Convolution convolution_;
  std::map<Key, std::vector<std::byte>> known_;
};

/// The kernel on data in VRAM: no transfers.
class ComputeMethod final : public Method {
 public:
  ComputeMethod(BenchContext& bench, FlowKernel kernel, SharedSource source, GlBuffer input, GlBuffer output,
                std::uint64_t output_bytes)
      : bench_(bench),
        kernel_(std::move(kernel)),
        source_(std::move(source)),
        input_(std::move(input)),
        output_(std::move(output)),
        output_bytes_(output_bytes) {}

  Outcome<void> run(std::uint32_t times) override {
    for (std::uint32_t time = 0; time < times; ++time) {
      kernel_.run({input_.name(), 0}, {output_.name(), 0});
      if (auto done = bench_.finish(); !done) return done;
    }
    return {};
  }
  Outcome<void> verify() override {
    const auto bytes = source_->renew();
    bench_.gl().BindBuffer(GL_COPY_WRITE_BUFFER, input_.name());
    bench_.gl().BufferSubData(GL_COPY_WRITE_BUFFER, 0, static_cast<GLsizeiptr>(bytes.size()), bytes.data());
    poison_buffer(bench_.gl(), output_.name());
    if (auto done = run(1); !done) return done;
    auto result = bench_.read_back({output_.name(), 0}, output_bytes_);
    if (!result) return pass_on(result);
    std::vector<std::byte> expected(output_bytes_);
    kernel_.expected(bytes, expected);
    return compare("the convolution", expected, *result);
  }
  std::uint64_t cpu_bytes_copied() const noexcept override { return 0; }

 private:
  BenchContext& bench_;
  FlowKernel kernel_;
  SharedSource source_;
  GlBuffer input_;
  GlBuffer output_;
  std::uint64_t output_bytes_;
};

}  // namespace

void add_conv2d_cases(const CaseSetup& setup, std::vector<Case>& cases) {
  BenchContext& bench = setup.bench;
  const bool small = setup.quick || bench.planned().driver().software;
  for (const Convolution& c : small ? kQuickCases : kFullCases) {
    const std::uint64_t input_bytes = (c.input_floats() + c.weight_floats()) * sizeof(float);
    const std::uint64_t output_bytes = c.output_floats() * sizeof(float);
    Case work{.scenario = "conv2d",
              .variant = c.name,
              .size_bytes = input_bytes,
              .operations = 1,
              .moved_bytes = input_bytes + output_bytes};
    const auto source = std::make_shared<Source>(
        input_bytes,
        [c](std::uint64_t seed, std::span<std::byte> bytes) { fill_convolution(c, seed, bytes); });
    const auto reference = std::make_shared<Reference>(c);
    const KernelMaker kernel = [=, &bench]() -> Outcome<FlowKernel> {
      auto built = Shader::build(bench, shader_source(c));
      if (!built) return pass_on(built);
      const auto shader = std::make_shared<Shader>(std::move(*built));
      constexpr std::uint64_t kGroup = 64;
      const auto groups = static_cast<GLuint>((c.output_floats() + kGroup - 1) / kGroup);
      return FlowKernel{.run =
                            [=, &bench](BufferOffset input, BufferOffset output) {
                              shader->use();
                              bench.bind_storage(0, input, input_bytes);
                              bench.bind_storage(1, output, output_bytes);
                              bench.gl().DispatchCompute(groups, 1, 1);
                            },
                        .expected = [=](auto input, auto output) { (*reference)(input, output); }};
    };
    // Every output channel reads each input.
    add_flow_methods(setup, work, source, {.output_bytes = output_bytes}, c.outputs * c.side * c.side,
                     kernel);
    work.limit_note = "the dispatch alone, on data that are on the GPU already";
    add_method(work, "limit", MethodKind::limit, [=, &bench]() -> Outcome<std::unique_ptr<Method>> {
      auto made = kernel();
      if (!made) return pass_on(made);
      auto input = GlBuffer::create(bench.gl(), input_bytes, GL_STATIC_DRAW);
      if (!input) return pass_on(input);
      auto output = GlBuffer::create(bench.gl(), output_bytes, GL_DYNAMIC_COPY);
      if (!output) return pass_on(output);
      return std::make_unique<ComputeMethod>(bench, std::move(*made), source, std::move(*input),
                                             std::move(*output), output_bytes);
    });
    cases.push_back(std::move(work));
  }
}

}  // namespace pmb::tool::bench
