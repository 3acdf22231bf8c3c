// SPDX-License-Identifier: MIT
// A compiled kernel: its uniforms and its dispatch.
//
// Threads: the GL context's.
#pragma once

#include <glad/gl.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "builtin_kernels.hpp"
#include "common/failure.hpp"
#include "frame_layout.hpp"
#include "kernel_source.hpp"

namespace pmb::tool {

/// `--uniform name=1,2,3`, not yet of any type.
struct UniformAssignment {
  std::string name;
  std::vector<std::string> values;
};

/// Failures: kUsage.
Outcome<UniformAssignment> parse_uniform(std::string_view text);

class KernelProgram {
 public:
  /// Compiles and links. Failures: kKernel, with the compiler's messages; for a resource to which nothing is
  /// bound; and for kernels that have no output block.
  static Outcome<KernelProgram> build(const GladGLContext& gl, const KernelSource& source);

  KernelProgram(KernelProgram&& other) noexcept;
  KernelProgram& operator=(KernelProgram&&) = delete;
  ~KernelProgram();

  /// Sets a uniform of the kernel's own, converted to its type. Failures: kUsage, listing what there is.
  Outcome<void> set(const UniformAssignment& assignment);
  /// What a built-in has of its own.
  void set_parameters(Builtin builtin, const BuiltinParameters& parameters);

  /// Fixes what is the same for all blocks: an invocation for each 32-bit word of the larger of input and
  /// output. Failures: kLimit.
  Outcome<void> set_layout(const FrameLayout& layout, std::uint64_t output_bytes);

  /// Runs over one block; input and output are bound by the caller. Leaves the program in use.
  void dispatch(std::uint64_t frame, std::uint64_t input_bytes, std::uint64_t output_bytes) const;

  const std::string& name() const noexcept { return name_; }

 private:
  struct Uniform {
    std::string name;
    GLenum type = 0;
    GLint count = 1;
    GLint location = -1;
  };
  KernelProgram(const GladGLContext& gl, GLuint program, std::string name);
  Outcome<const Uniform*> find_uniform(std::string_view name) const;
  void read_interface();
  bool writes_binding_1() const;
  void set_uint(const char* name, std::uint64_t value) const;

  const GladGLContext* gl_;
  GLuint program_;
  std::string name_;
  std::vector<Uniform> uniforms_;  ///< The kernel's own.
  std::uint64_t group_invocations_ = 1;
  std::array<GLuint, 2> groups_ = {1, 1};
  // Looked up once: these three change with every block.
  GLint frame_location_ = -1;
  GLint block_bytes_location_ = -1;
  GLint out_bytes_location_ = -1;
};

}  // namespace pmb::tool
