// SPDX-License-Identifier: MIT
// Sequences of calls on rings, arenas and readbacks on the strict fake GL, in any order and with any handle, stale ones
// included. A model keeps account of the bytes that pmb has lent and of the GPU's work on them. Broken are: bytes lent while
// they are in use, bytes that arrive changed, an illegal GL call, a handle that lives too long, and a leak.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <pmb/pmb.hpp>
#include <vector>

#include "fuzz_input.hpp"
#include "support/strict_gl/fake_gl.hpp"

namespace {

using namespace std::chrono_literals;
using fuzz::require;
using strict_gl::Bytes;
using strict_gl::FakeConfig;
using strict_gl::FakeGl;
using strict_gl::GpuRead;

constexpr std::size_t kRings = 2;
constexpr std::size_t kMostRecords =
    24;  ///< Older handles are forgotten first, so that an input costs little.

FakeConfig config_of(std::uint8_t choice) {
  FakeConfig config;
  config.max_logged_calls = 0;
  config.reuse_names = true;
  if (choice == 1) config.major = 4, config.minor = 3, config.extensions = {"GL_ARB_buffer_storage"};
  if (choice == 2)
    config.es = true, config.major = 3, config.minor = 2, config.extensions = {"GL_EXT_buffer_storage"};
  if (choice == 3) config.major = 4, config.minor = 3, config.extensions = {"GL_KHR_debug"};
  return config;
}

class Session {
 public:
  explicit Session(fuzz::Input& input) : input_(input), fake_(config_of(input.byte() % 4)) {
    fake_.make_current();
    pmb::Options options;
    options.current_context = &FakeGl::current;
    options.timeout = 1ms;
    options.memory_limit_bytes = std::uint64_t{1} << 30;
    const std::uint8_t choice = input.byte();
    if ((choice & 1U) != 0)
      options.model = (choice & 2U) != 0 ? pmb::Model::coherent : pmb::Model::explicit_flush;
    if ((choice & 4U) != 0) options.path = (choice & 8U) != 0 ? pmb::Path::orphaned : pmb::Path::traditional;
    options.bind_to_edit = (choice & 16U) != 0;
    if ((choice & 32U) != 0)
      options.validation = [](const pmb::Report& report) { static_cast<void>(report.message()); };
    orphaned_ = options.path == pmb::Path::orphaned;
    auto context = pmb::Context::from_current(&strict_gl::get_proc_address, std::move(options));
    require(context.has_value(), "a context opens");
    context_.emplace(std::move(*context));
  }

  void run() {
    while (!input_.ended()) step();
  }

  void finish() {
    for (std::size_t i = 0; i < kRings; ++i) {
      end_ring(i);
      end_readback(i);
    }
    context_.reset();
    for (const std::string& violation : fake_.violations()) require(false, violation);
    require(fake_.live_buffers() == 0 && fake_.live_syncs() == 0 && fake_.mapped_buffers() == 0,
            "nothing is left behind");
    check_reads();
  }

 private:
  struct Record {
    pmb::Slice slice;
    pmb::PendingReadback pending;
    std::size_t ring;
    bool is_readback;
    std::uint32_t buffer;
    std::uint64_t begin;
    std::uint64_t end;
    /// issued: by retire_issued(). The fence may be made later, and until then another retire() may come first.
    enum class State : std::uint8_t { held, published, issued, gone } state = State::held;
    Bytes expected;
    std::shared_ptr<GpuRead> use;  ///< The last GPU work on it.
    std::uint64_t last_use = 0;    ///< Marks made before the last use was issued.
    std::uint64_t id = 0;
  };
  struct Read {
    std::shared_ptr<GpuRead> read;
    Bytes expected;
    std::uint64_t id;     ///< Of its record.
    std::uint64_t marks;  ///< Made before it was issued.
  };

  void step() {
    switch (input_.byte() % 18) {
      case 0:
        return make_ring(input_.below(kRings));
      case 1:
        return end_ring(input_.below(kRings));
      case 2:
        return std::swap(rings_[0], rings_[1]), swap_records();
      case 3:
      case 4:
        return acquire(input_.below(kRings));
      case 5:
        return publish();
      case 6:
        return draw();
      case 7:
        return retire();
      case 8:
        return retire_all(input_.below(kRings));
      case 9:
        return retire_issued(input_.below(kRings));
      case 10:
        return cancel();
      case 11:
        return mark();
      case 12:
        return wait();
      case 13:
        return drain(input_.below(kRings));
      case 14:
        return arena(input_.below(kRings));
      case 15:
        return make_or_end_readback(input_.below(kRings));
      case 16:
        return request(input_.below(kRings));
      default:
        return arrive();
    }
  }

  pmb::Timeline& timeline() { return context_->timeline(); }
  std::uint64_t some_size() { return 1 + std::uint64_t{input_.byte()} * 8; }
  Record* some_record() { return records_.empty() ? nullptr : &records_[input_.below(records_.size())]; }

  Bytes some_bytes(std::uint64_t count) {
    Bytes bytes(count);
    for (std::byte& byte : bytes) {
      seed_ = static_cast<std::uint8_t>(seed_ * 181 + 7);
      byte = std::byte{seed_};
    }
    return bytes;
  }

  // --- accounts ---

  void lend(Record record) {
    for (const Record& other : records_) {
      if (other.buffer != record.buffer || record.end <= other.begin || other.end <= record.begin) continue;
      require(other.state != Record::State::held, "bytes are lent once");
      // On the orphaned path the GPU works on older storage of the same buffer.
      require(orphaned_ || !other.use || other.use->executed(), "bytes in use by the GPU are not lent");
    }
    if (records_.size() == kMostRecords) {
      const auto oldest = std::ranges::find(records_, Record::State::gone, &Record::state);
      // What the GPU still uses stays in the accounts.
      if (oldest != records_.end() && (!oldest->use || oldest->use->executed())) records_.erase(oldest);
    }
    record.id = ++last_id_;
    records_.push_back(std::move(record));
  }
  /// Every handle of that ring is dead from now on. GL keeps the storage for the commands in flight, under no name.
  void end_records(std::size_t ring, bool is_readback) {
    std::erase_if(records_, [&](const Record& record) {
      if (record.ring != ring || record.is_readback != is_readback) return false;
      require(is_readback ? !record.pending.is_live() : !record.slice.is_live(),
              "handles end with their ring");
      require(record.slice.raw_bytes().empty(), "bytes end with their ring");
      return true;
    });
  }
  void swap_records() {
    for (Record& record : records_) {
      if (!record.is_readback) record.ring ^= 1U;
    }
  }
  void check_reads() {
    for (const Read& read : reads_) {
      require(!read.read->executed() || read.read->bytes() == read.expected,
              "commands read what was published");
    }
    std::erase_if(reads_, [](const Read& read) { return read.read->executed(); });
  }

  // --- upload rings ---

  void make_ring(std::size_t i) {
    end_ring(i);
    const std::uint64_t capacity = 64 * (1 + input_.below(32));
    const std::uint64_t most = input_.flag() ? capacity * 4 : 0;
    auto ring = pmb::UploadRing::create(*context_, {.capacity_bytes = capacity,
                                                    .max_slices = static_cast<std::uint32_t>(input_.below(8)),
                                                    .max_capacity_bytes = most});
    require(ring.has_value(), "a ring is made");
    rings_[i].emplace(std::move(*ring));
  }
  void end_ring(std::size_t i) {
    if (!rings_[i]) return;
    check_reads();
    rings_[i].reset();
    end_records(i, false);
  }
  void acquire(std::size_t i) {
    if (!rings_[i]) return;
    const std::uint64_t size = some_size();
    const std::uint64_t alignment = input_.below(3) * 48;
    const auto slice =
        input_.flag() ? rings_[i]->acquire(size, alignment) : rings_[i]->try_acquire(size, alignment);
    if (!slice) return;
    require(slice->size_bytes() == size, "a slice has the size that was asked for");
    require(alignment == 0 || slice->offset_bytes() % alignment == 0, "a slice is aligned");
    enter(i, *slice, size);
  }
  void enter(std::size_t i, const pmb::Slice& slice, std::uint64_t size) {
    Bytes bytes = some_bytes(size);
    require(slice.copy_from(bytes), "a new slice can be written");
    lend({.slice = slice,
          .pending = {},
          .ring = i,
          .is_readback = false,
          .buffer = slice.buffer(),
          .begin = slice.offset_bytes(),
          .end = slice.offset_bytes() + size,
          .expected = std::move(bytes),
          .use = nullptr});
  }
  void publish() {
    Record* record = some_record();
    if (!record || record->is_readback || !rings_[record->ring]) return;
    const std::uint64_t size = record->end - record->begin;
    const std::uint64_t used = size - std::min<std::uint64_t>(input_.below(64), size);
    const auto published = rings_[record->ring]->publish(record->slice, used);
    require(published.has_value() == (record->state == Record::State::held), "a slice is published once");
    if (!published) return;
    record->state = Record::State::published;
    record->end = record->begin + used;
    record->expected.resize(used);
  }
  void draw() {
    Record* record = some_record();
    if (!record || record->is_readback || record->state != Record::State::published ||
        record->expected.empty())
      return;
    record->use = fake_.shader_read(record->buffer, static_cast<std::int64_t>(record->begin),
                                    static_cast<std::int64_t>(record->end - record->begin));
    record->last_use = marks_;
    reads_.push_back({record->use, record->expected, record->id, marks_});
  }
  static bool may_retire(const Record& record) {
    return record.state == Record::State::published || record.state == Record::State::issued;
  }
  void retire() {
    Record* record = some_record();
    if (!record || record->is_readback || !rings_[record->ring] || tickets_.empty()) return;
    const Ticket& ticket = tickets_[input_.below(tickets_.size())];
    if (!rings_[record->ring]->retire(record->slice, ticket.ticket)) return;
    require(may_retire(*record), "only published slices retire");
    retired(*record, ticket.marks);
  }
  void retired(Record& record, std::uint64_t marks) {
    // The caller's duty is to issue the readers before the mark. Work issued after it is not the ring's to wait for.
    std::erase_if(reads_, [&](const Read& read) { return read.id == record.id && read.marks >= marks; });
    if (record.last_use >= marks) record.use = nullptr;
    record.state = Record::State::gone;
  }
  void retire_all(std::size_t i) {
    if (!rings_[i] || tickets_.empty()) return;
    const Ticket& ticket = tickets_[input_.below(tickets_.size())];
    if (!rings_[i]->retire(ticket.ticket)) return;
    for (Record& record : records_) {
      if (!record.is_readback && record.ring == i && may_retire(record)) retired(record, ticket.marks);
    }
  }
  void retire_issued(std::size_t i) {
    if (!rings_[i] || !rings_[i]->retire_issued()) return;
    for (Record& record : records_) {
      if (!record.is_readback && record.ring == i && record.state == Record::State::published)
        record.state = Record::State::issued;
    }
  }
  void cancel() {
    Record* record = some_record();
    if (!record || record->is_readback || !rings_[record->ring]) return;
    const auto cancelled = rings_[record->ring]->cancel(record->slice);
    require(cancelled.has_value() == (record->state == Record::State::held), "a slice is cancelled once");
    if (cancelled) record->state = Record::State::gone;
  }
  void drain(std::size_t i) {
    if (rings_[i]) static_cast<void>(rings_[i]->drain());
  }
  /// Lends an arena, takes pieces, and publishes or cancels it.
  void arena(std::size_t i) {
    if (!rings_[i]) return;
    const auto arena = rings_[i]->lend(some_size());
    if (!arena) return;
    std::uint64_t end = 0;
    std::vector<std::pair<std::uint64_t, Bytes>> pieces;
    for (std::size_t count = input_.below(4); count > 0; --count) {
      const auto piece = arena->take(some_size());
      if (!piece) continue;
      require(piece->offset_bytes >= end, "pieces are disjoint");
      end = piece->offset_bytes + piece->bytes.size();
      pieces.emplace_back(piece->offset_bytes, some_bytes(piece->bytes.size()));
      std::ranges::copy(pieces.back().second, piece->bytes.begin());
    }
    pmb::Arena::finish();
    if (input_.flag()) {
      require(rings_[i]->cancel(*arena).has_value(), "an arena is cancelled");
      return;
    }
    const auto slice = rings_[i]->publish(*arena);
    require(slice.has_value(), "an arena is published");
    lend({.slice = *slice,
          .pending = {},
          .ring = i,
          .is_readback = false,
          .buffer = slice->buffer(),
          .begin = slice->offset_bytes(),
          .end = slice->offset_bytes() + slice->size_bytes(),
          .state = Record::State::published,
          .expected = {},
          .use = nullptr});
    for (auto& [offset, bytes] : pieces) {
      reads_.push_back({fake_.shader_read(slice->buffer(), static_cast<std::int64_t>(offset),
                                          static_cast<std::int64_t>(bytes.size())),
                        std::move(bytes), records_.back().id, marks_});
      records_.back().use = reads_.back().read;
      records_.back().last_use = marks_;
    }
  }

  // --- readback rings ---

  void make_or_end_readback(std::size_t i) {
    if (readbacks_[i]) return end_readback(i);
    auto ring = pmb::ReadbackRing::create(*context_, {.capacity_bytes = 64 * (1 + input_.below(32))});
    // Without glMemoryBarrier only coherent readback is possible.
    if (ring) readbacks_[i].emplace(std::move(*ring));
  }
  void end_readback(std::size_t i) {
    if (!readbacks_[i]) return;
    readbacks_[i].reset();
    end_records(i, true);
  }
  void request(std::size_t i) {
    if (!readbacks_[i]) return;
    const std::uint64_t size = some_size();
    const auto pending = readbacks_[i]->acquire(size, input_.below(3) * 16);
    if (!pending) return;
    Bytes bytes = some_bytes(size);
    lend({.slice = {},
          .pending = *pending,
          .ring = i,
          .is_readback = true,
          .buffer = pending->buffer(),
          .begin = pending->offset_bytes(),
          .end = pending->offset_bytes() + size,
          .expected = bytes,
          .use = nullptr});
    fake_.server_write(pending->buffer(), static_cast<std::int64_t>(pending->offset_bytes()), bytes);
    // It runs after the writer.
    records_.back().use =
        fake_.shader_read(pending->buffer(), static_cast<std::int64_t>(pending->offset_bytes()), 1);
    records_.back().last_use = marks_;
  }
  void arrive() {
    Record* record = some_record();
    if (!record || !record->is_readback) return;
    const bool live = record->state == Record::State::held;
    require(record->pending.is_live() == live, "a readback lives until its release");
    const auto view = input_.flag() ? record->pending.wait(1ms) : record->pending.try_view();
    if (view) {
      require(live, "a released readback has no view");
      require(std::ranges::equal(view->bytes(), record->expected),
              "a readback has the bytes that were written");
    }
    if (!input_.flag()) return;
    require(record->pending.release().has_value() == live, "a readback is released once");
    record->state = Record::State::gone;
  }

  // --- the timeline ---

  struct Ticket {
    pmb::Ticket ticket;
    std::uint64_t marks;  ///< Marks made until then, this one included.
  };
  void mark() {
    const auto ticket = timeline().mark();
    require(ticket.has_value(), "a mark is made");
    ++marks_;
    if (tickets_.size() == 8) tickets_.erase(tickets_.begin());
    tickets_.push_back({*ticket, marks_});
  }
  void wait() {
    fake_.set_polls_until_done(static_cast<int>(input_.below(4)));
    if (tickets_.empty() || input_.flag()) {
      require(timeline().poll().has_value(), "a poll succeeds");
    } else {
      const pmb::Ticket& ticket = tickets_[input_.below(tickets_.size())].ticket;
      require(ticket.wait(1ms).has_value() && ticket.passed(), "a wait ends");
    }
    check_reads();
  }

  fuzz::Input& input_;
  FakeGl fake_;
  std::optional<pmb::Context> context_;
  std::array<std::optional<pmb::UploadRing>, kRings> rings_;
  std::array<std::optional<pmb::ReadbackRing>, kRings> readbacks_;
  std::vector<Record> records_;
  std::vector<Read> reads_;
  std::vector<Ticket> tickets_;
  std::uint64_t marks_ = 0;
  std::uint64_t last_id_ = 0;
  std::uint8_t seed_ = 1;
  bool orphaned_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 512) return 0;
  fuzz::Input input(data, size);
  Session session(input);
  session.run();
  session.finish();
  return 0;
}
