#include "alpha/checkpoint/hf_tokenizer_export.h"

#include <string>
#include <vector>

#include "alpha/core/json.h"
#include "alpha/tokenizers/byte_level.h"

namespace alpha {

namespace {

// The classes of next_pre_token: letters are a-z, A-Z and all beyond ASCII that is not whitespace;
// others are what is left of ASCII.
constexpr const char* kPattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?(?:[a-zA-Z]|[^\x00-\x7F\s])+| ?[0-9]+)"
    R"(| ?[\x00-\x08\x0E-\x1F!-/:-@\[-`{-\x7F]+|\s+(?!\S)|\s+)";

/// The tokens as text, by id. Special tokens stand as they are, all others byte by byte.
std::vector<std::string> token_texts(const BpeTokenizer& tokenizer) {
  std::vector<std::string> texts;
  texts.reserve(static_cast<std::size_t>(tokenizer.vocab_size()));
  for (TokenId id = 0; id < tokenizer.vocab_size(); ++id) {
    texts.push_back(bytes_to_printable(tokenizer.piece(id)));
  }
  for (const std::string& special : tokenizer.special_tokens()) {
    texts[static_cast<std::size_t>(*tokenizer.special_token(special))] = special;
  }
  return texts;
}

Json make_model(const BpeTokenizer& tokenizer) {
  const std::vector<std::string> texts = token_texts(tokenizer);
  // Assigned by key, an ordered object would search all earlier keys each time.
  Json::object_t vocab;
  for (std::size_t id = 0; id < texts.size(); ++id) {
    static_cast<Json::object_t::Container&>(vocab).emplace_back(texts[id], id);
  }
  Json merges = Json::array();
  for (const BpeMerge& merge : tokenizer.merges()) {
    merges.push_back(texts[static_cast<std::size_t>(merge.left)] + " " +
                     texts[static_cast<std::size_t>(merge.right)]);
  }
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", nullptr},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", false},
          {"vocab", std::move(vocab)},
          {"merges", std::move(merges)}};
}

Json make_added_tokens(const BpeTokenizer& tokenizer) {
  Json added = Json::array();
  for (const std::string& special : tokenizer.special_tokens()) {
    added.push_back({{"id", *tokenizer.special_token(special)},
                     {"content", special},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  return added;
}

}  // namespace

Json hf_pre_tokenizer() {
  const Json split = {{"type", "Split"},
                      {"pattern", {{"Regex", kPattern}}},
                      {"behavior", "Isolated"},
                      {"invert", false}};
  const Json byte_level = {{"type", "ByteLevel"},
                           {"add_prefix_space", false},
                           {"trim_offsets", false},
                           {"use_regex", false}};
  return {{"type", "Sequence"}, {"pretokenizers", {split, byte_level}}};
}

Json to_hf_tokenizer(const BpeTokenizer& tokenizer) {
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", make_added_tokens(tokenizer)},
          {"normalizer", nullptr},
          {"pre_tokenizer", hf_pre_tokenizer()},
          {"post_processor", nullptr},
          {"decoder",
           {{"type", "ByteLevel"},
            {"add_prefix_space", false},
            {"trim_offsets", false},
            {"use_regex", false}}},
          {"model", make_model(tokenizer)}};
}

Json to_hf_tokenizer_config(const BpeTokenizer& tokenizer, std::int64_t block_size) {
  Json json = {{"tokenizer_class", "PreTrainedTokenizerFast"},
               {"model_max_length", block_size},
               {"clean_up_tokenization_spaces", false}};
  if (tokenizer.start_token()) {
    json["bos_token"] = kEndOfText;
    json["eos_token"] = kEndOfText;
  }
  return json;
}

}  // namespace alpha
