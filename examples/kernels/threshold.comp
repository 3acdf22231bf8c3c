// SPDX-License-Identifier: MIT
// Black and white: pixels of at least `level` become 255, the others 0. Takes gray8 and video, whose chroma becomes 128.
//
//   ffmpeg -i in.mp4 -f yuv4mpegpipe - | pmb stream threshold.comp --uniform level=100 | ffplay -
#version 430 core
layout(local_size_x = 256) in;

uniform uint level;

void main() {
  uint word = pmb_word_index();
  uvec4 bytes = pmb_unpack_bytes(pmb_load_word(word));
  for (uint i = 0u; i < 4u; ++i) {
    ivec2 position;
    uint plane = pmb_plane_of(word * 4u + i, position);
    if (plane == 0u) {
      bytes[i] = bytes[i] >= level ? 255u : 0u;
    } else {
      bytes[i] = 128u;
    }
  }
  pmb_store_word(word, pmb_pack_bytes(bytes.x, bytes.y, bytes.z, bytes.w));
}
