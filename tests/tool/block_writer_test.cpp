// SPDX-License-Identifier: MIT
// Writing blocks to an output that accepts a few bytes at a time, or none.

#include "stream/block_writer.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "stream_fixture.hpp"

namespace {

using namespace pmb::tool;
using namespace stream_test;

TEST(BlockWriter, EveryByteArrivesThroughASlowPipe) {
  int ends[2] = {};
  // A non-blocking write() accepts only the bytes that fit: the writer keeps the rest.
  ASSERT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  fcntl(ends[0], F_SETFL, 0);
  const Bytes bytes = noise(1'000'003);
  Bytes received;
  std::thread reader([&] {
    Bytes piece(4099);
    while (true) {
      const ssize_t got = read(ends[0], piece.data(), piece.size());
      if (got <= 0) return;
      append(received, std::span(piece).first(static_cast<std::size_t>(got)));
    }
  });
  {
    BlockWriter writer{Descriptor(ends[1])};
    EXPECT_TRUE(writer.write("head\n", bytes));
    EXPECT_TRUE(writer.write("", std::span(bytes).first(7)));
    EXPECT_TRUE(writer.close());
  }
  reader.join();
  close(ends[0]);
  Bytes expected = to_bytes("head\n");
  append(expected, bytes);
  append(expected, std::span(bytes).first(7));
  EXPECT_TRUE(received == expected);
}

TEST(BlockWriter, AFullDiskIsReportedWithItsByte) {
  if (access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full here";
  const StopSignal stop;
  const TemporaryFolder folder;
  write_file(folder.file("in"), noise(1));
  const auto source = ByteSource::open(folder.file("in"), stop);
  ASSERT_TRUE(source);
  auto writer = BlockWriter::open("/dev/full", source->descriptor());
  ASSERT_TRUE(writer) << writer.error().message;
  const auto done = writer->write("", noise(10));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, kOutput);
  EXPECT_NE(done.error().message.find("byte 0:"), std::string::npos) << done.error().message;
}

}  // namespace
