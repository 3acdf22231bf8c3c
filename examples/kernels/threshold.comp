// SPDX-License-Identifier: MIT
// Black and white: samples of at least `level` become the largest value, the others 0. Takes gray8 and video of every depth; chroma
// becomes gray, and alpha stays.
//
//   ffmpeg -i in.mp4 -f yuv4mpegpipe - | pmb stream threshold.comp --uniform level=100 | ffplay -
#version 430 core
layout(local_size_x = 256) in;

uniform uint level;

void main() {
  uint word = pmb_word_index();
  uint samples = pmb_load_word(word);
  uint result = 0u;
  for (uint i = 0u; i < pmb_samples_per_word(); ++i) {
    ivec2 position;
    uint value = pmb_sample_of(samples, i);
    uint plane = pmb_plane_of(word * 4u + i * pmb_sample_bytes, position);
    if (plane == 0u) {
      value = value >= level ? pmb_sample_max() : 0u;
    } else if (plane < 3u) {
      value = 1u << (pmb_sample_bits - 1u);
    }
    result |= pmb_place_sample(value, i);
  }
  pmb_store_word(word, result);
}
