#include "alpha/core/rng.h"

#include <gtest/gtest.h>

namespace alpha {
namespace {

TEST(SeededRng, DrawsTheOriginalsNumbers) {
  SeededRng rng(42);
  EXPECT_EQ(rng.state().s0, -928141197);
  EXPECT_EQ(rng.state().s1, -662678064);
  for (const double expected : {0.008513618959113955, 0.2611607080325484, 0.7897631011437625,
                                0.5846861272584647, 0.4584295905660838, 0.06710695358924568}) {
    EXPECT_DOUBLE_EQ(rng.next(), expected);
  }
  SeededRng other(1337);
  EXPECT_EQ(other.state().s0, 2083374229);
  EXPECT_EQ(other.state().s1, -1769981281);
  EXPECT_DOUBLE_EQ(other.next(), 0.21359444223344326);
}

TEST(SeededRng, DrawsTheOriginalsGaussians) {
  SeededRng rng(42);
  for (const double expected : {1.3636080003226014, 0.3985279015518509, -0.07141191359438753,
                                -0.7436472540651544, 0.9307256117328627, 0.8805977646449634}) {
    EXPECT_DOUBLE_EQ(rng.next_gauss(), expected);
  }
}

TEST(SeededRng, ContinuesFromASavedStateInTheMiddleOfAGaussianPair) {
  SeededRng rng(7);
  rng.next_gauss();
  SeededRng resumed(0);
  resumed.set_state(rng.state());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(resumed.next_gauss(), rng.next_gauss());
}

TEST(SeededRng, RepeatsItselfAfter8190NumbersAsTheOriginalDoes) {
  SeededRng rng(42);
  const SeededRng::State start = rng.state();
  int period = 0;
  do {
    rng.next();
    ++period;
  } while (rng.state() != start && period < 100000);
  EXPECT_EQ(period, 8190);
}

TEST(CounterRng, IsUniformAndNormalAndItsStreamsDiffer) {
  const CounterRng rng(42, 0);
  const CounterRng other(42, 1);
  constexpr std::uint64_t kN = 200000;
  double sum = 0;
  double gauss_sum = 0;
  double gauss_squares = 0;
  double correlation = 0;
  for (std::uint64_t i = 0; i < kN; ++i) {
    const double u = rng.uniform(i);
    ASSERT_TRUE(u >= 0 && u < 1);
    sum += u;
    correlation += (u - 0.5) * (other.uniform(i) - 0.5);
    const double g = rng.gauss(i);
    gauss_sum += g;
    gauss_squares += g * g;
  }
  EXPECT_NEAR(sum / kN, 0.5, 0.003);
  EXPECT_NEAR(gauss_sum / kN, 0, 0.01);
  EXPECT_NEAR(gauss_squares / kN, 1, 0.02);
  EXPECT_NEAR(correlation / kN, 0, 0.001);
}

TEST(DropoutKey, HashesAsTheOriginal) {
  const DropoutKey key{.seed = 42, .counter = 0};
  const double expected[] = {0.03320010658353567, 0.10651129251345992, 0.7933730413205922,
                             0.3529510262887925,  0.5261375361587852,  0.2858006691094488,
                             0.4495859257876873,  0.6744742467999458};
  for (std::uint64_t i = 0; i < 8; ++i) EXPECT_DOUBLE_EQ(key.uniform(i), expected[i]);
  EXPECT_DOUBLE_EQ((DropoutKey{.seed = 42, .counter = 1}.uniform(3)), 0.7191599158104509);
}

TEST(DropoutKey, DropsTheRequestedShare) {
  const DropoutKey key{.seed = 1, .counter = 9};
  int kept = 0;
  constexpr int kN = 200000;
  for (int i = 0; i < kN; ++i) {
    kept += key.bits(static_cast<std::uint64_t>(i)) > DropoutKey::drop_threshold(0.1) ? 1 : 0;
  }
  EXPECT_NEAR(kept / static_cast<double>(kN), 0.9, 0.003);
}

TEST(DropoutKey, MasksBeyondFourBillionElementsDoNotRepeat) {
  const DropoutKey key{.seed = 5, .counter = 2};
  int equal = 0;
  for (std::uint64_t i = 0; i < 1000; ++i)
    equal += key.bits(i) == key.bits(i + (1ULL << 32U)) ? 1 : 0;
  EXPECT_LT(equal, 5);
}

}  // namespace
}  // namespace alpha
