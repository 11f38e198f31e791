#include "alpha/core/thread_pool.h"

#include <atomic>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "alpha/core/error.h"

namespace alpha {
namespace {

TEST(ThreadPool, RunsEveryTaskOnceForAnyNumberOfThreads) {
  for (const int n_threads : {1, 2, 5}) {
    ThreadPool pool(n_threads);
    EXPECT_EQ(pool.size(), n_threads);
    for (const int n : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> hits(static_cast<std::size_t>(n));
      pool.run(n, [&](std::int64_t i) { ++hits[static_cast<std::size_t>(i)]; });
      for (const auto& hit : hits) EXPECT_EQ(hit.load(), 1);
    }
  }
}

TEST(ThreadPool, ManyShortLoopsBackToBackStayWhole) {
  ThreadPool pool(4);
  for (int round = 0; round < 20000; ++round) {
    std::atomic<std::int64_t> sum{0};
    pool.run(3, [&](std::int64_t i) { sum += i + 1; });
    ASSERT_EQ(sum.load(), 6);
  }
}

TEST(ThreadPool, ChunksCoverTheRangeWithoutOverlap) {
  ThreadPool pool(3);
  std::vector<std::atomic<int>> hits(103);
  pool.run_chunks(103, 10, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = begin; i < end; ++i) ++hits[static_cast<std::size_t>(i)];
  });
  for (const auto& hit : hits) EXPECT_EQ(hit.load(), 1);
}

TEST(ThreadPool, RethrowsAnExceptionAndGoesOnWorking) {
  ThreadPool pool(2);
  EXPECT_THROW(pool.run(100,
                        [](std::int64_t i) {
                          if (i == 57) throw std::runtime_error("x");
                        }),
               std::runtime_error);
  std::atomic<int> n{0};
  pool.run(10, [&](std::int64_t) { ++n; });
  EXPECT_EQ(n.load(), 10);
}

TEST(ThreadPool, RefusesAnImpossibleSize) {
  EXPECT_THROW(ThreadPool(-1), Error);
  EXPECT_THROW(ThreadPool(100000), Error);
}

TEST(UsableCpus, AreThoseOfTheQuota) {
  EXPECT_EQ(cpus_of_quota("150000 100000"), 1.5);
  EXPECT_EQ(cpus_of_quota("20000 100000\n"), 0.2);
  EXPECT_FALSE(cpus_of_quota("max 100000"));
  EXPECT_FALSE(cpus_of_quota("0 100000"));
  EXPECT_FALSE(cpus_of_quota(""));
  EXPECT_GE(usable_cpus(), 1);
}

}  // namespace
}  // namespace alpha
