#include "alpha/inference/gpt_runner.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/ops/backend_param.h"
#include <gtest/gtest.h>

#include "alpha/autograd/ops.h"
#include "alpha/tensor/create.h"
#include "alpha/tokenizers/tokenizer_factory.h"

namespace alpha {
namespace {

constexpr std::int64_t kBlock = 40;

GptConfig small(std::string_view preset) {
  GptConfig config = gpt_preset(preset);
  config.vocab_size = 37;
  config.block_size = kBlock;
  config.n_layer = 2;
  config.n_embd = 48;
  config.n_head = 3;
  return config;
}

/// Every option that changes the function that the model computes.
std::vector<GptConfig> variants() {
  std::vector<GptConfig> result = {small("alpha"), small("gpt2"), small("nanogpt")};
  using enum FfnActivation;
  for (const FfnActivation activation : {relu, silu, swiglu}) {
    result.push_back(small("gpt2"));
    result.back().activation = activation;
  }
  result.push_back(small("alpha"));
  result.back().norm = Norm::rms_norm;
  result.back().is_tied = true;
  return result;
}

std::vector<TokenId> some_tokens(std::int64_t n, int seed = 3) {
  SeededRng rng(seed);
  std::vector<TokenId> ids(static_cast<std::size_t>(n));
  for (TokenId& id : ids) id = static_cast<TokenId>(rng.next() * 37);
  return ids;
}

/// Parameters large enough for the non-linear parts to matter.
Parameters trained(Backend& backend, const GptConfig& config) {
  Parameters parameters(backend, gpt_parameters(config));
  SeededRng rng(5);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Tensor value = parameters.value(i);
    std::vector<float> numbers(static_cast<std::size_t>(value.numel()));
    const bool is_scale = parameters.specs()[i].name.ends_with("weight");
    for (float& x : numbers) x = static_cast<float>((is_scale ? 1 : 0) + 0.2 * rng.next_gauss());
    backend.upload(numbers.data(), value);
  }
  return parameters;
}

std::vector<BlockId> blocks_from(BlockId first, std::int64_t n_positions) {
  std::vector<BlockId> blocks;
  for (std::int64_t i = 0; i < kv_blocks_for(n_positions); ++i) {
    blocks.push_back(first + static_cast<BlockId>(i));
  }
  return blocks;
}

std::vector<float> to_vector(std::span<const float> row) {
  return {row.begin(), row.end()};
}

/// The logits after each of `tokens`, computed `chunk` tokens at a time from block `first` on.
std::vector<float> logits_in_chunks(GptRunner& runner, std::span<const TokenId> tokens,
                                    std::int64_t chunk, BlockId first = 0) {
  const auto blocks = blocks_from(first, static_cast<std::int64_t>(tokens.size()));
  std::vector<float> all;
  for (std::size_t past = 0; past < tokens.size(); past += static_cast<std::size_t>(chunk)) {
    const auto n = std::min(static_cast<std::size_t>(chunk), tokens.size() - past);
    const StepSlice slice{.tokens = tokens.subspan(past, n),
                          .past = static_cast<std::int64_t>(past),
                          .blocks = blocks,
                          .logits = LogitRows::all};
    runner.step({&slice, 1});
    for (std::size_t row = 0; row < n; ++row) {
      const auto logits = runner.logits(0, static_cast<std::int64_t>(row));
      all.insert(all.end(), logits.begin(), logits.end());
    }
  }
  return all;
}

std::vector<float> training_logits(Backend& backend, const GptConfig& config,
                                   const GptWeights& weights, std::span<const TokenId> tokens) {
  Tape tape(backend, false);
  const Tensor ids = from_values(backend, {1, static_cast<std::int64_t>(tokens.size())}, tokens);
  return to_floats(backend, gpt_forward(tape, config, weights, ids).data());
}

class Runner : public testing::TestWithParam<std::string_view> {
 protected:
  std::unique_ptr<Backend> backend_ = make_backend(GetParam(), 2);
};

TEST_P(Runner, PrefillAndDecodeGiveTheTrainingForward) {
  for (const GptConfig& config : variants()) {
    const Parameters parameters = trained(*backend_, config);
    GptRunner runner(*backend_, pack_weights(*backend_, config, nullptr, parameters));
    const auto tokens = some_tokens(kBlock);
    const auto whole = training_logits(*backend_, config, gpt_weights(config, parameters), tokens);
    for (const std::int64_t chunk : {std::int64_t{1}, std::int64_t{2}, kBlock}) {
      const auto got = logits_in_chunks(runner, tokens, chunk);
      ASSERT_EQ(got.size(), whole.size());
      for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], whole[i], 1e-4F) << i;
    }
  }
}

TEST_P(Runner, ChunksNeighboursAndBlocksChangeNoBit) {
  for (const std::string_view name : weight_format_names()) {
    const GptConfig config = small("gpt2");
    const Parameters parameters = trained(*backend_, config);
    GptRunner runner(
        *backend_, pack_weights(*backend_, config, nullptr, parameters, parse_weight_format(name)),
        {.n_blocks = 40});
    const auto tokens = some_tokens(kBlock);
    const auto alone = logits_in_chunks(runner, tokens, kBlock);
    for (const std::int64_t chunk : {1, 3, 7, 16, 25}) {
      EXPECT_EQ(logits_in_chunks(runner, tokens, chunk, 5), alone) << name << " " << chunk;
    }
    // Beside others: three sequences of other lengths in the same step, before and behind it.
    std::vector<std::vector<TokenId>> others = {some_tokens(7, 8), some_tokens(39, 9),
                                                some_tokens(1, 10)};
    std::vector<std::vector<BlockId>> tables = {blocks_from(10, 7), blocks_from(20, 39),
                                                blocks_from(30, 1)};
    const auto blocks = blocks_from(36, kBlock);
    const std::vector<StepSlice> slices = {
        {.tokens = others[0], .past = 0, .blocks = tables[0]},
        {.tokens = tokens, .past = 0, .blocks = blocks, .logits = LogitRows::all},
        {.tokens = others[1], .past = 0, .blocks = tables[1], .logits = LogitRows::none},
        {.tokens = others[2], .past = 0, .blocks = tables[2]}};
    runner.step(slices);
    for (std::int64_t row = 0; row < kBlock; ++row) {
      const auto got = to_vector(runner.logits(1, row));
      ASSERT_TRUE(std::equal(got.begin(), got.end(), alone.begin() + row * 37)) << name << row;
    }
  }
}

TEST_P(Runner, NothingBehindAPositionIsEverRead) {
  const GptConfig config = small("alpha");
  const Parameters parameters = trained(*backend_, config);
  const auto weights = pack_weights(*backend_, config, nullptr, parameters);
  const auto tokens = some_tokens(kBlock);
  GptRunner fresh(*backend_, weights);
  const auto expected = logits_in_chunks(fresh, tokens, 5);
  GptRunner used(*backend_, weights);
  used.poison();
  EXPECT_EQ(logits_in_chunks(used, tokens, 5), expected);
}

TEST_P(Runner, ACopiedBlockContinuesAlike) {
  const GptConfig config = small("gpt2");
  const Parameters parameters = trained(*backend_, config);
  GptRunner runner(*backend_, pack_weights(*backend_, config, nullptr, parameters),
                   {.n_blocks = 8});
  const auto tokens = some_tokens(20);
  const std::vector<BlockId> blocks = {0, 1};
  const std::vector<BlockId> copied = {0, 7};
  const StepSlice prompt{.tokens = std::span(tokens).first(19), .past = 0, .blocks = blocks};
  runner.step({&prompt, 1});
  runner.copy_block(1, 7);
  const StepSlice next{.tokens = std::span(tokens).last(1), .past = 19, .blocks = blocks};
  runner.step({&next, 1});
  const auto expected = to_vector(runner.logits(0));
  const StepSlice again{.tokens = std::span(tokens).last(1), .past = 19, .blocks = copied};
  runner.step({&again, 1});
  EXPECT_EQ(to_vector(runner.logits(0)), expected);
}

TEST_P(Runner, HiddenStatesAreWhatTheLogitsAreMadeOf) {
  const GptConfig config = small("gpt2");
  const Parameters parameters = trained(*backend_, config);
  GptRunner runner(*backend_, pack_weights(*backend_, config, nullptr, parameters));
  const auto tokens = some_tokens(9);
  const auto blocks = blocks_from(0, 9);
  const auto head = to_floats(*backend_, parameters.value(parameters.index("wte")));
  const StepSlice slice{
      .tokens = tokens, .blocks = blocks, .logits = LogitRows::all, .is_hidden_wanted = true};
  runner.step({&slice, 1});
  for (std::int64_t row = 0; row < 9; ++row) {
    const auto hidden = runner.hidden(0, row);
    ASSERT_EQ(std::ssize(hidden), config.n_embd);
    for (std::size_t v = 0; v < 37; ++v) {
      double logit = 0;
      for (std::size_t c = 0; c < hidden.size(); ++c) {
        logit += static_cast<double>(hidden[c]) * head[v * hidden.size() + c];
      }
      ASSERT_NEAR(runner.logits(0, row)[v], logit, 1e-4) << row << " " << v;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, Runner, test::each_backend(), test::backend_test_name);

TEST(RunnerThreads, ChangeNoBit) {
  const GptConfig config = small("gpt2");
  for (const std::string_view name : weight_format_names()) {
    std::vector<float> first;
    for (const int n_threads : {1, 2, 5}) {
      const auto backend = make_backend("cpu", n_threads);
      const Parameters parameters = trained(*backend, config);
      GptRunner runner(
          *backend, pack_weights(*backend, config, nullptr, parameters, parse_weight_format(name)));
      const auto got = logits_in_chunks(runner, some_tokens(kBlock), 9);
      if (first.empty()) first = got;
      EXPECT_EQ(got, first) << name << " with " << n_threads << " threads";
    }
  }
}

TEST(RunnerFormats, RoundedWeightsStayCloseToThePlainOnes) {
  const auto backend = make_backend("cpu", 2);
  const GptConfig config = small("gpt2");
  const Parameters parameters = trained(*backend, config);
  const auto tokens = some_tokens(kBlock);
  const auto off_by = [&](WeightFormat format) {
    GptRunner plain(*backend, pack_weights(*backend, config, nullptr, parameters));
    GptRunner rounded(*backend, pack_weights(*backend, config, nullptr, parameters, format));
    const auto a = logits_in_chunks(plain, tokens, kBlock);
    const auto b = logits_in_chunks(rounded, tokens, kBlock);
    double error = 0;
    double size = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      error += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
      size += std::pow(static_cast<double>(a[i]), 2);
    }
    return std::sqrt(error / size);
  };
  EXPECT_LT(off_by(WeightFormat::bf16), 0.01);
  EXPECT_LT(off_by(WeightFormat::int8), 0.03);
  EXPECT_LT(off_by(WeightFormat::int4), 0.45);
  EXPECT_GT(off_by(WeightFormat::int4), off_by(WeightFormat::int8));
}

TEST(RunnerErrors, SayTheNumbers) {
  const auto backend = make_backend("cpu", 1);
  const GptConfig config = small("alpha");
  const Parameters parameters = trained(*backend, config);
  GptRunner runner(*backend, pack_weights(*backend, config, nullptr, parameters),
                   {.n_blocks = 3, .max_step_rows = 30});
  const std::vector<BlockId> blocks = {0, 1, 2};
  const std::vector<BlockId> missing = {0, 3, 1};
  const auto tokens = some_tokens(kBlock);
  const std::vector<TokenId> unknown = {1, 37};
  const auto message = [&](const StepSlice& slice) -> std::string {
    try {
      runner.step({&slice, 1});
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const auto expect = [&](const StepSlice& slice, std::string_view part) {
    EXPECT_NE(message(slice).find(part), std::string::npos) << message(slice);
  };
  expect({.tokens = {}, .past = 0, .blocks = blocks}, "0 tokens");
  expect({.tokens = unknown, .past = 0, .blocks = blocks}, "37, expected 0 to 36");
  expect({.tokens = std::span(tokens).first(2), .past = 39, .blocks = blocks},
         "positions 39 to 40, expected 0 to 39");
  expect({.tokens = std::span(tokens).first(2), .past = -1, .blocks = blocks}, "positions -1");
  expect({.tokens = std::span(tokens).first(20), .past = 0, .blocks = std::span(blocks).first(1)},
         "1 KV blocks, expected 2");
  expect({.tokens = std::span(tokens).first(20), .past = 0, .blocks = missing}, "KV block 3");
  expect({.tokens = std::span(tokens).first(31), .past = 0, .blocks = blocks},
         "31 rows, expected at most 30");
  EXPECT_THROW(runner.step({}), Error);
}

}  // namespace
}  // namespace alpha
