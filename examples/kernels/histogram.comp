// SPDX-License-Identifier: MIT
// Counts how often each byte value occurs in a block: 256 numbers of 32 bits.
//
//   pmb stream histogram.comp --block 1M --out-block 1024 --clear-output -i data.bin -o counts.bin
#version 430 core
layout(local_size_x = 256) in;

shared uint counts[256];

void main() {
  uint own = gl_LocalInvocationIndex;
  counts[own] = 0u;
  barrier();

  uint word = pmb_word_index();
  uvec4 bytes = pmb_unpack_bytes(pmb_load_word(word));
  for (uint i = 0u; i < 4u; ++i) {
    if (word * 4u + i < pmb_block_bytes) atomicAdd(counts[bytes[i]], 1u);
  }
  barrier();

  if (counts[own] != 0u) atomicAdd(pmb_out[own], counts[own]);
}
