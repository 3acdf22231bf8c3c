// SPDX-License-Identifier: MIT
// Errors: one status for each id, complete sentences, trivially copyable.
#include <gtest/gtest.h>

#include <pmb/result.hpp>
#include <pmb/validation.hpp>
#include <set>
#include <string>

#include "base/fail.hpp"

namespace {

using pmb::Error;
using pmb::ErrorId;
using pmb::Status;

constexpr struct {
  ErrorId id;
  int number;
} kAll[] = {
#define PMB_ERROR(number, id, status, severity, section, sentence) {ErrorId::id, number},
#include <pmb/errors.def>
#undef PMB_ERROR
};

TEST(Result, EveryErrorHasANumberNameStatusAndSentence) {
  std::set<int> numbers;
  std::set<std::string> names;
  for (const auto& [id, number] : kAll) {
    EXPECT_TRUE(numbers.insert(number).second) << number;
    EXPECT_TRUE(names.insert(to_string(id)).second) << to_string(id);
    EXPECT_NE(status_of(id), Status::ok) << to_string(id);
    const Error error = pmb::make_error(id, std::source_location::current(),
                                        {.numbers = {1, 2, 3}, .gl_call = "glCall", .gl_error = 0x0505});
    EXPECT_EQ(error.status, status_of(id));
    EXPECT_FALSE(error.message().empty());
    EXPECT_EQ(error.message().find('{'), std::string::npos) << error.message();
  }
}

TEST(Result, AnErrorHasItsNumbersCallAndPlace) {
  const auto where = std::source_location::current();
  const Error error = pmb::make_error(ErrorId::storage_failed, where,
                                      {.numbers = {4096}, .gl_call = "glBufferStorage", .gl_error = 0x0505});
  EXPECT_EQ(error.id, ErrorId::storage_failed);
  EXPECT_EQ(error.status, Status::out_of_memory);
  EXPECT_EQ(error.numbers[0], 4096U);
  EXPECT_EQ(error.where.line(), where.line());
  const std::string message = error.message();
  for (const char* part : {"4096", "glBufferStorage", "GL_OUT_OF_MEMORY"}) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
}

TEST(Result, ErrorsCarryNoHeapMemory) {
  EXPECT_TRUE(std::is_trivially_copyable_v<Error>);
}

TEST(Result, OrdinaryStatusesArePositiveAndErrorsNegative) {
  EXPECT_GT(static_cast<int>(Status::would_block), 0);
  EXPECT_GT(static_cast<int>(Status::timed_out), 0);
  for (const auto& [id, number] : kAll) {
    const Status status = status_of(id);
    const bool ordinary = status == Status::would_block || status == Status::timed_out;
    EXPECT_EQ(static_cast<int>(status) > 0, ordinary) << to_string(id);
  }
}

TEST(Result, EveryStatusHasAName) {
  for (int value = static_cast<int>(Status::gl_error); value <= static_cast<int>(Status::timed_out);
       ++value) {
    EXPECT_STRNE(to_string(static_cast<Status>(value)), "unknown") << value;
  }
}

TEST(Result, EveryRuleHasANameASentenceAndAMessageWithBothPlaces) {
  std::set<std::string> names;
  const auto first = std::source_location::current();
  const auto second = std::source_location::current();
  for (const auto& [id, number] : kAll) {
    const pmb::Report report{id, "vertices", 3, 64, 128, first, second};
    const std::string message = report.message();
    EXPECT_NE(message.find("PMB-" + std::to_string(number) + " " + to_string(id)), std::string::npos);
    EXPECT_NE(message.find("'vertices'"), std::string::npos);
    EXPECT_NE(message.find("bytes 64 to 128"), std::string::npos);
    EXPECT_NE(message.find(":" + std::to_string(first.line())), std::string::npos);
    EXPECT_NE(message.find(":" + std::to_string(second.line())), std::string::npos);
  }
}

}  // namespace
