// SPDX-License-Identifier: MIT
// The samples of docs/c.md: each frame writes its uniform block straight into the memory that the GPU reads.
#define GL_GLEXT_PROTOTYPES
#include <GL/glcorearb.h>
#include <pmb.h>
#include <stdio.h>
#include <string.h>

enum { kBytes = 4 * sizeof(float), kFrames = 100 };

static const char* const kVertex =
    "#version 430 core\n"
    "void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0); }";
static const char* const kFragment =
    "#version 430 core\n"
    "layout(std140, binding = 0) uniform Frame { vec4 colour; };\n"
    "layout(location = 0) out vec4 pixel;\n"
    "void main() { pixel = colour; }";

static bool fail(const char* what) {
  fprintf(stderr, "%s: %s\n", what, pmb_last_error_message());
  return false;
}

// Stands in for the program's own work.
static void fill(void* bytes, int frame) {
  const float colour[4] = {(float)frame / 255.0F, 0, 0, 1};
  memcpy(bytes, colour, sizeof colour);
}

static bool draw_frame(pmb_context* context, pmb_upload_ring* ring, int frame) {
  pmb_slice slice;
  pmb_ticket ticket;
  if (pmb_upload_ring_acquire(ring, kBytes, 0, &slice) != PMB_OK) return fail("acquire");
  fill(pmb_slice_raw_bytes(slice), frame);  // write in place, on any thread
  if (pmb_upload_ring_publish(ring, slice, kBytes) != PMB_OK) return fail("publish");
  glBindBufferRange(GL_UNIFORM_BUFFER, 0, pmb_slice_buffer(slice), pmb_slice_offset_bytes(slice), kBytes);
  glDrawArrays(GL_TRIANGLES, 0, 3);
  if (pmb_timeline_mark(context, &ticket) != PMB_OK) return fail("mark");
  if (pmb_upload_ring_retire(ring, slice, ticket) != PMB_OK) return fail("retire");
  return true;
}

static bool draw_frames(pmb_context* context) {
  pmb_upload_ring* ring = NULL;
  const pmb_ring_options options = {.struct_bytes = sizeof options, .capacity_bytes = 8 << 20};
  if (pmb_upload_ring_create(context, &options, &ring) != PMB_OK) return fail("create");
  bool drawn = true;
  for (int frame = 0; frame < kFrames && drawn; ++frame) drawn = draw_frame(context, ring, frame);
  pmb_upload_ring_destroy(&ring);  // also sets ring to NULL
  return drawn;
}

static bool last_frame_is_right(pmb_context* context) {
  const pmb_pixel_rectangle all = {.width = 1, .height = 1};
  const pmb_texel_layout rgba = {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE};
  unsigned char pixel[4];
  if (pmb_read_pixels(context, &all, &rgba, pixel, sizeof pixel) != PMB_OK) return fail("read");
  return pixel[0] == kFrames - 1 && pixel[3] == 255;
}

static GLuint shader(GLenum kind, const char* source) {
  const GLuint name = glCreateShader(kind);
  glShaderSource(name, 1, &source, NULL);
  glCompileShader(name);
  return name;
}

static void prepare_gl(void) {
  GLuint names[3];
  glGenTextures(1, &names[0]);
  glBindTexture(GL_TEXTURE_2D, names[0]);
  glTexStorage2D(GL_TEXTURE_2D, 1, GL_RGBA8, 1, 1);
  glGenFramebuffers(1, &names[1]);
  glBindFramebuffer(GL_FRAMEBUFFER, names[1]);
  glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, names[0], 0);
  glViewport(0, 0, 1, 1);
  glGenVertexArrays(1, &names[2]);
  glBindVertexArray(names[2]);
  const GLuint program = glCreateProgram();
  glAttachShader(program, shader(GL_VERTEX_SHADER, kVertex));
  glAttachShader(program, shader(GL_FRAGMENT_SHADER, kFragment));
  glLinkProgram(program);
  glUseProgram(program);
}

int main(void) {
  pmb_headless_context* headless = NULL;
  pmb_context* context = NULL;
  if (pmb_headless_context_create(NULL, &headless) != PMB_OK) return !fail("headless");
  if (pmb_headless_context_make_current(headless) != PMB_OK) return !fail("current");
  const pmb_options options = {.struct_bytes = sizeof options, .timeout_ns = 1000000000};
  if (pmb_context_from_current(pmb_headless_context_loader, &options, &context) != PMB_OK)
    return !fail("context");
  prepare_gl();
  const bool right = draw_frames(context) && last_frame_is_right(context);
  if (!right) fputs("the last frame has the wrong colour\n", stderr);
  pmb_context_destroy(&context);
  pmb_headless_context_destroy(&headless);
  return right ? 0 : 1;
}
