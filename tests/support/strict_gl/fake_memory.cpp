// SPDX-License-Identifier: MIT
//
// Range sets and byte patches are ordered maps of disjoint pieces.
#include "fake_memory.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "support/platform.hpp"

namespace strict_gl {

Region::Region(std::int64_t size_bytes) {
  if (size_bytes <= 0) return;
  data_ = test_support::reserve_pages(static_cast<std::size_t>(size_bytes));
  size_ = data_ == nullptr ? 0 : size_bytes;
}

Region Region::shared(std::int64_t size_bytes) {
  Region made;
  if (size_bytes <= 0) return made;
  made.data_ = test_support::reserve_shared_pages(static_cast<std::size_t>(size_bytes));
  made.size_ = made.data_ == nullptr ? 0 : size_bytes;
  return made;
}

Region Region::mirror() const {
  Region made;
  made.data_ = test_support::mirror_pages(data_, static_cast<std::size_t>(size_));
  made.size_ = made.data_ == nullptr ? 0 : size_;
  return made;
}

Region::~Region() {
  if (data_ != nullptr && owned_) test_support::release_pages(data_, static_cast<std::size_t>(size_));
}

Region::Region(Region&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      owned_(std::exchange(other.owned_, true)) {}

Region& Region::operator=(Region&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(owned_, other.owned_);
  return *this;
}

void Region::relocate() {
  if (data_ == nullptr || !owned_) return;
  std::byte* const moved = test_support::move_pages(data_, static_cast<std::size_t>(size_));
  if (moved != nullptr) data_ = moved;
}

void RangeSet::add(std::int64_t begin, std::int64_t end) {
  if (begin >= end) return;
  auto next = ranges_.upper_bound(begin);
  if (next != ranges_.begin() && std::prev(next)->second >= begin) --next;
  while (next != ranges_.end() && next->first <= end) {
    begin = std::min(begin, next->first);
    end = std::max(end, next->second);
    next = ranges_.erase(next);
  }
  ranges_.emplace(begin, end);
}

BytePatches::Pieces::const_iterator BytePatches::first_reaching(std::int64_t offset) const {
  auto piece = pieces_.upper_bound(offset);
  if (piece == pieces_.begin()) return piece;
  const auto before = std::prev(piece);
  const auto end = before->first + static_cast<std::int64_t>(before->second.size());
  return end > offset ? before : piece;
}

void BytePatches::add_missing(std::int64_t offset, std::span<const std::byte> bytes) {
  const std::int64_t end = offset + static_cast<std::int64_t>(bytes.size());
  std::int64_t at = offset;
  auto piece = first_reaching(offset);
  while (at < end) {
    const std::int64_t gap_end = piece == pieces_.end() ? end : std::min(end, piece->first);
    if (at < gap_end) {
      const auto gap =
          bytes.subspan(static_cast<std::size_t>(at - offset), static_cast<std::size_t>(gap_end - at));
      pieces_.emplace(at, std::vector<std::byte>(gap.begin(), gap.end()));
    }
    if (piece == pieces_.end()) return;
    at = std::max(at, piece->first + static_cast<std::int64_t>(piece->second.size()));
    ++piece;
  }
}

void BytePatches::replace(std::int64_t offset, std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  erase(offset, offset + static_cast<std::int64_t>(bytes.size()));
  pieces_.emplace(offset, std::vector<std::byte>(bytes.begin(), bytes.end()));
}

void BytePatches::erase(std::int64_t begin, std::int64_t end) {
  auto piece = first_reaching(begin);
  while (begin < end && piece != pieces_.end() && piece->first < end) {
    const std::int64_t piece_begin = piece->first;
    const std::vector<std::byte> kept = piece->second;
    const std::int64_t piece_end = piece_begin + static_cast<std::int64_t>(kept.size());
    piece = pieces_.erase(piece);
    if (piece_begin < begin) {
      pieces_.emplace(piece_begin,
                      std::vector<std::byte>(kept.begin(), kept.begin() + (begin - piece_begin)));
    }
    if (piece_end > end) {
      pieces_.emplace(end, std::vector<std::byte>(kept.begin() + (end - piece_begin), kept.end()));
    }
  }
}

void BytePatches::apply(std::int64_t offset, std::span<std::byte> out) const {
  const std::int64_t end = offset + static_cast<std::int64_t>(out.size());
  for (auto piece = first_reaching(offset); piece != pieces_.end() && piece->first < end; ++piece) {
    const std::int64_t from = std::max(offset, piece->first);
    const std::int64_t to = std::min(end, piece->first + static_cast<std::int64_t>(piece->second.size()));
    std::memcpy(out.data() + (from - offset), piece->second.data() + (from - piece->first),
                static_cast<std::size_t>(to - from));
  }
}

}  // namespace strict_gl
