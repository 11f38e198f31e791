#include "alpha/core/process.h"

#include <vector>

#include <gtest/gtest.h>

namespace alpha {
namespace {

TEST(ProcessTest, MemoryThatIsUsedIsCounted) {
  constexpr std::size_t kBytes = std::size_t{64} << 20U;
  const std::size_t before = resident_memory_bytes();
  ASSERT_GT(before, 0U);
  const std::vector<char> used(kBytes, 'x');
  EXPECT_GE(resident_memory_bytes(), before + kBytes * 9 / 10);
  EXPECT_EQ(used.back(), 'x');
}

}  // namespace
}  // namespace alpha
