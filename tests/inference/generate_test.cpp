#include "alpha/inference/generate.h"

#include <gtest/gtest.h>

#include "alpha/backends/backends.h"
#include "alpha/tensor/create.h"
#include "alpha/tensor/ops/fill.h"
#include "alpha/tokenizers/tokenizer_factory.h"

namespace alpha {
namespace {

class Generate : public testing::Test {
 protected:
  Generate() {
    config.vocab_size = tokenizer->vocab_size();
    config.block_size = 16;
    config.n_layer = 2;
    config.n_embd = 16;
    config.n_head = 2;
    parameters = std::make_unique<Parameters>(*backend, gpt_parameters(config));
    initialize(*backend, config, *parameters, 1);
    weights = gpt_weights(config, *parameters);
  }

  Generator generator() const {
    return {.backend = *backend, .config = config, .weights = weights, .tokenizer = *tokenizer};
  }

  std::unique_ptr<Backend> backend = make_backend("cpu", 2);
  std::unique_ptr<Tokenizer> tokenizer = train_tokenizer("char", "abcdefgh \n");
  GptConfig config;
  std::unique_ptr<Parameters> parameters;
  GptWeights weights;
};

TEST_F(Generate, WritesTheAskedNumberOfTokensBeyondTheBlock) {
  const auto prompt = encode_prompt(*tokenizer, "abc");
  const GenerateResult result = generate(generator(), prompt, 50, {});
  EXPECT_EQ(result.tokens.size(), 50U);
  EXPECT_EQ(result.stop_reason, StopReason::length);
  EXPECT_EQ(result.n_prompt_tokens, 3);
}

TEST_F(Generate, GivesTheSameTokensForTheSameSeed) {
  const std::string a = generate_text(generator(), "abc", 30, {.seed = 4});
  EXPECT_EQ(generate_text(generator(), "abc", 30, {.seed = 4}), a);
  EXPECT_NE(generate_text(generator(), "abc", 30, {.seed = 5}), a);
  EXPECT_EQ(a.substr(0, 3), "abc");
}

TEST_F(Generate, ReadsAPromptLongerThanTheBlockFromItsEnd) {
  std::string prompt;
  for (int i = 0; i < 40; ++i) prompt += "abcdefgh"[i % 8];
  const auto tokens = encode_prompt(*tokenizer, prompt);
  const auto tail = std::span(tokens).last(8);
  const GenerateResult whole = generate(generator(), tokens, 1, {.temperature = 0});
  EXPECT_EQ(generate(generator(), tail, 1, {.temperature = 0}).tokens, whole.tokens);
}

TEST_F(Generate, StopsWhenItIsToldSo) {
  const auto prompt = encode_prompt(*tokenizer, "abc");
  int n = 0;
  const GenerateResult result =
      generate(generator(), prompt, 50, {}, [&](TokenId) { return ++n < 5; });
  EXPECT_EQ(result.tokens.size(), 5U);
  EXPECT_EQ(result.stop_reason, StopReason::cancelled);
}

TEST_F(Generate, RefusesAnEmptyPromptWithoutAStartToken) {
  EXPECT_THROW(encode_prompt(*tokenizer, ""), Error);
  EXPECT_THROW(encode_prompt(*tokenizer, "XYZ"), Error);
  EXPECT_THROW(generate(generator(), {}, 5, {}), Error);
}

TEST_F(Generate, StartsAnEmptyPromptFromTheStartToken) {
  const auto bpe = train_tokenizer("bpe", "some text", 300);
  EXPECT_EQ(encode_prompt(*bpe, ""), std::vector<TokenId>{*bpe->start_token()});
}

TEST_F(Generate, RefusesTokensOutsideTheVocabulary) {
  const std::vector<TokenId> bad = {0, 99};
  try {
    generate(generator(), bad, 5, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "token 1 is 99, expected 0 to 9");
  }
}

TEST_F(Generate, NamesWeightsThatAreDamaged) {
  fill(*backend, parameters->values(), std::numeric_limits<double>::quiet_NaN());
  const auto prompt = encode_prompt(*tokenizer, "abc");
  EXPECT_THROW(generate(generator(), prompt, 5, {}), Error);
}

}  // namespace
}  // namespace alpha
