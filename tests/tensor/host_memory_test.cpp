#include "alpha/tensor/host_memory.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "alpha/core/error.h"

namespace alpha {
namespace {

TEST(HostMemory, BlocksAreAlignedAndWritable) {
  HostMemory memory;
  for (const std::size_t size : {1U, 63U, 64U, 65U, 1000U, 100003U}) {
    const StorageRef block = memory.allocate(size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block->host()) % 64, 0U) << size;
    EXPECT_EQ(block->size_bytes(), size);
    std::memset(block->host(), 0x5a, size);
  }
}

TEST(HostMemory, AnEmptyBlockHasAnAddress) {
  HostMemory memory;
  const StorageRef block = memory.allocate(0);
  EXPECT_NE(block->host(), nullptr);
  EXPECT_EQ(block->size_bytes(), 0U);
}

TEST(HostMemory, ReusesWhatCameBack) {
  HostMemory memory;
  const std::byte* first = nullptr;
  {
    const StorageRef block = memory.allocate(1000);
    first = block->host();
  }
  const StorageRef again = memory.allocate(990);
  EXPECT_EQ(again->host(), first);
  EXPECT_EQ(again->size_bytes(), 990U);
  EXPECT_EQ(memory.stats().n_system_allocations, 1);
}

TEST(HostMemory, DoesNotHandOutABlockThatIsInUse) {
  HostMemory memory;
  const StorageRef a = memory.allocate(1000);
  const StorageRef b = memory.allocate(1000);
  EXPECT_NE(a->host(), b->host());
  EXPECT_EQ(memory.stats().n_system_allocations, 2);
}

TEST(HostMemory, ARepeatedPatternAsksTheSystemOnce) {
  HostMemory memory;
  const auto step = [&] {
    const StorageRef a = memory.allocate(5000);
    const StorageRef b = memory.allocate(70000);
    const StorageRef c = memory.allocate(5000);
  };
  step();
  const std::int64_t after_warm_up = memory.stats().n_system_allocations;
  for (int i = 0; i < 20; ++i) step();
  EXPECT_EQ(memory.stats().n_system_allocations, after_warm_up);
}

TEST(HostMemory, WastesLittle) {
  HostMemory memory;
  for (const std::size_t size : {1025U, 5000U, 123457U, 1048577U}) {
    const std::int64_t before = memory.stats().in_use_bytes;
    const StorageRef block = memory.allocate(size);
    const auto used = static_cast<double>(memory.stats().in_use_bytes - before);
    EXPECT_GE(used, static_cast<double>(size));
    EXPECT_LE(used, 1.126 * static_cast<double>(size)) << size;
  }
}

TEST(HostMemory, CountsUsePeakAndHoldings) {
  HostMemory memory;
  {
    const StorageRef a = memory.allocate(1024);
    const StorageRef b = memory.allocate(4096);
    EXPECT_EQ(memory.stats().in_use_bytes, 5120);
  }
  const HostMemory::Stats stats = memory.stats();
  EXPECT_EQ(stats.in_use_bytes, 0);
  EXPECT_EQ(stats.peak_bytes, 5120);
  EXPECT_EQ(stats.held_bytes, 5120);
  EXPECT_EQ(stats.n_system_allocations, 2);
}

TEST(HostMemory, TrimGivesBackOnlyWhatNobodyUses) {
  HostMemory memory;
  const StorageRef kept = memory.allocate(1024);
  std::memset(kept->host(), 0x11, 1024);
  { const StorageRef dropped = memory.allocate(4096); }
  memory.trim();
  EXPECT_EQ(memory.stats().held_bytes, 1024);
  EXPECT_EQ(kept->host()[1023], std::byte{0x11});
  const StorageRef again = memory.allocate(4096);
  EXPECT_EQ(memory.stats().n_system_allocations, 3);
}

TEST(HostMemory, ARequestThatCannotBeMetSaysHowMuch) {
  HostMemory memory;
  try {
    const StorageRef block = memory.allocate(std::size_t{1} << 60U);
    FAIL() << "the system gave an exbibyte";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::out_of_memory);
    EXPECT_NE(std::string(error.what()).find("1152921504606846976"), std::string::npos);
  }
  const StorageRef block = memory.allocate(64);
  EXPECT_EQ(memory.stats().in_use_bytes, 64);
}

TEST(HostMemory, ServesSeveralThreads) {
  HostMemory memory;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&memory, t] {
      for (int i = 0; i < 500; ++i) {
        const auto size = static_cast<std::size_t>(64 * (1 + (i * 7 + t) % 5));
        const StorageRef block = memory.allocate(size);
        std::memset(block->host(), t, size);
        const StorageRef copy = block;  // NOLINT(performance-unnecessary-copy-initialization)
        ASSERT_EQ(copy->host()[size - 1], static_cast<std::byte>(t));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(memory.stats().in_use_bytes, 0);
}

TEST(StorageRef, TheLastReferenceReturnsTheBlock) {
  HostMemory memory;
  StorageRef a = memory.allocate(64);
  EXPECT_TRUE(a.is_unique());
  StorageRef b = a;
  EXPECT_FALSE(a.is_unique());
  a = StorageRef();
  EXPECT_TRUE(b.is_unique());
  EXPECT_EQ(memory.stats().in_use_bytes, 64);
  StorageRef moved = std::move(b);
  EXPECT_TRUE(moved.is_unique());
  moved = StorageRef();
  EXPECT_EQ(memory.stats().in_use_bytes, 0);
}

TEST(StorageRef, AssigningItToItselfKeepsTheBlock) {
  HostMemory memory;
  StorageRef a = memory.allocate(64);
  const StorageRef& same = a;
  a = same;
  EXPECT_TRUE(a.is_unique());
  EXPECT_EQ(memory.stats().in_use_bytes, 64);
}

TEST(StorageRef, AnEmptyOneRefersToNothing) {
  const StorageRef none;
  EXPECT_FALSE(static_cast<bool>(none));
  EXPECT_FALSE(none.is_unique());
}

}  // namespace
}  // namespace alpha
