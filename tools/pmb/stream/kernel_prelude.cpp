// SPDX-License-Identifier: MIT
// The GLSL that is put in front of every kernel. docs/kernels.md describes it.

#include "kernel_source.hpp"

namespace pmb::tool {

std::string_view kernel_prelude() noexcept {
  return R"glsl(
layout(std430, binding = 0) readonly buffer pmb_input_block { uint pmb_in[]; };
layout(std430, binding = 1) buffer pmb_output_block { uint pmb_out[]; };

#define PMB_RAW 0u
#define PMB_GRAY8 1u
#define PMB_RGBA8 2u
#define PMB_RGBA32F 3u
#define PMB_YUV8 4u
#define PMB_YUV16 5u

uniform uint pmb_block_bytes;
uniform uint pmb_out_bytes;
uniform uint pmb_frame;
uniform uint pmb_pixel_format;
uniform uint pmb_width;
uniform uint pmb_height;
uniform uint pmb_plane_count;
uniform uint pmb_sample_bits;
uniform uint pmb_sample_bytes;
uniform uint pmb_plane_offset[4];
uniform uint pmb_plane_width[4];
uniform uint pmb_plane_height[4];
uniform uint pmb_group_invocations;

uint pmb_word_index() {
  uint group = gl_WorkGroupID.x + gl_NumWorkGroups.x * (gl_WorkGroupID.y + gl_NumWorkGroups.y * gl_WorkGroupID.z);
  return group * pmb_group_invocations + gl_LocalInvocationIndex;
}

uint pmb_in_words() { return uint(pmb_in.length()); }
uint pmb_out_words() { return uint(pmb_out.length()); }
uint pmb_load_word(uint word) { return word < pmb_in_words() ? pmb_in[word] : 0u; }
void pmb_store_word(uint word, uint value) { if (word < pmb_out_words()) pmb_out[word] = value; }

uint pmb_byte_of(uint word, uint index) { return (word >> (index * 8u)) & 255u; }
uint pmb_pack_bytes(uint a, uint b, uint c, uint d) {
  return (a & 255u) | ((b & 255u) << 8) | ((c & 255u) << 16) | ((d & 255u) << 24);
}
uint pmb_load_byte(uint byte_index) { return pmb_byte_of(pmb_load_word(byte_index >> 2), byte_index & 3u); }
uint pmb_load_u16(uint index) { return (pmb_load_word(index >> 1) >> ((index & 1u) * 16u)) & 65535u; }
uvec4 pmb_unpack_bytes(uint word) { return (uvec4(word) >> uvec4(0u, 8u, 16u, 24u)) & 255u; }
uint pmb_load_unaligned(uint byte_index) {
  uint shift = (byte_index & 3u) * 8u;
  uint low = pmb_load_word(byte_index >> 2);
  return shift == 0u ? low : (low >> shift) | (pmb_load_word((byte_index >> 2) + 1u) << (32u - shift));
}
void pmb_store_byte(uint byte_index, uint value) {
  uint word = byte_index >> 2;
  uint shift = (byte_index & 3u) * 8u;
  if (word >= pmb_out_words()) return;
  atomicAnd(pmb_out[word], ~(255u << shift));
  atomicOr(pmb_out[word], (value & 255u) << shift);
}

uvec4 pmb_load_rgba8(uint pixel) { return pmb_unpack_bytes(pmb_load_word(pixel)); }
void pmb_store_rgba8(uint pixel, uvec4 rgba) {
  pmb_store_word(pixel, pmb_pack_bytes(rgba.r, rgba.g, rgba.b, rgba.a));
}
vec4 pmb_load_rgba32f(uint pixel) {
  return vec4(uintBitsToFloat(pmb_load_word(pixel * 4u)), uintBitsToFloat(pmb_load_word(pixel * 4u + 1u)),
              uintBitsToFloat(pmb_load_word(pixel * 4u + 2u)), uintBitsToFloat(pmb_load_word(pixel * 4u + 3u)));
}
void pmb_store_rgba32f(uint pixel, vec4 rgba) {
  pmb_store_word(pixel * 4u, floatBitsToUint(rgba.r));
  pmb_store_word(pixel * 4u + 1u, floatBitsToUint(rgba.g));
  pmb_store_word(pixel * 4u + 2u, floatBitsToUint(rgba.b));
  pmb_store_word(pixel * 4u + 3u, floatBitsToUint(rgba.a));
}

ivec2 pmb_position(uint pixel) { return ivec2(pixel % max(pmb_width, 1u), pixel / max(pmb_width, 1u)); }
uint pmb_pixel_at(ivec2 position) {
  ivec2 inside = clamp(position, ivec2(0), ivec2(int(pmb_width) - 1, int(pmb_height) - 1));
  return uint(inside.y) * pmb_width + uint(inside.x);
}

uint pmb_samples_per_word() { return 4u / max(pmb_sample_bytes, 1u); }
uint pmb_sample_max() { return 0xffffffffu >> (32u - pmb_sample_bits); }
uint pmb_sample_of(uint word, uint index) {
  return pmb_sample_bytes == 2u ? (word >> (index * 16u)) & 65535u : pmb_byte_of(word, index);
}
uint pmb_place_sample(uint value, uint index) {
  return pmb_sample_bytes == 2u ? (value & 65535u) << (index * 16u) : (value & 255u) << (index * 8u);
}
uint pmb_load_sample(uint sample_index) {
  return pmb_sample_bytes == 2u ? pmb_load_u16(sample_index) : pmb_load_byte(sample_index);
}

uint pmb_plane_of(uint byte_index, out ivec2 position) {
  uint plane = 0u;
  if (pmb_plane_count > 1u && byte_index >= pmb_plane_offset[1]) plane = 1u;
  if (pmb_plane_count > 2u && byte_index >= pmb_plane_offset[2]) plane = 2u;
  if (pmb_plane_count > 3u && byte_index >= pmb_plane_offset[3]) plane = 3u;
  uint pixel = (byte_index - pmb_plane_offset[plane]) / max(pmb_sample_bytes, 1u);
  uint width = max(pmb_plane_width[plane], 1u);
  position = ivec2(pixel % width, pixel / width);
  return plane;
}
uint pmb_load_plane(uint plane, ivec2 position) {
  ivec2 last = ivec2(int(pmb_plane_width[plane]) - 1, int(pmb_plane_height[plane]) - 1);
  ivec2 inside = clamp(position, ivec2(0), last);
  uint pixel = uint(inside.y) * pmb_plane_width[plane] + uint(inside.x);
  return pmb_load_sample(pmb_plane_offset[plane] / max(pmb_sample_bytes, 1u) + pixel);
}

uint pmb_float_bits(float value) {
  uint bits = floatBitsToUint(value);
  uint exponent = bits & 0x7f800000u;
  if (exponent == 0u) return 0u;
  return exponent == 0x7f800000u && (bits & 0x007fffffu) != 0u ? 0x7fc00000u : bits;
}
float pmb_normal(float value) { return uintBitsToFloat(pmb_float_bits(value)); }
)glsl";
}

}  // namespace pmb::tool
