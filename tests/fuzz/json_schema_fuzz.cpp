// Any bytes as a JSON schema: what compiles must only let texts be written that satisfy it.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/grammar/schema_validator.h"

#include "alpha/core/error.h"
#include "alpha/core/hash.h"
#include "alpha/core/json.h"
#include "alpha/grammar/grammar_matcher.h"
#include "alpha/tokenizers/bpe_tokenizer.h"

namespace {

using alpha::TokenId;

constexpr std::size_t kMaxSteps = 400;
constexpr std::size_t kPatience = 60;  // steps before the walk makes for the end

std::shared_ptr<const alpha::TokenTrie> trie() {
  static const auto kTrie = std::make_shared<const alpha::TokenTrie>(*alpha::BpeTokenizer::train(
      R"({"a": "b", "c": [1, 2.5, null, true]} {"a": "b"} [1, 2])", 270));
  return kTrie;
}

/// Text is shown with the message before the crash.
void require(bool condition, const char* what, std::string_view text) {
  if (condition) return;
  std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(text.size()), text.data());
  std::abort();
}

/// One step: any allowed token, or one that closes something.
TokenId choose(alpha::GrammarMatcher& matcher, std::mt19937_64& rng, std::size_t n_steps) {
  if (n_steps >= kPatience) {
    const std::string_view closing = matcher.is_allowed('~') ? "\"" : "]}\"";
    for (const char byte : closing) {
      const TokenId id = static_cast<unsigned char>(byte);
      if (matcher.is_allowed(id)) return id;
    }
  }
  std::vector<TokenId> tokens;
  const auto mask = matcher.allowed();
  for (std::size_t i = 0; i < mask.size() * 64; ++i) {
    if ((mask[i / 64] >> (i % 64) & 1U) != 0) tokens.push_back(static_cast<TokenId>(i));
  }
  require(!tokens.empty(), "no token may come next", "");
  return tokens[rng() % tokens.size()];
}

void walk(const std::shared_ptr<alpha::GrammarMasks>& masks,
          const alpha::SchemaValidator& validator, std::mt19937_64& rng) {
  alpha::GrammarMatcher matcher(masks);
  std::string text;
  for (std::size_t n = 0; n < kMaxSteps && !matcher.must_end(); ++n) {
    if (matcher.is_complete() && rng() % 3 == 0) break;
    const TokenId token = choose(matcher, rng, n);
    text += masks->trie().piece(token);
    matcher.accept(token);
  }
  if (!matcher.is_complete()) return;
  require(alpha::Json::accept(text), "not JSON", text);
  require(validator.is_valid(alpha::Json::parse(text)), "not valid", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::shared_ptr<alpha::GrammarMasks> masks;
  alpha::Json schema;
  try {
    schema = alpha::parse_json(bytes, "fuzz");
    masks = std::make_shared<alpha::GrammarMasks>(alpha::compile_json_schema(schema), trie());
  } catch (const alpha::Error&) {
    return 0;
  }
  const alpha::SchemaValidator validator(std::move(schema));
  std::mt19937_64 rng(alpha::xxh3(bytes));
  for (int i = 0; i < 4; ++i) walk(masks, validator, rng);
  return 0;
}
