#include <gtest/gtest.h>

#include "alpha/backends/backends.h"
#include "alpha/core/json.h"
#include "alpha/grammar/grammar.h"
#include "alpha/inference/generate.h"
#include "alpha/tokenizers/tokenizer_factory.h"

namespace alpha {
namespace {

/// A model that knows nothing, so that what it writes has no form but that of the grammar.
class Structured : public testing::Test {
 protected:
  Structured() {
    config.vocab_size = tokenizer->vocab_size();
    config.block_size = 256;
    config.n_layer = 1;
    config.n_embd = 32;
    config.n_head = 2;
    parameters = std::make_unique<Parameters>(*backend, gpt_parameters(config));
    initialize(*backend, config, *parameters, 1);
  }

  std::shared_ptr<GrammarMasks> masks(const char* schema) const {
    return std::make_shared<GrammarMasks>(compile_json_schema(parse_json(schema, "schema")),
                                          std::make_shared<const TokenTrie>(*tokenizer));
  }

  GenerateResult write(std::shared_ptr<GrammarMasks> grammar, std::uint64_t seed,
                       std::int64_t max_tokens = 200) {
    Generator generator(*backend, pack_weights(*backend, config, tokenizer, *parameters));
    return generator.run({.prompt = {1, 2, 3},
                          .max_tokens = max_tokens,
                          .sampling = {.top_k = 0, .seed = seed},
                          .grammar = std::move(grammar)})[0];
  }

  std::unique_ptr<Backend> backend = make_backend("cpu", 2);
  std::shared_ptr<const Tokenizer> tokenizer =
      train_tokenizer("bpe", R"({"name": "a cat", "legs": 4} {"name": "a bird", "legs": 2})", 300);
  GptConfig config;
  std::unique_ptr<Parameters> parameters;
};

TEST_F(Structured, EveryTextThatEndsByItselfFitsTheSchema) {
  const auto grammar = masks(R"({"type": "object", "required": ["name", "legs"],
    "properties": {"name": {"type": "string", "maxLength": 8}, "legs": {"enum": [2, 4, 6]}}})");
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const GenerateResult result = write(grammar, seed);
    ASSERT_NE(result.stop_reason, StopReason::length) << result.text;
    const Json value = parse_json(result.text, "answer");
    EXPECT_EQ(value.size(), 2U);
    EXPECT_LE(value.at("name").get<std::string>().size(), 8U * 4);
    EXPECT_TRUE(value.at("legs") == 2 || value.at("legs") == 4 || value.at("legs") == 6);
  }
}

TEST_F(Structured, EndsWhereNothingMayFollow) {
  const GenerateResult result = write(masks(R"({"const": [true]})"), 1);
  EXPECT_EQ(result.text, "[true]");
  EXPECT_EQ(result.stop_reason, StopReason::complete);
}

TEST_F(Structured, SaysThatATextIsCutShort) {
  const GenerateResult result = write(masks(R"({"const": "a long text without an end"})"), 1, 3);
  EXPECT_EQ(result.stop_reason, StopReason::length);
}

TEST_F(Structured, ATextThatMayEndCanEndOrGoOn) {
  const auto grammar = masks(R"({"type": "integer"})");
  bool has_ended = false;
  bool has_gone_on = false;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const GenerateResult result = write(grammar, seed);
    has_ended |= result.stop_reason == StopReason::end_of_text;
    has_gone_on |= result.text.size() > 1;
    EXPECT_TRUE(parse_json(result.text, "answer").is_number_integer()) << result.text;
  }
  EXPECT_TRUE(has_ended);
  EXPECT_TRUE(has_gone_on);
}

TEST_F(Structured, BansThatLeaveNothingEndTheSampleWithASentence) {
  Generator generator(*backend, pack_weights(*backend, config, tokenizer, *parameters));
  GenerateRequest request{.prompt = {1}, .grammar = masks(R"({"type": "object"})")};
  for (TokenId id = 0; id < tokenizer->vocab_size(); ++id) {
    if (tokenizer->piece(id).starts_with('{')) request.sampling.banned.push_back(id);
  }
  try {
    generator.run(request);
    FAIL() << "a text without a brace";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "no token can be drawn: those that the grammar allows are banned");
  }
}

}  // namespace
}  // namespace alpha
