#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "alpha/core/error.h"
#include "alpha/core/files.h"
#include "alpha/core/json.h"
#include "alpha/tokenizers/byte_level.h"
#include "alpha/tokenizers/tokenizer.h"
#include "alpha/tokenizers/tokenizer_factory.h"

namespace alpha {
namespace {

constexpr std::string_view kText = "the cat's hat\nthe rat \u65e5\u672c \u65e5\u672c 42 42\n";

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name =
        (std::filesystem::temp_directory_path() / "alpha-tokenizers-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }

  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  ~TemporaryFolder() { std::filesystem::remove_all(path_); }

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

Json artifact_of(std::string_view name) {
  return train_tokenizer(name, kText)->to_json();
}

// Expects that reading `artifact` fails as corrupt, with exactly this message.
void expect_corrupt(const Json& artifact, const std::string& message) {
  try {
    tokenizer_from_json(artifact, "t.json");
    ADD_FAILURE() << "no error; expected: " << message;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corrupt);
    EXPECT_EQ(error.what(), message);
  }
}

class SavedTokenizer : public testing::TestWithParam<const char*> {};

TEST_P(SavedTokenizer, ComesBackWithTheSameFingerprintAndTheSameTokens) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "tokenizer.json";
  const auto tokenizer = train_tokenizer(GetParam(), kText);
  save_tokenizer(path, *tokenizer);
  const auto loaded = load_tokenizer(path);
  EXPECT_EQ(loaded->type(), tokenizer->type());
  EXPECT_EQ(loaded->fingerprint(), tokenizer->fingerprint());
  EXPECT_EQ(loaded->to_json(), tokenizer->to_json());
  EXPECT_EQ(loaded->start_token(), tokenizer->start_token());
  EXPECT_EQ(loaded->encode(kText), tokenizer->encode(kText));
}

INSTANTIATE_TEST_SUITE_P(Names, SavedTokenizer, testing::Values("char", "word", "bpe", "bpe-chat"),
                         [](const auto& name) {
                           std::string text = name.param;
                           std::erase(text, '-');
                           return text;
                         });

TEST(TokenizerArtifact, IsIndentedByTwoSpaces) {
  const TemporaryFolder folder;
  save_tokenizer(folder.path() / "t.json", *train_tokenizer("char", "ab"));
  EXPECT_EQ(read_file(folder.path() / "t.json"),
            "{\n  \"type\": \"char\",\n  \"vocabSize\": 2,\n  \"vocab\": [\n    \"a\",\n    "
            "\"b\"\n  ]\n}\n");
}

TEST(TokenizerArtifact, WritesBytesAsGpt2Does) {
  EXPECT_EQ(bytes_to_printable(std::string_view("\0 \n!~\x7F\xAD\xFF", 8)),
            "\u0100\u0120\u010A!~\u0121\u0143\u00FF");
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  EXPECT_EQ(printable_to_bytes(bytes_to_printable(all)), all);
  EXPECT_EQ(printable_to_bytes(" "), std::nullopt) << "a space stands for no byte";
  EXPECT_EQ(printable_to_bytes("\u0144"), std::nullopt);
  EXPECT_EQ(printable_to_bytes("\xFF"), std::nullopt);
}

TEST(TokenizerArtifact, OfBpeHoldsBytesThenSpecialTokensThenMerges) {
  const Json artifact = train_tokenizer("bpe-chat", "ab ab", 300)->to_json();
  EXPECT_EQ(artifact["byteLevel"], true);
  EXPECT_EQ(artifact["vocabSize"], 260);
  EXPECT_EQ(artifact["vocab"][32], "\u0120");
  EXPECT_EQ(artifact["vocab"][256], "<|end_of_text|>");
  EXPECT_EQ(artifact["vocab"][257], "<|assistant|>");
  EXPECT_EQ(artifact["vocab"][258], "<|user|>");
  EXPECT_EQ(artifact["vocab"][259], "ab");
  EXPECT_EQ(artifact["merges"].dump(), "[[97,98]]");
}

TEST(TokenizerArtifact, IsRefusedWhenACommonFieldIsWrong) {
  const Json good = artifact_of("char");
  const auto changed = [&](const char* key, Json value) {
    Json artifact = good;
    artifact[key] = std::move(value);
    return artifact;
  };
  const auto without = [&](const char* key) {
    Json artifact = good;
    artifact.erase(key);
    return artifact;
  };
  expect_corrupt(Json::array(), "t.json: not a tokenizer: got a JSON array, expected an object");
  expect_corrupt(without("type"), "t.json: field 'type' is missing");
  expect_corrupt(changed("type", 3),
                 "t.json: field 'type' has the wrong type or is out of range: 3");
  expect_corrupt(changed("type", "sentence"),
                 "t.json: field 'type' is 'sentence', expected char, word or bpe");
  expect_corrupt(without("vocabSize"), "t.json: field 'vocabSize' is missing");
  expect_corrupt(without("vocab"), "t.json: field 'vocab' is missing");
  expect_corrupt(changed("vocab", "abc"),
                 "t.json: field 'vocab' has the wrong type: got string, expected array");
  for (const Json& size : {Json(99), Json(-1), Json("5"), Json(2.5)}) {
    expect_corrupt(changed("vocabSize", size),
                   fmt::format("t.json: field 'vocabSize' is {}, but 'vocab' has {} entries",
                               size.dump(), good["vocab"].size()));
  }
}

TEST(TokenizerArtifact, IsRefusedWhenAVocabularyEntryIsWrong) {
  const auto with_vocab = [](const char* type, const Json& vocab) {
    Json artifact;
    artifact["type"] = type;
    artifact["vocabSize"] = vocab.size();
    artifact["vocab"] = vocab;
    return artifact;
  };
  expect_corrupt(with_vocab("char", Json::array()), "t.json: field 'vocab' is empty");
  expect_corrupt(with_vocab("char", {"a", 7}),
                 "t.json: field 'vocab[1]' has the wrong type: got number, expected string");
  expect_corrupt(with_vocab("char", {"a", ""}), "t.json: field 'vocab[1]' is an empty string");
  expect_corrupt(with_vocab("char", {"a", "b", "a"}),
                 "t.json: field 'vocab[2]' repeats 'vocab[0]': 'a'");
  expect_corrupt(with_vocab("char", {"a", "bc"}),
                 "t.json: field 'vocab[1]' is 'bc', expected one character");
  expect_corrupt(with_vocab("char", {"\xFF", "a"}),
                 "t.json: field 'vocab[0]' is '\uFFFD', expected one character");
  expect_corrupt(with_vocab("word", {"a", "b c"}),
                 "t.json: field 'vocab[1]' is 'b c', expected a word without whitespace");
}

TEST(TokenizerArtifact, OfBpeIsRefusedWhenAMergeIsWrong) {
  const Json good = train_tokenizer("bpe", "ab ab")->to_json();
  ASSERT_EQ(good["merges"].dump(), "[[97,98]]");
  const auto with_merges = [&](const char* merges) {
    Json artifact = good;
    artifact["merges"] = Json::parse(merges);
    return artifact;
  };
  for (const char* pair : {"[97]", "[97,-1]", "[97,\"b\"]", "[97,4294967296]", "3"}) {
    expect_corrupt(with_merges(fmt::format("[{}]", pair).c_str()),
                   fmt::format("t.json: field 'merges[0]' is {}, expected two token ids", pair));
  }
  for (const int id : {256, 257, 900}) {
    expect_corrupt(
        with_merges(fmt::format("[[97,{}]]", id).c_str()),
        fmt::format(
            "t.json: field 'merges[0]' uses id {}, expected a byte or an earlier merge below 257",
            id));
  }
  expect_corrupt(with_merges("[[97,98],[97,98]]"),
                 "t.json: field 'merges[1]' repeats the pair [97, 98]");
  expect_corrupt(with_merges("[[98,97]]"), "t.json: field 'vocab[257]' is 'ab', expected 'ba'");
  expect_corrupt(
      with_merges("[]"),
      "t.json: field 'vocab' has 258 entries, expected 257 (256 bytes, 1 special tokens, "
      "0 merges)");
}

TEST(TokenizerArtifact, OfBpeIsRefusedWhenASpecialTokenIsWrong) {
  const Json good = train_tokenizer("bpe", "ab ab")->to_json();
  const auto with_specials = [&](Json specials) {
    Json artifact = good;
    artifact["specialTokens"] = std::move(specials);
    return artifact;
  };
  expect_corrupt(with_specials({"<|other|>"}),
                 "t.json: field 'vocab[256]' is '<|end_of_text|>', expected '<|other|>'");
  expect_corrupt(with_specials({"<|end_of_text|>", "<|end_of_text|>"}),
                 "t.json: field 'specialTokens' has 2 entries, but only 1 differ");
  expect_corrupt(with_specials({"x"}),
                 "t.json: field 'specialTokens': [special tokens] 'x' cannot be one: got 1 bytes, "
                 "expected UTF-8 of 2 or more");
  expect_corrupt(with_specials("x"),
                 "t.json: field 'specialTokens' has the wrong type: got string, expected array");
}

TEST(TokenizerArtifact, WithEverDoublingMergesIsRefusedWithoutUsingMemory) {
  Json artifact = train_tokenizer("bpe", "")->to_json();
  artifact["merges"].push_back({0, 0});
  artifact["vocab"].push_back("\u0100\u0100");
  for (int id = 257; id < 300; ++id) {
    artifact["merges"].push_back({id, id});
    artifact["vocab"].push_back(fmt::format("x{}", id));
  }
  artifact["vocabSize"] = artifact["vocab"].size();
  expect_corrupt(artifact,
                 "t.json: field 'vocab[258]' is 'x257', expected '\u0100\u0100\u0100\u0100'");
}

TEST(TokenizerArtifact, OfTheOriginalsCharacterBpeIsUnsupported) {
  const Json artifact =
      Json::parse(R"({"type":"bpe","vocabSize":2,"vocab":["a","aa"],"merges":[[0,0]]})");
  try {
    tokenizer_from_json(artifact, "t.json");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_NE(std::string(error.what()).find("field 'byteLevel' is not true"), std::string::npos);
  }
}

}  // namespace
}  // namespace alpha
