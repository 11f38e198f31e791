#include "alpha/inference/generate.h"

#include "tests/ops/backend_param.h"
#include <gtest/gtest.h>

#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/fill.h"
#include "alpha/tokenizers/tokenizer_factory.h"

namespace alpha {
namespace {

class Generate : public testing::TestWithParam<std::string_view> {
 protected:
  Generate() {
    config.vocab_size = tokenizer->vocab_size();
    config.block_size = 16;
    config.n_layer = 2;
    config.n_embd = 16;
    config.n_head = 2;
    parameters = std::make_unique<Parameters>(*backend, gpt_parameters(config));
    initialize(*backend, config, *parameters, 1);
  }

  Generator generator(std::int64_t max_samples = 1) const {
    return {*backend, pack_weights(*backend, config, tokenizer, *parameters), max_samples};
  }

  GenerateResult write(const std::vector<TokenId>& prompt, std::int64_t max_tokens,
                       const SamplingOptions& sampling = {}) const {
    Generator g = generator();
    return g.run(
        {.prompt = prompt, .max_tokens = max_tokens, .sampling = sampling, .is_sliding = true})[0];
  }

  std::string write_on(std::string_view prompt, std::uint64_t seed) const {
    Generator g = generator();
    return g.write_on(prompt, 30, {.seed = seed});
  }

  std::unique_ptr<Backend> backend = make_backend(GetParam(), 2);
  std::shared_ptr<const Tokenizer> tokenizer = train_tokenizer("char", "abcdefgh \n");
  GptConfig config;
  std::unique_ptr<Parameters> parameters;
};

TEST_P(Generate, WritesTheAskedNumberOfTokensBeyondTheBlock) {
  const auto prompt = encode_prompt(*tokenizer, "abc");
  const GenerateResult result = write(prompt, 50);
  EXPECT_EQ(result.tokens.size(), 50U);
  EXPECT_EQ(result.text, tokenizer->decode(result.tokens));
  EXPECT_EQ(result.stop_reason, StopReason::length);
  EXPECT_EQ(result.usage.n_prompt_tokens, 3);
}

TEST_P(Generate, GivesTheSameTokensForTheSameSeed) {
  const std::string a = write_on("abc", 4);
  EXPECT_EQ(write_on("abc", 4), a);
  EXPECT_NE(write_on("abc", 5), a);
  EXPECT_EQ(a.substr(0, 3), "abc");
}

TEST_P(Generate, ReadsAPromptLongerThanTheBlockFromItsEnd) {
  std::string prompt;
  for (int i = 0; i < 40; ++i) prompt += "abcdefgh"[i % 8];
  const auto tokens = encode_prompt(*tokenizer, prompt);
  const std::vector<TokenId> tail(tokens.end() - 8, tokens.end());
  const GenerateResult whole = write(tokens, 1, {.temperature = 0});
  EXPECT_EQ(write(tail, 1, {.temperature = 0}).tokens, whole.tokens);
}

TEST_P(Generate, StopsWhenItIsToldSo) {
  const auto prompt = encode_prompt(*tokenizer, "abc");
  int n = 0;
  Generator g = generator();
  const auto results =
      g.run({.prompt = prompt, .max_tokens = 50}, [&](const TokenEvent&) { return ++n < 5; });
  EXPECT_EQ(results[0].tokens.size(), 5U);
  EXPECT_EQ(results[0].stop_reason, StopReason::cancelled);
}

TEST_P(Generate, WritesSeveralSamplesAsIfEachWereAlone) {
  const auto prompt = encode_prompt(*tokenizer, "abc");
  Generator g = generator(3);
  const auto results = g.run({.prompt = prompt, .max_tokens = 12, .n = 3});
  ASSERT_EQ(results.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(results[i].tokens, write(prompt, 12, {.sample_index = i}).tokens);
  }
  EXPECT_NE(results[0].tokens, results[1].tokens);
}

TEST_P(Generate, RefusesAnEmptyPromptWithoutAStartToken) {
  EXPECT_THROW(encode_prompt(*tokenizer, ""), Error);
  EXPECT_THROW(encode_prompt(*tokenizer, "XYZ"), Error);
  EXPECT_THROW(write({}, 5), Error);
}

TEST_P(Generate, StartsAnEmptyPromptFromTheStartToken) {
  const auto bpe = train_tokenizer("bpe", "some text", 300);
  EXPECT_EQ(encode_prompt(*bpe, ""), std::vector<TokenId>{*bpe->start_token()});
}

TEST_P(Generate, RefusesTokensOutsideTheVocabulary) {
  const std::vector<TokenId> bad = {0, 99};
  try {
    write(bad, 5);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("99, expected 0 to 9"), std::string::npos)
        << error.what();
  }
}

TEST_P(Generate, NamesWeightsThatAreDamaged) {
  fill(*backend, parameters->values(), std::numeric_limits<double>::quiet_NaN());
  const auto prompt = encode_prompt(*tokenizer, "abc");
  EXPECT_THROW(write(prompt, 5), Error);
}

INSTANTIATE_TEST_SUITE_P(Backends, Generate, test::each_backend(), test::backend_test_name);

}  // namespace
}  // namespace alpha
