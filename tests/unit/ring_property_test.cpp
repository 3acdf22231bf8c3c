// SPDX-License-Identifier: MIT
// Random use against slow models, 100,000 steps and more each. Failures name their seed.
#include <algorithm>
#include <deque>
#include <memory>
#include <pmb/detail/ring_layout.hpp>
#include <random>

#include "pmb_fixture.hpp"

namespace {

using namespace pmb_test;
using pmb::detail::RingAnswer;
using pmb::detail::RingLayout;
using pmb::detail::RingSlot;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  /// 0 to `below` − 1.
  std::uint64_t roll(std::uint64_t below) { return engine_() % below; }
  bool one_in(std::uint64_t odds) { return roll(odds) == 0; }
  std::uint64_t alignment() {
    static constexpr std::uint64_t kSome[] = {1,  4,   12,  16,  20,  24,  36,  48,
                                              64, 100, 128, 192, 256, 320, 1000};
    return kSome[roll(std::size(kSome))];
  }
  std::uint64_t size(std::uint64_t most) {
    return 1 + roll(one_in(8) ? most : std::max<std::uint64_t>(most / 12, 1));
  }

 private:
  std::mt19937_64 engine_;
};

/// The layout as a list, in the order of reserving, that is searched from end to end for every question.
struct SlowRecord {
  std::uint64_t key;
  std::uint64_t offset;
  std::uint64_t size;
  std::uint64_t serial;  ///< Published: last mark before. Retired: what to wait for.
  enum { acquired, published, retired } state;
};

class SlowRing {
 public:
  SlowRing(std::uint64_t first, std::uint64_t last) : first_(first), last_(last), head_(first) {}

  static std::uint64_t next_multiple(std::uint64_t from, std::uint64_t alignment) {
    std::uint64_t offset = (from + 63) / 64 * 64;
    while (offset % alignment != 0) ++offset;
    return offset;
  }
  /// True where the bytes share a cache line with any other slice.
  bool overlaps(std::uint64_t begin, std::uint64_t end) const {
    return std::any_of(records.begin(), records.end(), [&](const SlowRecord& record) {
      return record.size > 0 && begin / 64 * 64 < record.offset + record.size &&
             record.offset / 64 * 64 < end;
    });
  }
  /// Where the ring must place a slice: directly after the newest if the space up to the end or the oldest suffices,
  /// else at the start, else nowhere.
  std::optional<std::uint64_t> place(std::uint64_t size, std::uint64_t alignment) const {
    const bool behind_oldest =
        records.empty() || head_ > records.front().offset || (head_ == records.front().offset && !wrapped_);
    const std::uint64_t ahead = next_multiple(head_, alignment);
    const std::uint64_t limit = behind_oldest && !wrapped_ ? last_ : records.front().offset / 64 * 64;
    if (ahead + size <= limit) return ahead;
    if (wrapped_ || records.empty()) return std::nullopt;
    const std::uint64_t start = next_multiple(first_, alignment);
    if (start + size <= records.front().offset / 64 * 64) return start;
    return std::nullopt;
  }
  void add(std::uint64_t key, std::uint64_t offset, std::uint64_t size) {
    if (!records.empty() && offset < records.back().offset) wrapped_ = true;
    wraps += wrapped_ ? 1 : 0;
    records.push_back({key, offset, size, 0, SlowRecord::acquired});
    head_ = offset + size;
  }
  void shorten(SlowRecord& record, std::uint64_t used) {
    if (&record == &records.back()) head_ = record.offset + used;
    record.size = used;
  }
  void drop(SlowRecord& record) {
    record.state = SlowRecord::retired;
    record.serial = 0;
    if (&record == &records.back()) head_ = record.offset;
    record.size = 0;
  }
  void reclaim(std::uint64_t passed) {
    while (!records.empty() && records.front().state == SlowRecord::retired &&
           records.front().serial <= passed) {
      const std::uint64_t gone = records.front().offset;
      records.pop_front();
      if (!records.empty() && records.front().offset < gone) wrapped_ = false;
    }
    if (!records.empty()) return;
    head_ = first_;
    wrapped_ = false;
  }

  std::deque<SlowRecord> records;
  std::uint64_t wraps = 0;

 private:
  std::uint64_t first_;
  std::uint64_t last_;
  std::uint64_t head_;
  bool wrapped_ = false;
};

struct Shape {
  std::uint64_t first;
  std::uint64_t last;
  std::uint32_t slots;
  bool attended;
};

void run_layout(const Shape& shape, std::uint64_t seed, std::uint64_t steps) {
  SCOPED_TRACE("seed " + std::to_string(seed) + ", bytes " + std::to_string(shape.first) + " to " +
               std::to_string(shape.last));
  Dice dice(seed);
  RingLayout layout;
  ASSERT_TRUE(layout.reset(shape.first, shape.last, shape.slots, shape.attended, 64));
  SlowRing slow(shape.first, shape.last);
  std::uint64_t marked = 0;
  std::uint64_t passed = 0;
  std::uint64_t reserved = 0;
  const auto pick = [&](auto state) -> SlowRecord* {
    std::vector<SlowRecord*> found;
    for (SlowRecord& record : slow.records) {
      if (record.state == state) found.push_back(&record);
    }
    return found.empty() ? nullptr : found[dice.roll(found.size())];
  };
  for (std::uint64_t step = 0; step < steps; ++step) {
    switch (dice.roll(12)) {
      case 0:
        ++marked;
        break;
      case 1:
        passed = std::min(marked, passed + dice.roll(4));
        layout.reclaim(passed);
        slow.reclaim(passed);
        ASSERT_LE(slow.records.size(), layout.records()) << "the layout gave bytes back too early";
        break;
      case 2:
      case 3:
        if (SlowRecord* record = pick(SlowRecord::acquired)) {
          const std::uint64_t used = dice.one_in(3) ? dice.roll(record->size + 1) : record->size;
          RingSlot* slot = layout.find_live(record->key);
          ASSERT_NE(slot, nullptr);
          if (used < slot->size) {
            layout.shorten(*slot, used);
            slow.shorten(*record, used);
          }
          layout.publish(*slot, marked);
          record->state = SlowRecord::published;
          record->serial = marked;
        }
        break;
      case 4:
        if (SlowRecord* record = pick(SlowRecord::acquired); record && dice.one_in(3)) {
          layout.drop(*layout.find_live(record->key), 0);
          slow.drop(*record);
        }
        break;
      case 5:
        if (SlowRecord* record = pick(SlowRecord::published); record && record->serial < marked) {
          const std::uint64_t serial = record->serial + 1 + dice.roll(marked - record->serial);
          layout.retire(*layout.find_live(record->key), serial);
          record->state = SlowRecord::retired;
          record->serial = serial;
        }
        break;
      case 6:
        // With any mark after the newest publish, even one older than the marks of single retirements.
        if (marked > layout.published_serial()) {
          const std::uint64_t serial =
              layout.published_serial() + 1 + dice.roll(marked - layout.published_serial());
          for (SlowRecord& record : slow.records) {
            if (record.state != SlowRecord::published) continue;
            record.state = SlowRecord::retired;
            record.serial = serial;
          }
          layout.retire_published(serial);
        }
        break;
      default: {
        const std::uint64_t alignment = dice.alignment();
        const std::uint64_t most = layout.greatest_slice(alignment);
        if (most == 0) break;
        const std::uint64_t size = dice.size(most);
        const auto expected = slow.place(size, alignment);
        bool done = layout.reserve_ahead(size, alignment);
        const RingAnswer answer = done ? RingAnswer::ok : layout.reserve(size, alignment);
        if (answer == RingAnswer::ok) {
          const RingSlot& slot = layout.newest();
          ASSERT_EQ(slot.offset % alignment, 0U);
          ASSERT_GE(slot.offset, shape.first);
          ASSERT_LE(slot.offset + size, shape.last);
          ASSERT_FALSE(slow.overlaps(slot.offset, slot.offset + size)) << "step " << step;
          if (layout.records() == slow.records.size() + 1) {
            ASSERT_TRUE(expected.has_value()) << "step " << step;
            ASSERT_EQ(slot.offset, *expected) << "step " << step;
          }
          slow.add(slot.key(), slot.offset, size);
          ++reserved;
        } else if (layout.records() == slow.records.size() && answer == RingAnswer::full) {
          ASSERT_FALSE(expected.has_value()) << "there was room at " << *expected << ", step " << step;
        }
        break;
      }
    }
    for (const SlowRecord& record : slow.records) {
      ASSERT_EQ(layout.find_live(record.key) != nullptr, record.state != SlowRecord::retired)
          << "step " << step;
    }
  }
  EXPECT_GT(reserved, steps / 100);
  EXPECT_GT(slow.wraps, 10U);
}

TEST(RingProperty, TheLayoutAgreesWithASlowModel) {
  const Shape shapes[] = {{0, 4096, 16, false},
                          {0, 10000, 64, false},
                          {100, 5000, 32, false},
                          {0, 65536, 8, true},
                          {64, 3000, 16, true}};
  std::uint64_t seed = 1;
  for (const Shape& shape : shapes) {
    for (int run = 0; run < 2; ++run) {
      run_layout(shape, seed++, 30000);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

// The same through the public ring on the fake, with bytes: uploads, draws, single and bulk retirement,
// cancellation and partial publishes. Every draw reads its own bytes, and no live byte is lent twice.
class RingModel : public PmbPathTest {
 protected:
  void use_at_random(pmb::UploadRing& ring, std::uint64_t seed, std::uint64_t steps, std::size_t greatest);
};
INSTANTIATE_TEST_SUITE_P(Paths, RingModel, every_path(), path_name);

void RingModel::use_at_random(pmb::UploadRing& ring, std::uint64_t seed, std::uint64_t steps,
                              std::size_t greatest) {
  struct Live {
    pmb::Slice slice;
    GLuint buffer;
    std::uint64_t offset;
    Bytes bytes;
    bool is_published;
    std::uint64_t published_at;  ///< Marks made before the publish.
  };
  struct InFlight {
    GLuint buffer;
    std::uint64_t begin;
    std::uint64_t end;
    std::shared_ptr<strict_gl::GpuRead> read;
    Bytes expected;
  };
  seed += static_cast<std::uint64_t>(GetParam().edit) * 10 + (explicit_flush() ? 1 : 0);
  SCOPED_TRACE("seed " + std::to_string(seed));
  Dice dice(seed);
  std::vector<Live> live;
  std::vector<InFlight> in_flight;
  std::vector<pmb::Ticket> tickets;
  std::uint64_t acquired = 0;
  std::uint64_t newest_use = 0;  ///< Marks made before the last publish or draw.
  const auto check_done = [&] {
    std::erase_if(in_flight, [&](const InFlight& use) {
      if (!use.read->executed()) return false;
      EXPECT_EQ(use.read->bytes(), use.expected) << "bytes were overwritten under a draw";
      return true;
    });
  };
  for (std::uint64_t step = 0; step < steps && !HasFailure(); ++step) {
    const std::uint64_t what = dice.roll(16);
    if (dice.one_in(400)) take(ring.drain());
    if (what < 7) {
      const std::uint64_t alignment = dice.one_in(4) ? 0 : dice.alignment();
      const std::size_t size = dice.size(greatest);
      const bool may_wait = !dice.one_in(3);
      const auto slice = may_wait ? ring.acquire(size, alignment) : ring.try_acquire(size, alignment);
      if (!slice) {
        ASSERT_EQ(slice.error().status, Status::would_block) << slice.error().message();
        ASSERT_TRUE(!live.empty() || !may_wait);
        continue;
      }
      check_done();
      const std::uint64_t begin = slice->offset_bytes();
      ASSERT_EQ(begin % (alignment == 0 ? 256 : alignment), 0U);
      const GLuint buffer = slice->buffer();
      for (const Live& other : live)
        ASSERT_TRUE(buffer != other.buffer || begin + size <= other.offset ||
                    other.offset + other.bytes.size() <= begin);
      // An orphaned buffer may lend bytes whose old storage is still being read.
      for (const InFlight& use : in_flight)
        ASSERT_TRUE(!waits() || buffer != use.buffer || begin + size <= use.begin || use.end <= begin)
            << "step " << step;
      const Bytes bytes = pattern(size, step);
      ASSERT_TRUE(slice->copy_from(bytes));
      live.push_back({*slice, buffer, begin, bytes, false, 0});
      ++acquired;
    } else if (what < 10 && !live.empty()) {
      Live& one = live[dice.roll(live.size())];
      if (!one.is_published) {
        if (dice.one_in(3)) one.bytes.resize(dice.roll(one.bytes.size() + 1));
        take(ring.publish(one.slice, one.bytes.size()));
        one.is_published = true;
        one.published_at = newest_use = tickets.size();
      }
      for (std::uint64_t uses = dice.roll(3); uses > 0 && !one.bytes.empty(); --uses) {
        in_flight.push_back(
            {one.buffer, one.offset, one.offset + one.bytes.size(), draw(one.slice), one.bytes});
        one.published_at = newest_use = tickets.size();
      }
    } else if (what == 10 && !live.empty()) {
      const std::size_t index = dice.roll(live.size());
      const auto answer = ring.cancel(live[index].slice);
      ASSERT_EQ(id_of(answer), live[index].is_published ? ErrorId::already_published : ErrorId::none);
      if (answer) live.erase(live.begin() + static_cast<std::ptrdiff_t>(index));
    } else if (what == 11) {
      tickets.push_back(mark());
    } else if (what < 14 && !live.empty() && !tickets.empty()) {
      // Singly, with any ticket after the last use, new or old.
      const std::size_t index = dice.roll(live.size());
      Live& one = live[index];
      if (!one.is_published || one.published_at >= tickets.size()) continue;
      const std::size_t which = one.published_at + dice.roll(tickets.size() - one.published_at);
      take(ring.retire(one.slice, tickets[which]));
      ASSERT_FALSE(one.slice.is_live());
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(index));
    } else if (what == 14) {
      // All at once, with any ticket after every use so far.
      if (dice.one_in(2) || newest_use >= tickets.size()) tickets.push_back(mark());
      take(ring.retire(tickets[newest_use + dice.roll(tickets.size() - newest_use)]));
      std::erase_if(live, [](const Live& one) { return one.is_published; });
      for (const Live& one : live) ASSERT_TRUE(one.slice.is_live());
    } else if (!tickets.empty() && !live.empty()) {
      const Live& one = live.back();
      if (one.is_published && one.published_at > 0 && one.published_at == tickets.size()) {
        // Only a mark after the publish may retire it; marking after the draw is the program's duty.
        continue;
      }
      if (!one.is_published) {
        ASSERT_EQ(id_of(ring.retire(one.slice, tickets.back())), ErrorId::not_published);
      }
    }
  }
  check_done();
  for (const Live& one : live) {
    if (!one.is_published) take(ring.publish(one.slice, one.bytes.size()));
  }
  take(ring.retire(mark()));
  gl_.Finish();
  check_done();
  EXPECT_TRUE(in_flight.empty());
  EXPECT_GT(acquired, steps / 20);
}

TEST_P(RingModel, EveryDrawReadsItsOwnBytesInRandomUse) {
  auto ring = take(pmb::UploadRing::create(*context_, {.capacity_bytes = 16000, .max_slices = 64}));
  use_at_random(ring, 1000, 40000, 4000);
  if (waits()) {
    EXPECT_GT(ring.stats().waits, 10U);
  }
}

TEST_P(RingModel, EveryDrawReadsItsOwnBytesWhileTheRingGrowsAndShrinks) {
  auto ring = take(pmb::UploadRing::create(
      *context_, {.capacity_bytes = 4000, .max_slices = 16, .max_capacity_bytes = 64000}));
  use_at_random(ring, 2000, 25000, 8000);
  EXPECT_GT(ring.stats().growths, 100U);
  EXPECT_GT(ring.stats().shrinks, 20U);
  EXPECT_LE(ring.stats().high_water_bytes, 128000U);
}

}  // namespace
