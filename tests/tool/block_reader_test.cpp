// SPDX-License-Identifier: MIT
// Splitting an input into blocks and frames, and messages about truncated input.

#include "stream/block_reader.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "stream_fixture.hpp"

namespace {

using namespace pmb::tool;
using namespace stream_test;

constexpr std::string_view kHeader = "YUV4MPEG2 W4 H2 Cmono\n";
constexpr std::size_t kFrameBytes = 8;

// A pipe that holds these bytes and has no writer.
Descriptor pipe_of(std::span<const std::byte> bytes) {
  int ends[2] = {};
  EXPECT_EQ(pipe(ends), 0);
  EXPECT_EQ(write(ends[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  close(ends[1]);
  return Descriptor(ends[0]);
}

Descriptor pipe_of(std::string_view text) {
  return pipe_of(to_bytes(text));
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Frames {
  std::vector<std::string> heads;
  std::vector<std::string> payloads;
  std::optional<Failure> failure;
};

Frames read_all(BlockReader& reader) {
  Frames frames;
  Bytes target(padded_bytes(reader.layout().bytes));
  while (true) {
    const auto head = reader.read(target);
    if (!head) {
      frames.failure = head.error();
      return frames;
    }
    if (!*head) return frames;
    frames.heads.push_back((*head)->frame_line);
    frames.payloads.push_back(text_of(std::span(target).first((*head)->bytes)));
  }
}

Frames read_video(std::string_view text) {
  const StopSignal stop;
  auto reader = BlockReader::y4m(ByteSource(pipe_of(text), stop));
  EXPECT_TRUE(reader) << reader.error().message;
  return reader ? read_all(*reader) : Frames{};
}

TEST(BlockReader, RawBlocksEndWithAPartialOne) {
  const StopSignal stop;
  auto reader = BlockReader::raw(ByteSource(pipe_of("aaaabbbbcc"), stop), *raw_layout(4));
  const Frames frames = read_all(reader);
  EXPECT_EQ(frames.payloads, (std::vector<std::string>{"aaaa", "bbbb", "cc"}));
  EXPECT_FALSE(frames.failure);
}

TEST(BlockReader, AnEmptyRawInputHasNoBlocks) {
  const StopSignal stop;
  auto reader = BlockReader::raw(ByteSource(pipe_of(""), stop), *raw_layout(4));
  const Frames frames = read_all(reader);
  EXPECT_TRUE(frames.payloads.empty());
  EXPECT_FALSE(frames.failure);
}

TEST(BlockReader, FramesKeepTheirHeadersWithParameters) {
  const Frames frames = read_video(std::string(kHeader) +
                                   "FRAME\n01234567FRAME Ip X=1\nabcdefghFRAME\nFRAME\nzzFRAME \nABCDEFGH");
  EXPECT_FALSE(frames.failure) << frames.failure->message;
  EXPECT_EQ(frames.heads, (std::vector<std::string>{"FRAME\n", "FRAME Ip X=1\n", "FRAME\n", "FRAME \n"}));
  EXPECT_EQ(frames.payloads, (std::vector<std::string>{"01234567", "abcdefgh", "FRAME\nzz", "ABCDEFGH"}));
}

TEST(BlockReader, AHeaderWithoutFramesIsAnEmptyVideo) {
  const Frames frames = read_video(kHeader);
  EXPECT_TRUE(frames.payloads.empty());
  EXPECT_FALSE(frames.failure);
}

TEST(BlockReader, BytesThatTrickleInFormTheSameFrames) {
  int ends[2] = {};
  ASSERT_EQ(pipe(ends), 0);
  const std::string text = std::string(kHeader) + "FRAME\n01234567FRAME Ix\nabcdefgh";
  std::thread trickle([&] {
    for (const char byte : text) EXPECT_EQ(write(ends[1], &byte, 1), 1);
    close(ends[1]);
  });
  const StopSignal stop;
  auto reader = BlockReader::y4m(ByteSource(Descriptor(ends[0]), stop));
  ASSERT_TRUE(reader);
  const Frames frames = read_all(*reader);
  trickle.join();
  EXPECT_FALSE(frames.failure);
  EXPECT_EQ(frames.payloads, (std::vector<std::string>{"01234567", "abcdefgh"}));
}

TEST(BlockReader, AFrameIsReturnedBeforeTheNextOneStarts) {
  int ends[2] = {};
  ASSERT_EQ(pipe(ends), 0);
  const std::string text = std::string(kHeader) + "FRAME\n01234567";
  ASSERT_EQ(write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  StopSignal stop;
  auto reader = BlockReader::y4m(ByteSource(Descriptor(ends[0]), stop));
  ASSERT_TRUE(reader);
  Bytes target(kFrameBytes);
  const auto head = reader->read(target);  // Would block for ever if it read more than the frame.
  ASSERT_TRUE(head && *head);
  EXPECT_EQ(text_of(target), "01234567");
  close(ends[1]);
}

// For truncation at any byte, the message names that byte and the earlier frames are complete.
TEST(BlockReader, EveryTruncationIsReportedWithItsByteAndFrame) {
  const std::string whole = std::string(kHeader) + "FRAME\n01234567FRAME I\nabcdefgh";
  const std::size_t second_frame = kHeader.size() + 6 + kFrameBytes;
  for (std::size_t size = kHeader.size() + 1; size < whole.size(); ++size) {
    const Frames frames = read_video(whole.substr(0, size));
    const std::size_t complete = size >= second_frame ? 1 : 0;
    EXPECT_EQ(frames.payloads.size(), complete) << size;
    if (size == second_frame) {
      EXPECT_FALSE(frames.failure) << "the input ends between two frames";
      continue;
    }
    ASSERT_TRUE(frames.failure) << size;
    EXPECT_EQ(frames.failure->code, kInput) << size;
    const std::string where = "byte " + std::to_string(size) + ":";
    EXPECT_NE(frames.failure->message.find(where), std::string::npos) << frames.failure->message;
    const std::string frame = "frame " + std::to_string(complete);
    EXPECT_NE(frames.failure->message.find(frame), std::string::npos) << frames.failure->message;
  }
}

TEST(BlockReader, WrongFrameHeadersAreReportedWithTheirFirstByte) {
  for (const std::string wrong : {"FRAMES1234567890", "frame\n01234567", "FRAMX\n01234567", "xx"}) {
    const Frames frames = read_video(std::string(kHeader) + "FRAME\n01234567" + wrong);
    EXPECT_EQ(frames.payloads.size(), 1U) << wrong;
    ASSERT_TRUE(frames.failure) << wrong;
    EXPECT_EQ(frames.failure->code, kInput);
    const std::string where = "byte " + std::to_string(kHeader.size() + 6 + kFrameBytes) + ":";
    EXPECT_NE(frames.failure->message.find(where), std::string::npos) << frames.failure->message;
  }
}

TEST(BlockReader, FrameHeadersThatEndInCrLfAreNamed) {
  const Frames frames = read_video(std::string(kHeader) + "FRAME\r\n01234567");
  ASSERT_TRUE(frames.failure);
  EXPECT_EQ(frames.failure->code, kInput);
  EXPECT_NE(frames.failure->message.find("CR LF"), std::string::npos) << frames.failure->message;
  const std::string where = "byte " + std::to_string(kHeader.size() + 5) + ":";
  EXPECT_NE(frames.failure->message.find(where), std::string::npos) << frames.failure->message;
}

TEST(BlockReader, EndlessFrameHeadersAreRefused) {
  const Frames frames =
      read_video(std::string(kHeader) + "FRAME " + std::string(2 * kY4mMaxLine, 'X') + "\n01234567");
  ASSERT_TRUE(frames.failure);
  EXPECT_EQ(frames.failure->code, kInput);
}

TEST(BlockReader, DataOtherThanVideoIsRefusedWithoutWaitingForALine) {
  int ends[2] = {};
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "RIFFxxxxAVI", 11), 11);
  const StopSignal stop;
  const auto reader = BlockReader::y4m(ByteSource(Descriptor(ends[0]), stop));
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, kInput);
  close(ends[1]);
}

TEST(BlockReader, AStopEndsABlockedRead) {
  int ends[2] = {};
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "half", 4), 4);
  StopSignal stop;
  auto reader = BlockReader::raw(ByteSource(Descriptor(ends[0]), stop), *raw_layout(8));
  Bytes target(8);
  std::thread stopper([&] { stop.request(); });
  const auto head = reader.read(target);
  stopper.join();
  ASSERT_TRUE(head);
  EXPECT_FALSE(*head) << "half a block was answered";
  close(ends[1]);
}

TEST(BlockReader, FilesGiveTheNumberOfBlocks) {
  const TemporaryFolder folder;
  write_file(folder.file("raw"), noise(10));
  write_file(folder.file("video"), to_bytes(std::string(kHeader) + "FRAME\n01234567FRAME\nabcdefgh"));
  const StopSignal stop;
  const auto raw = BlockReader::raw(*ByteSource::open(folder.file("raw"), stop), *raw_layout(4));
  EXPECT_EQ(raw.expected_blocks(), 3U);
  const auto video = BlockReader::y4m(*ByteSource::open(folder.file("video"), stop));
  ASSERT_TRUE(video);
  EXPECT_EQ(video->expected_blocks(), 2U);
}

}  // namespace
