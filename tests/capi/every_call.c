// SPDX-License-Identifier: MIT
// Calls every function of pmb.h from C on a real driver, and verifies the bytes that it moves. PMB_PATH and PMB_MODEL
// choose the path. Exits with 0 if everything was right, with 77 where no GL context can be created.
#define _POSIX_C_SOURCE 200809L  // fileno
#define GL_GLEXT_PROTOTYPES
#include <GL/glcorearb.h>
#include <pmb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

static void stop(int line, const char* what) {
  fprintf(stderr, "every_call.c:%d: %s: %s\n", line, what, pmb_last_error_message());
  exit(1);
}
#define NEED(condition) ((condition) ? (void)0 : stop(__LINE__, #condition))
#define OK(call) NEED((call) == PMB_OK)

enum { kBytes = 4096, kPage = 4096 };

// Bytes that differ from their neighbours and from those of other seeds.
static void fill_pattern(void* bytes, int64_t size, unsigned seed) {
  for (int64_t i = 0; i < size; ++i)
    ((unsigned char*)bytes)[i] = (unsigned char)((unsigned)i * 31u + seed * 7u + 1u);
}
static bool has_pattern(const void* bytes, int64_t size, unsigned seed) {
  for (int64_t i = 0; i < size; ++i) {
    if (((const unsigned char*)bytes)[i] != (unsigned char)((unsigned)i * 31u + seed * 7u + 1u)) return false;
  }
  return true;
}
static pmb_buffer_target named(uint32_t buffer) {
  return (pmb_buffer_target){.buffer = buffer};
}
// Whether `size` bytes of a GL buffer have the pattern, as the GPU sees them.
static bool buffer_has_pattern(pmb_context* context, uint32_t buffer, int64_t offset, int64_t size,
                               unsigned seed) {
  unsigned char bytes[kBytes];
  NEED(size <= kBytes);
  OK(pmb_download(context, named(buffer), offset, bytes, size));
  return has_pattern(bytes, size, seed);
}
static uint32_t new_buffer(const void* bytes, int64_t size) {
  GLuint name = 0;
  glGenBuffers(1, &name);
  glBindBuffer(GL_COPY_WRITE_BUFFER, name);
  glBufferData(GL_COPY_WRITE_BUFFER, size, bytes, GL_STATIC_DRAW);
  return name;
}
static pmb_ticket mark(pmb_context* context) {
  pmb_ticket ticket;
  OK(pmb_timeline_mark(context, &ticket));
  return ticket;
}

static void run_all(void* user, int64_t count, pmb_parallel_body run, void* body) {
  ++*(int*)user;
  for (int64_t i = 0; i < count; ++i) run(body, i);
}

static void names(void) {
  char text[256];
  int64_t length = 0;
  NEED(pmb_last_error_id() == PMB_ERROR_none && pmb_last_error_message()[0] == '\0');
  NEED(strcmp(pmb_library_version(), PMB_VERSION_STRING) == 0);
  NEED(strcmp(pmb_status_name(PMB_WOULD_BLOCK), "would_block") == 0);
  NEED(strcmp(pmb_error_name(PMB_ERROR_zero_size), "zero_size") == 0);
  NEED(strcmp(pmb_access_name(PMB_ACCESS_READ), "read") == 0);
  NEED(strcmp(pmb_model_name(PMB_MODEL_COHERENT), "coherent") == 0);
  NEED(strcmp(pmb_path_name(PMB_PATH_STAGED), "staged") == 0);
  OK(pmb_flag_names(0x0042, text, sizeof text, &length));
  NEED(strcmp(text, "MAP_WRITE | MAP_PERSISTENT") == 0 && length == (int64_t)strlen(text));
  OK(pmb_profile_default_folder(text, sizeof text, NULL));
  NEED(pmb_stream_copy_target()[0] != '\0');
  pmb_store_fence();
  pmb_arena_finish();
}

static void copies(void) {
  enum { kLarge = 1 << 20 };
  unsigned char* from = malloc(kLarge);
  unsigned char* to = malloc(kLarge);
  int calls = 0;
  const pmb_copy_options options = {
      .struct_bytes = sizeof options, .parallel_for = run_all, .parallel_for_user = &calls, .threads = 2};
  NEED(from && to);
  fill_pattern(from, kLarge, 1);
  memset(to, 0, kLarge);
  OK(pmb_copy_to_mapped(to, kLarge, from, kLarge, &options));
  NEED(has_pattern(to, kLarge, 1) && calls == 1);
  memset(to, 0, kLarge);
  OK(pmb_copy_from_mapped(to, kLarge, from, kLarge, NULL));
  NEED(has_pattern(to, kLarge, 1));
  free(from);
  free(to);
}

static void gpus(void) {
  pmb_gpu_list* list = NULL;
  OK(pmb_list_gpus(&list));
  NEED(pmb_gpu_list_count(list) > 0);
  for (int64_t i = 0; i < pmb_gpu_list_count(list); ++i) {
    pmb_gpu_info gpu = {.struct_bytes = sizeof gpu};
    OK(pmb_gpu_list_get(list, i, &gpu));
    NEED(gpu.index == (int32_t)i && gpu.name[0] != '\0');
  }
  pmb_gpu_list_destroy(&list);
  NEED(list == NULL);
}

static void facts(pmb_context* context) {
  pmb_limits limits = {.struct_bytes = sizeof limits};
  pmb_driver driver = {.struct_bytes = sizeof driver};
  OK(pmb_context_limits(context, &limits));
  NEED(limits.gl_major >= 3 && limits.uniform_offset_alignment > 0);
  OK(pmb_context_driver(context, &driver));
  NEED(strcmp(driver.renderer, (const char*)glGetString(GL_RENDERER)) == 0);
  NEED(!pmb_context_has_extension(context, "GL_PMB_none"));
  bool any = false;
  for (int64_t i = 0; i < pmb_context_quirk_count(context); ++i) {
    pmb_quirk quirk = {.struct_bytes = sizeof quirk};
    OK(pmb_context_quirk(context, i, &quirk));
    any |= quirk.id[0] != '\0';
  }
  NEED(any);
  NEED(pmb_context_memory_limit_bytes(context) > pmb_context_mapped_bytes(context));
  NEED(pmb_context_take_caller_error(context) == GL_NO_ERROR);
  pmb_context_report_reset(context, GL_NO_ERROR);
  NEED(!pmb_context_lost(context));
  OK(pmb_context_claim_thread(context));
}

static void plans(pmb_context* context) {
  char text[1024];
  int64_t length = 0;
  pmb_plan plan = {.struct_bytes = sizeof plan};
  OK(pmb_context_plan(context, PMB_ACCESS_READ, kBytes, 1, &plan));
  NEED(plan.access == PMB_ACCESS_READ && plan.size_bytes == kBytes && plan.reasons[0]);
  OK(pmb_plan_describe(&plan, text, sizeof text, &length));
  NEED(length > 0 && strstr(text, pmb_path_name(plan.path)));
  pmb_transfer_plan transfers = {.struct_bytes = sizeof transfers};
  OK(pmb_context_transfer_plan(context, &transfers));
  NEED(transfers.up.step_count > 0 && transfers.up.steps && transfers.reason);
  OK(pmb_transfer_plan_check(&transfers));
  OK(pmb_transfer_plan_describe(&transfers, text, sizeof text, &length));
  NEED(length > 0);
}

static void timeline(pmb_context* context) {
  pmb_ticket tickets[2];
  int64_t first = -1;
  tickets[0] = mark(context);
  OK(pmb_timeline_adopt(context, glFenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0), &tickets[1]));
  NEED(pmb_timeline_marked_serial(context) == pmb_ticket_serial(tickets[1]));
  NEED(pmb_ticket_serial(tickets[0]) < pmb_ticket_serial(tickets[1]));
  OK(pmb_timeline_flush(context));
  OK(pmb_wait_any(tickets, 2, 10 * SECOND, &first));
  NEED(first == 0 || first == 1);
  OK(pmb_ticket_wait(tickets[1], 10 * SECOND));
  OK(pmb_timeline_poll(context));
  NEED(pmb_ticket_passed(tickets[0]) && pmb_ticket_passed(tickets[1]));
}

static pmb_mapped_buffer* new_mapped(pmb_context* context, pmb_access access) {
  pmb_mapped_buffer* buffer = NULL;
  const pmb_mapped_buffer_options options = {
      .struct_bytes = sizeof options, .size_bytes = kBytes, .access = access, .label = "mapped"};
  OK(pmb_mapped_buffer_create(context, &options, &buffer));
  return buffer;
}

static void mapped_buffers(pmb_context* context) {
  unsigned char bytes[256];
  pmb_mapped_buffer* buffer = new_mapped(context, PMB_ACCESS_BIDIRECTIONAL);
  fill_pattern(bytes, sizeof bytes, 2);
  OK(pmb_mapped_buffer_write(buffer, 0, bytes, sizeof bytes));
  fill_pattern((char*)pmb_mapped_buffer_raw_bytes(buffer) + 1024, sizeof bytes, 3);
  OK(pmb_mapped_buffer_flush(buffer, 1024, sizeof bytes));
  const uint32_t name = pmb_mapped_buffer_buffer(buffer);
  NEED(buffer_has_pattern(context, name, 0, sizeof bytes, 2));
  NEED(buffer_has_pattern(context, name, 1024, sizeof bytes, 3));
  memset(bytes, 0, sizeof bytes);
  const pmb_ticket after = mark(context);
  OK(pmb_ticket_wait(after, 10 * SECOND));
  OK(pmb_mapped_buffer_read(buffer, 1024, bytes, sizeof bytes, after));
  NEED(has_pattern(bytes, sizeof bytes, 3));
  pmb_plan plan = {.struct_bytes = sizeof plan};
  OK(pmb_mapped_buffer_plan(buffer, &plan));
  NEED(plan.access == PMB_ACCESS_BIDIRECTIONAL);
  NEED(pmb_mapped_buffer_is_mapped(buffer) && strcmp(pmb_mapped_buffer_label(buffer), "mapped") == 0);
  NEED(pmb_mapped_buffer_size_bytes(buffer) == kBytes && pmb_mapped_buffer_offset_bytes(buffer) == 0);
  OK(pmb_mapped_buffer_destroy(&buffer));
  NEED(buffer == NULL);
}

static void adopted(pmb_context* context) {
  const GLbitfield flags = GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT | GL_MAP_COHERENT_BIT;
  GLuint name = 0;
  glGenBuffers(1, &name);
  glBindBuffer(GL_COPY_WRITE_BUFFER, name);
  glBufferStorage(GL_COPY_WRITE_BUFFER, kBytes, NULL, flags);
  const pmb_adopted_mapping mapping = {.struct_bytes = sizeof mapping,
                                       .pointer = glMapBufferRange(GL_COPY_WRITE_BUFFER, 1024, 1024, flags),
                                       .offset_bytes = 1024,
                                       .size_bytes = 1024,
                                       .buffer = name};
  pmb_mapped_buffer* buffer = NULL;
  OK(pmb_mapped_buffer_adopt(context, &mapping, &buffer));
  NEED(pmb_mapped_buffer_offset_bytes(buffer) == 1024);
  OK(pmb_mapped_buffer_destroy(&buffer));
  glDeleteBuffers(1, &name);
}

static void adopted_memory(pmb_context* context) {
  void* memory = aligned_alloc(kPage, kPage);
  pmb_mapped_buffer* buffer = NULL;
  NEED(memory != NULL);
  const pmb_status status = pmb_mapped_buffer_adopt_memory(context, memory, kPage, 0, "own memory", &buffer);
  if (status == PMB_UNSUPPORTED) {
    NEED(buffer == NULL);
  } else {
    OK(status);
    NEED(pmb_mapped_buffer_raw_bytes(buffer) == memory);
    OK(pmb_mapped_buffer_destroy(&buffer));
  }
  free(memory);
}

static pmb_upload_ring* new_ring(pmb_context* context) {
  pmb_upload_ring* ring = NULL;
  const pmb_ring_options options = {.struct_bytes = sizeof options,
                                    .capacity_bytes = 4 * kBytes,
                                    .label = "ring",
                                    .timeout_ns = 10 * SECOND};
  OK(pmb_upload_ring_create(context, &options, &ring));
  return ring;
}

static pmb_slice put(pmb_upload_ring* ring, unsigned seed) {
  pmb_slice slice;
  OK(pmb_upload_ring_acquire(ring, 256, 0, &slice));
  fill_pattern(pmb_slice_raw_bytes(slice), pmb_slice_size_bytes(slice), seed);
  OK(pmb_upload_ring_publish(ring, slice, 256));
  return slice;
}

static bool slice_has_pattern(pmb_context* context, pmb_slice slice, unsigned seed) {
  return buffer_has_pattern(context, pmb_slice_buffer(slice), pmb_slice_offset_bytes(slice),
                            pmb_slice_size_bytes(slice), seed);
}

static void upload_ring(pmb_context* context) {
  unsigned char bytes[256];
  pmb_upload_ring* ring = new_ring(context);
  for (unsigned seed = 0; seed < 100; ++seed) {
    const pmb_slice slice = put(ring, seed);
    NEED(slice_has_pattern(context, slice, seed));
    OK(pmb_upload_ring_retire(ring, slice, mark(context)));
    NEED(!pmb_slice_is_live(slice));
  }
  pmb_slice many[3];
  for (int i = 0; i < 3; ++i) OK(pmb_upload_ring_try_acquire(ring, 256, 64, &many[i]));
  fill_pattern(bytes, sizeof bytes, 4);
  OK(pmb_slice_copy_from(many[0], 0, bytes, sizeof bytes));
  OK(pmb_slice_fill(many[1], 9));
  OK(pmb_upload_ring_cancel(ring, many[2]));
  OK(pmb_upload_ring_publish_many(ring, many, 2, (const int64_t[]){256, 128}));
  NEED(slice_has_pattern(context, many[0], 4) && pmb_slice_size_bytes(many[1]) == 128);
  OK(pmb_upload_ring_retire_all(ring, mark(context)));
  const pmb_slice last = put(ring, 5);
  NEED(slice_has_pattern(context, last, 5));
  OK(pmb_upload_ring_retire_issued(ring));
  OK(pmb_upload_ring_drain(ring, PMB_RING_TIMEOUT));
  pmb_ring_stats stats = {.struct_bytes = sizeof stats};
  OK(pmb_upload_ring_stats(ring, &stats));
  NEED(stats.acquired == 104 && stats.live_slices == 0 && stats.capacity_bytes == 4 * kBytes);
  NEED(pmb_mapped_buffer_buffer(pmb_upload_ring_mapped_buffer(ring)) != 0);
  pmb_upload_ring_destroy(&ring);
}

static void rings_on_buffers(pmb_context* context) {
  pmb_mapped_buffer* buffer = new_mapped(context, PMB_ACCESS_SEQUENTIAL_WRITE);
  pmb_upload_ring* ring = NULL;
  OK(pmb_upload_ring_create_on(context, &buffer, NULL, &ring));
  NEED(buffer == NULL && slice_has_pattern(context, put(ring, 6), 6));
  pmb_upload_ring_destroy(&ring);
  buffer = new_mapped(context, PMB_ACCESS_READ);
  pmb_readback_ring* readback = NULL;
  OK(pmb_readback_ring_create_on(context, &buffer, NULL, &readback));
  NEED(pmb_mapped_buffer_size_bytes(pmb_readback_ring_mapped_buffer(readback)) == kBytes);
  pmb_readback_ring_destroy(&readback);
}

static void arenas(pmb_context* context) {
  pmb_upload_ring* ring = new_ring(context);
  pmb_arena* arena = NULL;
  pmb_arena_piece piece;
  pmb_slice slice;
  OK(pmb_upload_ring_lend(ring, 1024, &arena));
  NEED(pmb_arena_size_bytes(arena) == 1024);
  OK(pmb_arena_take(arena, 256, 0, &piece));
  NEED(piece.size_bytes == 256 && pmb_arena_taken_bytes(arena) == 256);
  fill_pattern(piece.bytes, piece.size_bytes, 7);
  NEED(pmb_arena_take(arena, 1024, 0, &piece) == PMB_WOULD_BLOCK);
  OK(pmb_upload_ring_publish_arena(ring, arena, &slice));
  NEED(slice_has_pattern(context, slice, 7));
  pmb_arena_destroy(&arena);
  OK(pmb_upload_ring_lend(ring, 1024, &arena));
  OK(pmb_upload_ring_cancel_arena(ring, arena));
  pmb_arena_destroy(&arena);
  pmb_upload_ring_destroy(&ring);
}

static void readback_ring(pmb_context* context) {
  unsigned char bytes[512];
  pmb_readback_ring* ring = NULL;
  pmb_pending_readback pending;
  pmb_read_view view;
  const pmb_ring_options options = {.struct_bytes = sizeof options, .capacity_bytes = 4 * kBytes};
  fill_pattern(bytes, sizeof bytes, 8);
  const GLuint source = new_buffer(bytes, sizeof bytes);
  OK(pmb_readback_ring_create(context, &options, &ring));
  OK(pmb_readback_ring_request(ring, named(source), 0, sizeof bytes, &pending));
  NEED(pmb_pending_readback_try_view(pending, &view) == PMB_WOULD_BLOCK);
  mark(context);
  OK(pmb_ticket_wait(pmb_pending_readback_ticket(pending), 10 * SECOND));
  OK(pmb_pending_readback_try_view(pending, &view));
  NEED(view.size_bytes == sizeof bytes && has_pattern(view.bytes, view.size_bytes, 8));
  OK(pmb_pending_readback_release(pending));
  NEED(!pmb_pending_readback_is_live(pending));

  OK(pmb_readback_ring_acquire(ring, sizeof bytes, 0, &pending));
  glBindBuffer(GL_COPY_READ_BUFFER, source);
  glBindBuffer(GL_COPY_WRITE_BUFFER, pmb_pending_readback_buffer(pending));
  glCopyBufferSubData(GL_COPY_READ_BUFFER, GL_COPY_WRITE_BUFFER, 0,
                      pmb_pending_readback_offset_bytes(pending), pmb_pending_readback_size_bytes(pending));
  mark(context);
  OK(pmb_pending_readback_wait(pending, 10 * SECOND, &view));
  NEED(has_pattern(view.bytes, view.size_bytes, 8));
  memset(bytes, 0, sizeof bytes);
  OK(pmb_pending_readback_copy_to(pending, bytes, sizeof bytes, 10 * SECOND));
  NEED(has_pattern(bytes, sizeof bytes, 8));
  OK(pmb_readback_ring_drain(ring, 10 * SECOND));
  pmb_ring_stats stats = {.struct_bytes = sizeof stats};
  OK(pmb_readback_ring_stats(ring, &stats));
  NEED(stats.acquired == 2 && stats.live_slices == 0);
  pmb_readback_ring_destroy(&ring);
  glDeleteBuffers(1, &source);
}

static pmb_block_pool* new_pool(pmb_context* context, pmb_access access) {
  pmb_block_pool* pool = NULL;
  const pmb_block_pool_options options = {.struct_bytes = sizeof options,
                                          .block_bytes = kBytes,
                                          .timeout_ns = 10 * SECOND,
                                          .count = 2,
                                          .access = access};
  OK(pmb_block_pool_create(context, &options, &pool));
  return pool;
}

static void block_pool(pmb_context* context) {
  pmb_block_pool* pool = new_pool(context, PMB_ACCESS_BIDIRECTIONAL);
  pmb_block block;
  pmb_read_view view;
  NEED(pmb_block_pool_count(pool) == 2 && pmb_block_pool_free_count(pool) == 2);
  OK(pmb_block_pool_acquire(pool, &block));
  fill_pattern(pmb_block_raw_bytes(block), pmb_block_size_bytes(block), 9);
  OK(pmb_block_pool_publish(pool, block, kBytes));
  NEED(buffer_has_pattern(context, pmb_block_buffer(block), 0, kBytes, 9));
  OK(pmb_block_pool_wait_view(pool, block, mark(context), 10 * SECOND, &view));
  NEED(view.size_bytes == kBytes && has_pattern(view.bytes, view.size_bytes, 9));
  OK(pmb_block_pool_release(pool, block));
  NEED(!pmb_block_is_live(block));
  OK(pmb_block_pool_try_acquire(pool, &block));
  OK(pmb_block_pool_publish(pool, block, 0));
  const pmb_ticket ticket = mark(context);
  OK(pmb_ticket_wait(ticket, 10 * SECOND));
  OK(pmb_block_pool_try_view(pool, block, ticket, &view));
  OK(pmb_block_pool_retire(pool, block, ticket));
  pmb_block_pool_destroy(&pool);
}

static void transfers(pmb_context* context) {
  unsigned char bytes[kBytes];
  fill_pattern(bytes, sizeof bytes, 10);
  const GLuint buffer = new_buffer(NULL, sizeof bytes);
  pmb_buffer_target target;
  OK(pmb_buffer_target_query(context, buffer, PMB_BUFFER_USE_NO_SHADER_WRITES, &target));
  NEED(target.buffer == buffer && pmb_buffer_target_size_bytes(target) == kBytes);
  NEED(pmb_buffer_target_size_bytes(named(buffer)) == 0);
  OK(pmb_upload(context, target, 0, bytes, sizeof bytes));
  NEED(buffer_has_pattern(context, buffer, 0, sizeof bytes, 10));
  pmb_pending_readback pending;
  OK(pmb_download_async(context, target, 0, sizeof bytes, &pending));
  memset(bytes, 0, sizeof bytes);
  OK(pmb_pending_readback_copy_to(pending, bytes, sizeof bytes, 10 * SECOND));
  NEED(has_pattern(bytes, sizeof bytes, 10));
  glDeleteBuffers(1, &buffer);
}

enum { kSide = 16, kImage = kSide * kSide * 4 };
static const pmb_texel_layout kRgba = {.format = GL_RGBA, .type = GL_UNSIGNED_BYTE};
static const pmb_pixel_rectangle kAll = {.width = kSide, .height = kSide};

static pmb_texture_region new_texture(void) {
  GLuint name = 0;
  glGenTextures(1, &name);
  glBindTexture(GL_TEXTURE_2D, name);
  glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, kSide, kSide, 0, GL_RGBA, GL_UNSIGNED_BYTE, NULL);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAX_LEVEL, 0);
  return (pmb_texture_region){.texture = name, .target = GL_TEXTURE_2D, .width = kSide, .height = kSide};
}
static bool texture_has_pattern(pmb_context* context, const pmb_texture_region* region, unsigned seed) {
  unsigned char texels[kImage];
  OK(pmb_read_texture(context, region, &kRgba, texels, sizeof texels));
  return has_pattern(texels, sizeof texels, seed);
}

static void textures_up(pmb_context* context, const pmb_texture_region* region) {
  unsigned char texels[kImage];
  int64_t size = 0;
  pmb_ticket ticket;
  OK(pmb_texel_bytes(region, &kRgba, &size));
  NEED(size == kImage);
  fill_pattern(texels, sizeof texels, 11);
  OK(pmb_upload_texture(context, region, &kRgba, texels, sizeof texels, &ticket));
  OK(pmb_ticket_wait(ticket, 10 * SECOND));
  NEED(texture_has_pattern(context, region, 11));
  fill_pattern(texels, sizeof texels, 12);
  const pmb_texture_upload image = {
      .region = *region, .layout = kRgba, .bytes = texels, .size_bytes = sizeof texels};
  OK(pmb_upload_textures(context, &image, 1, NULL));
  NEED(texture_has_pattern(context, region, 12));

  pmb_upload_ring* ring = new_ring(context);
  pmb_slice slice;
  OK(pmb_upload_ring_acquire(ring, kImage, 0, &slice));
  fill_pattern(pmb_slice_raw_bytes(slice), kImage, 13);
  OK(pmb_upload_ring_publish(ring, slice, kImage));
  OK(pmb_upload_texture_from_slice(context, region, &kRgba, slice));
  NEED(texture_has_pattern(context, region, 13));
  pmb_upload_ring_destroy(&ring);

  pmb_block_pool* pool = new_pool(context, PMB_ACCESS_SEQUENTIAL_WRITE);
  pmb_block block;
  OK(pmb_block_pool_acquire(pool, &block));
  fill_pattern(pmb_block_raw_bytes(block), kImage, 14);
  OK(pmb_block_pool_publish(pool, block, kImage));
  OK(pmb_upload_texture_from_block(context, region, &kRgba, block));
  NEED(texture_has_pattern(context, region, 14));
  pmb_block_pool_destroy(&pool);
}

// The framebuffer and the texture have the pattern of this seed.
static void texels_down(pmb_context* context, const pmb_texture_region* region, unsigned seed) {
  unsigned char texels[kImage];
  OK(pmb_read_pixels(context, &kAll, &kRgba, texels, sizeof texels));
  NEED(has_pattern(texels, sizeof texels, seed));

  const pmb_ring_options options = {.struct_bytes = sizeof options, .capacity_bytes = 4 * kBytes};
  pmb_readback_ring* ring = NULL;
  pmb_pending_readback pending[2];
  OK(pmb_readback_ring_create(context, &options, &ring));
  OK(pmb_read_pixels_into_ring(context, &kAll, &kRgba, ring, &pending[0]));
  OK(pmb_read_texture_into_ring(context, region, &kRgba, ring, &pending[1]));
  mark(context);
  for (int i = 0; i < 2; ++i) {
    OK(pmb_pending_readback_copy_to(pending[i], texels, sizeof texels, 10 * SECOND));
    NEED(has_pattern(texels, sizeof texels, seed));
  }
  pmb_readback_ring_destroy(&ring);

  pmb_block_pool* pool = new_pool(context, PMB_ACCESS_READ);
  pmb_block blocks[2];
  for (int i = 0; i < 2; ++i) OK(pmb_block_pool_acquire(pool, &blocks[i]));
  OK(pmb_read_pixels_into_block(context, &kAll, &kRgba, blocks[0]));
  OK(pmb_read_texture_into_block(context, region, &kRgba, blocks[1]));
  const pmb_ticket ticket = mark(context);
  for (int i = 0; i < 2; ++i) {
    pmb_read_view view;
    OK(pmb_block_pool_wait_view(pool, blocks[i], ticket, 10 * SECOND, &view));
    NEED(has_pattern(view.bytes, kImage, seed));
  }
  pmb_block_pool_destroy(&pool);
}

// Frames of the framebuffer, which has the pattern of this seed.
static void frames(pmb_context* context, const pmb_texture_region* region, unsigned seed) {
  const pmb_frame_grabber_options options = {.struct_bytes = sizeof options, .frames = 3, .bottom_up = true};
  pmb_frame_grabber* grabber = NULL;
  pmb_frame* frame = NULL;
  OK(pmb_frame_grabber_create(context, &options, &grabber));
  NEED(pmb_frame_grabber_next(grabber, 0, &frame) == PMB_WOULD_BLOCK && frame == NULL);
  OK(pmb_frame_grabber_grab(grabber, &kAll));
  OK(pmb_frame_grabber_grab_texture(grabber, region));
  OK(pmb_frame_grabber_try_grab(grabber, &kAll));
  NEED(pmb_frame_grabber_try_grab_texture(grabber, region) == PMB_WOULD_BLOCK);
  for (int64_t number = 0; number < 3; ++number) {
    OK(pmb_frame_grabber_next(grabber, 0, &frame));
    NEED(pmb_frame_number(frame) == number && pmb_frame_size_bytes(frame) == kImage);
    NEED(pmb_frame_width(frame) == region->width && pmb_frame_height(frame) == region->height);
    NEED(has_pattern(pmb_frame_bytes(frame), kImage, seed));
    if (number < 2) pmb_frame_release(&frame);
  }
  FILE* file = tmpfile();
  unsigned char texels[kImage];
  NEED(file);
  OK(pmb_frame_write_to(frame, fileno(file), SECOND));
  rewind(file);
  NEED(fread(texels, 1, kImage, file) == kImage && has_pattern(texels, kImage, seed));
  fclose(file);
  pmb_grabber_stats stats = {.struct_bytes = sizeof stats};
  OK(pmb_frame_grabber_stats(grabber, &stats));
  NEED(stats.grabbed == 3 && stats.dropped == 1 && stats.in_flight == 0 && stats.held == 1);
  pmb_frame_release(&frame);
  NEED(frame == NULL);
  pmb_frame_grabber_destroy(&grabber);
}

static void feed_all(pmb_context* context, pmb_texture_feeder* feeder, int64_t number,
                     const pmb_texture_region* region, unsigned seed) {
  NEED(!pmb_texture_feeder_is_fed(feeder, number));
  NEED(pmb_texture_feeder_queued_bytes(feeder) == kImage);
  while (!pmb_texture_feeder_is_fed(feeder, number)) {
    int64_t fed = 0;
    OK(pmb_texture_feeder_feed(feeder, &fed));
    NEED(fed <= kImage / 2);
    OK(pmb_ticket_wait(pmb_texture_feeder_ticket(feeder), 10 * SECOND));
  }
  NEED(texture_has_pattern(context, region, seed));
}

static void feeder(pmb_context* context, const pmb_texture_region* region) {
  const pmb_texture_feeder_options options = {.struct_bytes = sizeof options, .bytes_per_feed = kImage / 2};
  pmb_texture_feeder* fed = NULL;
  unsigned char texels[kImage];
  int64_t number = -1;
  OK(pmb_texture_feeder_create(context, &options, &fed));
  fill_pattern(texels, sizeof texels, 21);
  const pmb_texture_upload image = {
      .region = *region, .layout = kRgba, .bytes = texels, .size_bytes = sizeof texels};
  OK(pmb_texture_feeder_queue(fed, &image, &number));
  feed_all(context, fed, number, region, 21);

  pmb_upload_ring* ring = new_ring(context);
  pmb_slice slice;
  OK(pmb_upload_ring_acquire(ring, kImage, 0, &slice));
  fill_pattern(pmb_slice_raw_bytes(slice), kImage, 22);
  OK(pmb_upload_ring_publish(ring, slice, kImage));
  OK(pmb_texture_feeder_queue_slice(fed, region, &kRgba, slice, &number));
  feed_all(context, fed, number, region, 22);
  OK(pmb_upload_ring_retire(ring, slice, pmb_texture_feeder_ticket(fed)));
  pmb_upload_ring_destroy(&ring);

  pmb_block_pool* pool = new_pool(context, PMB_ACCESS_SEQUENTIAL_WRITE);
  pmb_block block;
  OK(pmb_block_pool_acquire(pool, &block));
  fill_pattern(pmb_block_raw_bytes(block), kImage, 23);
  OK(pmb_block_pool_publish(pool, block, kImage));
  OK(pmb_texture_feeder_queue_block(fed, region, &kRgba, block, &number));
  NEED(number == 2);
  feed_all(context, fed, number, region, 23);
  pmb_block_pool_destroy(&pool);
  pmb_texture_feeder_destroy(&fed);
  NEED(fed == NULL);
}

static void textures(pmb_context* context) {
  const pmb_texture_region region = new_texture();
  GLuint framebuffer = 0;
  textures_up(context, &region);
  glGenFramebuffers(1, &framebuffer);
  glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
  glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, region.texture, 0);
  texels_down(context, &region, 14);
  frames(context, &region, 14);
  feeder(context, &region);
  glDeleteFramebuffers(1, &framebuffer);
  glDeleteTextures(1, &region.texture);
}

static int lines_logged;
static void count_line(void* user, pmb_log_level level, const char* line) {
  (void)level;
  *(int*)user += line[0] != '\0';
}
static int misuses;
static void count_misuse(void* user, const pmb_report* report) {
  *(int*)user += report->id == PMB_ERROR_destroyed_with_live_slices && report->message[0] != '\0';
  pmb_print_report(NULL, report);
}

// A second context, whose objects the first shares, with validation and a loader that takes a pointer.
static pmb_gl_function load_for(void* user, const char* name) {
  ++*(int*)user;
  return pmb_headless_context_loader(name);
}
static void shared(pmb_headless_context* headless, pmb_context* context) {
  const pmb_headless_options other = {.struct_bytes = sizeof other, .share_with = headless};
  pmb_headless_context* second = NULL;
  pmb_context* watched = NULL;
  int loads = 0;
  OK(pmb_headless_context_create(&other, &second));
  OK(pmb_headless_context_make_current(second));
  const pmb_options options = {.struct_bytes = sizeof options,
                               .log = count_line,
                               .log_user = &lines_logged,
                               .validation = count_misuse,
                               .validation_user = &misuses,
                               .share_group = 1};
  OK(pmb_context_from_current_with(load_for, &loads, &options, &watched));
  NEED(loads > 0);
  OK(pmb_headless_context_make_current(headless));
  const pmb_ticket ticket = mark(context);
  OK(pmb_timeline_flush(context));
  OK(pmb_headless_context_make_current(second));
  OK(pmb_ticket_wait_on_gpu(ticket, watched));
  pmb_upload_ring* ring = new_ring(watched);
  put(ring, 15);
  pmb_upload_ring_destroy(&ring);
  NEED(misuses == 1);
  pmb_context_destroy(&watched);
  pmb_headless_context_destroy(&second);
  OK(pmb_headless_context_make_current(headless));
}

static bool never(void* user) {
  ++*(int*)user;
  return false;
}
static void note_progress(void* user, double done, const char* what) {
  *(int*)user += done >= 0 && what[0] != '\0';
}
static pmb_reported_memory unknown_memory(void* user, uint32_t buffer) {
  *(int*)user += buffer != 0;
  return PMB_REPORTED_MEMORY_UNKNOWN;
}

static void profiles(pmb_context* context) {
  int calls = 0;
  pmb_calibration* calibration = NULL;
  const pmb_calibrate_options options = {.struct_bytes = sizeof options,
                                         .budget_ns = 1,
                                         .largest_bytes = kBytes,
                                         .user = &calls,
                                         .stopped = never,
                                         .progress = note_progress,
                                         .reported_memory = unknown_memory};
  OK(pmb_calibrate(context, &options, &calibration));
  NEED(calls > 0 && !pmb_calibration_complete(calibration) && pmb_calibration_wrong(calibration) == 0);
  for (int64_t i = 0; i < pmb_calibration_cell_count(calibration); ++i) {
    pmb_calibration_cell cell = {.struct_bytes = sizeof cell};
    OK(pmb_calibration_cell_at(calibration, i, &cell));
    NEED(cell.work[0] != '\0' && cell.candidate[0] != '\0');
  }

  const pmb_profile* measured = pmb_calibration_profile(calibration);
  char file[256];
  int64_t length = 0;
  OK(pmb_profile_file_name(measured, file, sizeof file, &length));
  OK(pmb_profile_to_json(measured, NULL, 0, &length));
  char* json = malloc((size_t)length + 1);
  NEED(json && length > 0);
  OK(pmb_profile_to_json(measured, json, length + 1, NULL));
  pmb_profile* copy = NULL;
  OK(pmb_profile_from_json(json, length, &copy));
  OK(pmb_profile_save(copy, "every_call.json"));
  pmb_profile_destroy(&copy);
  OK(pmb_profile_load("every_call.json", &copy));
  char* again = malloc((size_t)length + 1);
  OK(pmb_profile_to_json(copy, again, length + 1, NULL));
  NEED(strcmp(json, again) == 0);
  pmb_profile_destroy(&copy);
  OK(pmb_context_profile(context, &copy));
  NEED(copy != NULL);
  pmb_profile_destroy(&copy);
  NEED(pmb_context_profile_file(context)[0] == '\0');
  OK(pmb_context_profile_error(context));
  pmb_calibration_destroy(&calibration);
  free(json);
  free(again);
  remove("every_call.json");
}

static bool rings_are_mapped(void) {
  const char* path = getenv("PMB_PATH");
  return !path || (strcmp(path, "traditional") != 0 && strcmp(path, "orphaned") != 0);
}

// On the fake of CUDA's driver library, and on a real one. Elsewhere every call refuses a null pmb_cuda.
static void cuda(const pmb_headless_context* headless, pmb_context* context) {
  pmb_gpu_info gpu = {.struct_bytes = sizeof gpu};
  OK(pmb_headless_context_gpu(headless, &gpu));
  pmb_cuda* device = NULL;
  const pmb_status opened = pmb_cuda_open(context, gpu.cuda_device < 0 ? 0 : gpu.cuda_device, &device);
  NEED(opened == PMB_OK || opened == PMB_UNSUPPORTED);
  NEED(device || !getenv("PMB_REQUIRE_CUDA"));
  // Rings that are not mapped have no memory to share.
  const pmb_status legal = !device ? PMB_INVALID_ARGUMENT : rings_are_mapped() ? PMB_OK : PMB_UNSUPPORTED;

  uint64_t pointer = 0;
  pmb_mapped_buffer* buffer = NULL;
  const pmb_mapped_buffer_options options = {.struct_bytes = sizeof options, .size_bytes = kBytes};
  OK(pmb_mapped_buffer_create(context, &options, &buffer));
  NEED(pmb_cuda_pointer_of_buffer(device, buffer, &pointer) == (device ? PMB_OK : PMB_INVALID_ARGUMENT));
  NEED(!device || pointer == (uintptr_t)pmb_mapped_buffer_raw_bytes(buffer));

  pmb_upload_ring* ring = NULL;
  pmb_slice slice;
  const pmb_ring_options ring_options = {.struct_bytes = sizeof ring_options, .capacity_bytes = kBytes};
  OK(pmb_upload_ring_create(context, &ring_options, &ring));
  OK(pmb_upload_ring_acquire(ring, 64, 0, &slice));
  NEED(pmb_cuda_pointer_of_slice(device, slice, &pointer) == legal);
  NEED(legal != PMB_OK || pointer == (uintptr_t)pmb_slice_raw_bytes(slice));
  OK(pmb_upload_ring_cancel(ring, slice));
  pmb_upload_ring_destroy(&ring);

  pmb_readback_ring* readbacks = NULL;
  pmb_pending_readback pending;
  OK(pmb_readback_ring_create(context, &ring_options, &readbacks));
  OK(pmb_readback_ring_acquire(readbacks, 64, 0, &pending));
  NEED(pmb_cuda_pointer_of_readback(device, pending, &pointer) == legal);
  OK(pmb_pending_readback_release(pending));
  pmb_readback_ring_destroy(&readbacks);

  pmb_block_pool* pool = NULL;
  pmb_block block;
  const pmb_block_pool_options pool_options = {
      .struct_bytes = sizeof pool_options, .block_bytes = kBytes, .count = 1};
  OK(pmb_block_pool_create(context, &pool_options, &pool));
  OK(pmb_block_pool_acquire(pool, &block));
  NEED(pmb_cuda_pointer_of_block(device, block, &pointer) == legal);
  OK(pmb_block_pool_release(pool, block));
  pmb_block_pool_destroy(&pool);

  const pmb_texture_region region = new_texture();
  pmb_frame_grabber* grabber = NULL;
  pmb_frame* frame = NULL;
  OK(pmb_frame_grabber_create(context, NULL, &grabber));
  OK(pmb_frame_grabber_grab_texture(grabber, &region));
  OK(pmb_frame_grabber_next(grabber, 0, &frame));
  NEED(pmb_cuda_pointer_of_frame(device, frame, &pointer) == legal);
  NEED(legal != PMB_OK || pointer == (uintptr_t)pmb_frame_bytes(frame));
  pmb_frame_release(&frame);
  pmb_frame_grabber_destroy(&grabber);
  glDeleteTextures(1, &region.texture);

  NEED(pmb_cuda_order(device, NULL) == (device ? PMB_OK : PMB_INVALID_ARGUMENT));
  const uint32_t plain = new_buffer(NULL, kBytes);
  pmb_cuda_buffer* in_vram = NULL;
  const bool on_gpu = pmb_cuda_orders_on_gpu(device);
  NEED((pmb_cuda_buffer_create(device, plain, &in_vram) == PMB_OK) == on_gpu);
  NEED((pmb_cuda_buffer_map(in_vram, NULL, &pointer) == PMB_OK) == on_gpu);
  NEED((pmb_cuda_buffer_unmap(in_vram) == PMB_OK) == on_gpu);
  NEED(pmb_cuda_buffer_size_bytes(in_vram) == (on_gpu ? kBytes : 0));
  NEED(!device || pmb_cuda_buffer_create(device, pmb_mapped_buffer_buffer(buffer), &in_vram) == PMB_REFUSED);
  pmb_cuda_buffer_destroy(&in_vram);
  OK(pmb_mapped_buffer_destroy(&buffer));
  pmb_cuda_destroy(&device);
}

int main(void) {
  pmb_headless_context* headless = NULL;
  pmb_context* context = NULL;
  names();
  copies();
  const pmb_status created = pmb_headless_context_create(NULL, &headless);
  if (created == PMB_UNSUPPORTED && !getenv("PMB_REQUIRE_GL")) return 77;
  OK(created);
  gpus();
  OK(pmb_headless_context_make_current(headless));
  pmb_gpu_info gpu = {.struct_bytes = sizeof gpu};
  OK(pmb_headless_context_gpu(headless, &gpu));
  NEED(gpu.name[0] != '\0');
  NEED(pmb_headless_context_native_display(headless) && pmb_headless_context_native_context(headless));

  const pmb_options options = {.struct_bytes = sizeof options,
                               .log = count_line,
                               .log_user = &lines_logged,
                               .share_group = 1,
                               .from_environment = true};
  OK(pmb_context_from_current(pmb_headless_context_loader, &options, &context));
  facts(context);
  plans(context);
  timeline(context);
  mapped_buffers(context);
  adopted(context);
  adopted_memory(context);
  upload_ring(context);
  rings_on_buffers(context);
  arenas(context);
  readback_ring(context);
  block_pool(context);
  transfers(context);
  textures(context);
  shared(headless, context);
  profiles(context);
  cuda(headless, context);

  pmb_context_destroy(&context);
  NEED(context == NULL);
  OK(pmb_headless_context_release_current(headless));
  pmb_headless_context_destroy(&headless);
  return 0;
}
