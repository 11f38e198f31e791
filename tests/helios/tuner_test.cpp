#include "alpha/helios/tuner.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <optional>
#include <thread>

#include "tests/helios/training_step.h"
#include <sys/stat.h>
#include <unistd.h>

#include "alpha/core/files.h"

namespace alpha::helios::test {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> kNames = {"a", "b", "c"};
const std::string kDevice = "some device 1.2";

class TunerTest : public testing::Test {
 protected:
  void SetUp() override {
    folder = fs::path(testing::TempDir()) / ("alpha_tuner_" + std::to_string(getpid()));
  }

  void TearDown() override { fs::remove_all(folder); }

  std::unique_ptr<Tuner> open(const std::string& device = kDevice) const {
    return std::make_unique<Tuner>(true, folder, device);
  }

  /// Candidates that take these seconds.
  static Tuner::Measure taking(std::array<double, 3> seconds) {
    return [seconds](std::size_t i) { return seconds.at(i); };
  }

  static double not_measured(std::size_t /*candidate*/) {
    ADD_FAILURE() << "measured";
    return 1;
  }

  /// What is chosen for "key" now; nothing, if that was measured.
  static std::optional<std::size_t> known(Tuner& tuner) {
    bool is_measured = false;
    const std::size_t choice = tuner.choose("key", kNames, [&](std::size_t) {
      is_measured = true;
      return 1.0;
    });
    return is_measured ? std::nullopt : std::optional(choice);
  }

  fs::path folder;
};

TEST_F(TunerTest, TheFastestIsChosenAndMeasuredOnce) {
  const auto tuner = open();
  EXPECT_EQ(tuner->choose("key", kNames, taking({3, 2, 1})), 2U);
  EXPECT_EQ(tuner->choose("key", kNames, not_measured), 2U);
  EXPECT_EQ(tuner->choose("other", kNames, taking({3, 1, 2})), 1U);
  const auto choices = tuner->report().choices;
  ASSERT_EQ(choices.size(), 2U);
  EXPECT_EQ(choices[0].name, "c");
  EXPECT_EQ(choices[0].seconds, (std::vector<double>{3, 2, 1}));
}

TEST_F(TunerTest, TheFirstWinsWhatDiffersByChance) {
  EXPECT_EQ(open()->choose("near", kNames, taking({1.019, 1.0, 1.1})), 0U);
  EXPECT_EQ(open()->choose("far", kNames, taking({1.03, 1.0, 1.1})), 1U);
}

TEST_F(TunerTest, MediansCountAndNotWhatIsMeasuredFirst) {
  // The clocks rise; then every fourth run of the best one is disturbed.
  std::size_t n = 0;
  const auto measure = [&](std::size_t i) {
    ++n;
    if (n <= 3) return i == 2 ? 0.1 : 0.01;
    if (i != 1) return 0.003;
    return n % 4 == 0 ? 1.0 : 0.002;
  };
  EXPECT_EQ(open()->choose("key", kNames, measure), 1U);
}

TEST_F(TunerTest, WhatMustNotBeChosenIsNot) {
  const double never = std::numeric_limits<double>::infinity();
  EXPECT_EQ(open()->choose("key", kNames, taking({2, never, 1})), 2U);
  EXPECT_EQ(open()->choose("other", kNames, taking({2, never, never})), 0U);
}

TEST_F(TunerTest, CandidatesTakeTurns) {
  std::vector<std::size_t> order;
  open()->choose("key", kNames, [&](std::size_t i) {
    order.push_back(i);
    return 1.0;
  });
  for (std::size_t i = 0; i < order.size(); ++i) EXPECT_EQ(order[i], i % kNames.size());
}

TEST_F(TunerTest, WithoutAChoiceNothingIsMeasured) {
  EXPECT_EQ(open()->choose("key", std::span(kNames).first(1), not_measured), 0U);
  Tuner off(false, folder, kDevice);
  EXPECT_EQ(off.choose("key", kNames, not_measured), 0U);
  EXPECT_TRUE(off.report().choices.empty());
  EXPECT_FALSE(fs::exists(folder));
}

TEST_F(TunerTest, TheNextProcessKnows) {
  open()->choose("key", kNames, taking({3, 2, 1}));
  open()->choose("other", kNames, taking({3, 1, 2}));
  const auto tuner = open();
  EXPECT_EQ(tuner->choose("key", kNames, not_measured), 2U);
  EXPECT_EQ(tuner->choose("other", kNames, not_measured), 1U);
  EXPECT_TRUE(tuner->report().choices.at(0).seconds.empty());
}

TEST_F(TunerTest, ACandidateThatIsNoMoreIsNotChosen) {
  open()->choose("key", kNames, taking({3, 2, 1}));
  EXPECT_EQ(open()->choose("key", std::span(kNames).first(2), taking({3, 2, 1})), 1U);
  EXPECT_EQ(known(*open()), 1U);
}

TEST_F(TunerTest, AnotherDevicesFileIsPassedOver) {
  open()->choose("key", kNames, taking({3, 2, 1}));
  EXPECT_EQ(known(*open("another device")), std::nullopt);
  fs::copy_file(folder / ("helios-" + kDevice + ".json"), folder / "helios-renamed.json");
  EXPECT_EQ(known(*open("renamed")), std::nullopt);
}

TEST_F(TunerTest, ADamagedFileIsPassedOverAndReplaced) {
  open()->choose("key", kNames, taking({3, 2, 1}));
  const fs::path file = folder / ("helios-" + kDevice + ".json");
  const std::string whole = read_file(file);
  for (const std::string& damaged :
       {whole.substr(0, whole.size() / 2), std::string(), std::string("[]"), std::string("{}"),
        std::string("\0\xff", 2), "{\"format\": 2" + whole.substr(whole.find(',')),
        whole.substr(0, whole.find("\"c\"")) + "7}}"}) {
    write_file_atomic(file, damaged);
    EXPECT_EQ(open()->choose("key", kNames, taking({3, 2, 1})), 2U) << damaged;
    EXPECT_EQ(read_file(file), whole) << damaged;
  }
}

TEST_F(TunerTest, APipeInTheFilesPlaceIsNotWaitedFor) {
  fs::create_directories(folder);
  ASSERT_EQ(mkfifo((folder / ("helios-" + kDevice + ".json")).c_str(), 0600), 0);
  EXPECT_EQ(known(*open()), std::nullopt);
}

TEST_F(TunerTest, AFolderThatCannotBeWrittenChangesNothing) {
  write_file_atomic(folder, "a file");
  {
    const auto tuner = open();
    EXPECT_EQ(tuner->choose("key", kNames, taking({3, 2, 1})), 2U);
    EXPECT_EQ(tuner->choose("key", kNames, not_measured), 2U);
  }
  EXPECT_EQ(read_file(folder), "a file");
}

TEST_F(TunerTest, WithoutAFolderChoicesLastAsLongAsTheTuner) {
  Tuner tuner(true, {}, kDevice);
  EXPECT_EQ(tuner.choose("key", kNames, taking({3, 2, 1})), 2U);
  EXPECT_EQ(tuner.choose("key", kNames, not_measured), 2U);
  EXPECT_FALSE(fs::exists(folder));
}

TEST_F(TunerTest, OfTwoAtOnceTheLastOneIsKept) {
  auto one = open();
  auto other = open();
  one->choose("key", kNames, taking({3, 2, 1}));
  other->choose("key", kNames, taking({3, 1, 2}));
  other.reset();
  one.reset();
  EXPECT_EQ(known(*open()), 2U);
}

TEST_F(TunerTest, WhoAsksWhileAKeyIsMeasuredGetsTheFirst) {
  const auto tuner = open();
  std::size_t meanwhile = 7;
  const auto measure = [&](std::size_t i) {
    if (meanwhile == 7) {
      std::thread([&] { meanwhile = tuner->choose("key", kNames, not_measured); }).join();
    }
    return 3.0 - static_cast<double>(i);
  };
  EXPECT_EQ(tuner->choose("key", kNames, measure), 2U);
  EXPECT_EQ(meanwhile, 0U);
  EXPECT_EQ(tuner->choose("key", kNames, not_measured), 2U);
}

TEST_F(TunerTest, WithoutRoomToMeasureTheFirstIsTakenAndNothingIsKept) {
  const auto fails = [](std::size_t) -> double { fail(ErrorCode::out_of_memory, "no room"); };
  {
    const auto tuner = open();
    EXPECT_EQ(tuner->choose("key", kNames, fails), 0U);
    EXPECT_EQ(tuner->choose("key", kNames, not_measured), 0U);
  }
  EXPECT_EQ(known(*open()), std::nullopt);
}

TEST_F(TunerTest, ADeviceThatIsLostIsTold) {
  const auto fails = [](std::size_t) -> double { fail(ErrorCode::device_lost, "lost"); };
  const auto tuner = open();
  EXPECT_EQ(code_of([&] { tuner->choose("key", kNames, fails); }), ErrorCode::device_lost);
}

class TuningTest : public TunerTest {
 protected:
  void SetUp() override {
    if (!has_device()) GTEST_SKIP() << "no Vulkan device";
    TunerTest::SetUp();
  }
};

TEST_F(TuningTest, AStepHasTheSameBits) {
  const auto plain = train_a_step(*open_helios());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(train_a_step(*open_helios({.cache_folder = folder, .is_tuning = true})), plain) << i;
  }
}

TEST_F(TuningTest, ProductsHaveTheSameBitsWhateverIsChosen) {
  const auto product = [&](bool is_tuning) {
    const auto backend = open_helios({.is_tuning = is_tuning});
    const Tensor a = cast(*backend, tensor_of(*backend, ramp(1024 * 512)), DType::bf16);
    const Tensor b = cast(*backend, tensor_of(*backend, ramp(1024 * 512)), DType::bf16);
    const Tensor c =
        matmul(*backend, a.reshape({1024, 512}), b.reshape({1024, 512}), {.trans_b = true});
    return to_floats(*backend, c);
  };
  const std::vector<float> plain = product(false);
  EXPECT_TRUE(product(true) == plain);
}

/// Fills a tensor of zeros with `bits` up to element n.
struct Filling {
  std::uint32_t n;
  std::uint32_t bits;
};

/// The choice among fillings, of a backend that measures times.
std::size_t fastest_of(HeliosBackend& backend, const std::array<Filling, 2>& fillings) {
  const std::array<Tensor, 1> scratch = {empty(backend, {std::int64_t{1} << 21U})};
  const auto make = [&] {
    std::vector<KernelCall> calls;
    for (const Filling& one : fillings) {
      calls.push_back({.shader = &find_shader("fill.b32"),
                       .constants = {64},
                       .tensors = scratch,
                       .parameters = std::as_bytes(std::span(&one, 1)),
                       .groups_x = one.n / 64});
    }
    return calls;
  };
  return backend.fastest("fill", std::span(kNames).first(2), make);
}

TEST_F(TuningTest, OfDispatchesTheFastestIsChosen) {
  const auto backend = open_helios({.is_tuning = true});
  if (!backend->tuner().is_on()) GTEST_SKIP() << "a device without timestamps";
  EXPECT_EQ(fastest_of(*backend, {{{1U << 21U, 0}, {64, 0}}}), 1U);
}

TEST_F(TuningTest, OneThatGivesOtherBitsIsNotChosen) {
  const auto backend = open_helios({.is_tuning = true});
  EXPECT_EQ(fastest_of(*backend, {{{1U << 21U, 7}, {64, 7}}}), 0U);
}

TEST_F(TuningTest, WhatIsRecordedStaysAsItIs) {
  const auto backend = open_helios({.is_tuning = true});
  Tensor x = scale(*backend, tensor_of(*backend, ramp(1000)), 2);
  fastest_of(*backend, {{{1U << 21U, 7}, {64, 7}}});
  x = scale(*backend, x, 0.5);
  EXPECT_EQ(values_of(*backend, x), ramp(1000));
}

}  // namespace
}  // namespace alpha::helios::test
