#include "alpha/checkpoint/hf_tokenizer_import.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "alpha/checkpoint/hf_tokenizer_export.h"
#include "alpha/core/files.h"
#include "alpha/core/json.h"
#include "alpha/tokenizers/artifact.h"
#include "alpha/tokenizers/byte_level.h"
#include "alpha/tokenizers/special_tokens.h"

namespace alpha {

namespace fs = std::filesystem;

namespace {

// Objects sorted by key: one of 50,000 tokens is found at once, where Alpha's Json would search.
using SortedJson = nlohmann::json;

constexpr std::string_view kGpt2EndOfText = "<|endoftext|>";
constexpr const char* kCutWarning =
    "the tokenizer asks Unicode's tables for letters and digits; Alpha takes every letter, digit "
    "and sign beyond ASCII for a letter, and may cut such text otherwise";

/// What a tokenizer's files say, with tokens as they are written there.
struct Vocabulary {
  std::string where;  // of the tokens, for messages
  std::unordered_map<std::string, std::int64_t> ids;
  std::vector<std::pair<std::string, std::string>> merges;
  std::string warning;
};

SortedJson parse_sorted(const fs::path& path) {
  const std::string text = read_file(path);
  try {
    return SortedJson::parse(text);
  } catch (const SortedJson::exception&) {
    parse_json(text, path.string());  // for its message
    throw;
  }
}

const SortedJson& member(const SortedJson& object, const char* key, std::string_view where) {
  static const SortedJson kNull;
  if (!object.is_object()) fail(ErrorCode::corrupt, "{}: not an object", where);
  const auto it = object.find(key);
  return it == object.end() ? kNull : *it;
}

/// A value for a message, without its inside, which may be large and deep.
std::string shown(const SortedJson& value) {
  return value.is_primitive() ? shortened(value.dump()) : std::string(value.type_name());
}

void add_token(Vocabulary& vocabulary, const std::string& token, const SortedJson& id) {
  if (!id.is_number_unsigned() || id.get<std::uint64_t>() > 0x7fffffffU) {
    fail(ErrorCode::corrupt, "{}: the id of token '{}' is not a whole number of 31 bits",
         vocabulary.where, shortened(token));
  }
  const auto number = id.get<std::int64_t>();
  const auto [it, is_new] = vocabulary.ids.emplace(token, number);
  if (!is_new && it->second != number) {
    fail(ErrorCode::corrupt, "{}: token '{}' has the ids {} and {}", vocabulary.where,
         shortened(token), it->second, number);
  }
}

void add_tokens(Vocabulary& vocabulary, const SortedJson& tokens) {
  if (!tokens.is_object()) {
    fail(ErrorCode::corrupt, "{}: the vocabulary is not an object", vocabulary.where);
  }
  for (const auto& [token, id] : tokens.items()) add_token(vocabulary, token, id);
}

void add_added_tokens(Vocabulary& vocabulary, const SortedJson& added) {
  if (added.is_null()) return;
  if (!added.is_array()) {
    fail(ErrorCode::corrupt, "{}: field 'added_tokens' is not an array", vocabulary.where);
  }
  for (const SortedJson& token : added) {
    const SortedJson& content = member(token, "content", vocabulary.where + ": 'added_tokens'");
    if (!content.is_string()) {
      fail(ErrorCode::corrupt, "{}: an entry of 'added_tokens' has no text 'content'",
           vocabulary.where);
    }
    add_token(vocabulary, content.get<std::string>(), member(token, "id", vocabulary.where));
  }
}

void add_merge(Vocabulary& vocabulary, std::string_view line, std::string_view where) {
  const std::size_t space = line.find(' ');
  if (space == 0 || space == std::string_view::npos || space + 1 == line.size()) {
    fail(ErrorCode::corrupt, "{}: merge {} is '{}', expected two tokens and a space between them",
         where, vocabulary.merges.size(), shortened(line));
  }
  vocabulary.merges.emplace_back(line.substr(0, space), line.substr(space + 1));
}

void add_merges(Vocabulary& vocabulary, const SortedJson& merges) {
  const std::string where = vocabulary.where + ": field 'model.merges'";
  if (!merges.is_array()) fail(ErrorCode::corrupt, "{} is not an array", where);
  for (const SortedJson& merge : merges) {
    if (merge.is_string()) {
      add_merge(vocabulary, merge.get<std::string>(), where);
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
               merge[1].is_string()) {
      vocabulary.merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
    } else {
      fail(ErrorCode::corrupt, "{}: merge {} is no pair of texts", where, vocabulary.merges.size());
    }
  }
}

void check_model(const SortedJson& model, std::string_view where) {
  const SortedJson& type = member(model, "type", where);  // the oldest files have none
  if (!type.is_null() && type != "BPE") {
    fail(ErrorCode::unsupported, "{}: field 'model.type' is {}, expected \"BPE\"", where,
         shown(type));
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix", "ignore_merges"}) {
    const SortedJson& value = member(model, key, where);
    const bool is_empty = value.is_string() && value.get_ref<const std::string&>().empty();
    if (value.is_null() || is_empty || value == false) continue;
    fail(ErrorCode::unsupported, "{}: field 'model.{}' is {}, expected none", where, key,
         shown(value));
  }
}

/// The warning that goes with the rule by which the tokenizer cuts before merging.
std::string check_pre_tokenizer(const SortedJson& json, std::string_view where) {
  const SortedJson& normalizer = member(json, "normalizer", where);
  if (!normalizer.is_null()) {
    fail(ErrorCode::unsupported, "{}: field 'normalizer' is {}, expected null", where,
         shown(normalizer));
  }
  const SortedJson& rule = member(json, "pre_tokenizer", where);
  if (rule == SortedJson(hf_pre_tokenizer())) return {};
  const bool is_gpt2 = rule.is_object() && rule.value("type", SortedJson()) == "ByteLevel" &&
                       rule.value("add_prefix_space", SortedJson(true)) == false &&
                       rule.value("use_regex", SortedJson(true)) == true;
  if (is_gpt2) return kCutWarning;
  fail(ErrorCode::unsupported,
       "{}: field 'pre_tokenizer' is {}, expected GPT-2's: ByteLevel without add_prefix_space",
       where, shown(rule));
}

Vocabulary read_tokenizer_json(const fs::path& path) {
  const SortedJson json = parse_sorted(path);
  Vocabulary vocabulary{.where = path.string(), .ids = {}, .merges = {}, .warning = {}};
  const SortedJson& model = member(json, "model", vocabulary.where);
  if (!model.is_object()) {
    fail(ErrorCode::corrupt, "{}: field 'model' is not an object", vocabulary.where);
  }
  check_model(model, vocabulary.where);
  vocabulary.warning = check_pre_tokenizer(json, vocabulary.where);
  add_tokens(vocabulary, member(model, "vocab", vocabulary.where));
  add_added_tokens(vocabulary, member(json, "added_tokens", vocabulary.where));
  add_merges(vocabulary, member(model, "merges", vocabulary.where));
  return vocabulary;
}

Vocabulary read_vocab_and_merges(const fs::path& folder) {
  const fs::path vocab_path = folder / kHfVocabFile;
  const fs::path merges_path = folder / kHfMergesFile;
  Vocabulary vocabulary{
      .where = vocab_path.string(), .ids = {}, .merges = {}, .warning = kCutWarning};
  add_tokens(vocabulary, parse_sorted(vocab_path));
  const std::string text = read_file(merges_path);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = std::string_view(text).substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool is_version = at == 0 && line.starts_with("#version");
    if (!line.empty() && !is_version) add_merge(vocabulary, line, merges_path.string());
    at = end + 1;
  }
  return vocabulary;
}

/// Gives every token Alpha's id: bytes, special tokens, merges.
class Renumbering {
 public:
  explicit Renumbering(const Vocabulary& vocabulary) : from_(vocabulary) {
    check_old_ids();
    const std::size_t n_plain = BpeTokenizer::kNBytes + from_.merges.size();
    if (from_.ids.size() < n_plain) {
      fail(ErrorCode::corrupt, "{}: {} tokens, expected at least {}: 256 bytes and {} merges",
           from_.where, from_.ids.size(), n_plain, from_.merges.size());
    }
    n_specials_ = from_.ids.size() - n_plain;
    add_bytes();
    old_ids_.resize(BpeTokenizer::kNBytes + n_specials_);
    add_merges();
    add_specials();
  }

  ImportedTokenizer take() {
    Json artifact = {{"type", "bpe"},        {"vocabSize", old_ids_.size()},
                     {"byteLevel", true},    {"vocab", vocab()},
                     {"merges", merge_ids_}, {"specialTokens", specials_}};
    return {.tokenizer = BpeTokenizer::from_json(artifact, from_.where),
            .old_ids = std::move(old_ids_),
            .warning = from_.warning};
  }

 private:
  /// Every id from 0 up belongs to one token.
  void check_old_ids() const {
    std::vector<bool> is_used(from_.ids.size());
    for (const auto& [token, id] : from_.ids) {
      const auto index = static_cast<std::size_t>(id);
      if (index >= is_used.size() || is_used[index]) {
        fail(ErrorCode::corrupt, "{}: the id {} of token '{}' is used twice or leaves a gap before",
             from_.where, id, shortened(token));
      }
      is_used[index] = true;
    }
  }

  std::int64_t old_id(const std::string& token, std::string_view what) const {
    const auto it = from_.ids.find(token);
    if (it != from_.ids.end()) return it->second;
    fail(ErrorCode::corrupt, "{}: there is no token '{}', which {}", from_.where, shortened(token),
         what);
  }

  void add_bytes() {
    for (int byte = 0; byte < BpeTokenizer::kNBytes; ++byte) {
      const std::string token = bytes_to_printable(std::string(1, static_cast<char>(byte)));
      old_ids_.push_back(old_id(token, "stands for a byte"));
      new_ids_[token] = byte;
    }
  }

  TokenId part(const std::string& token, std::size_t merge) const {
    const auto it = new_ids_.find(token);
    if (it != new_ids_.end()) return it->second;
    fail(ErrorCode::corrupt, "{}: merge {} uses '{}', which is neither a byte nor an earlier merge",
         from_.where, merge, shortened(token));
  }

  void add_merges() {
    for (std::size_t i = 0; i < from_.merges.size(); ++i) {
      const auto& [left, right] = from_.merges[i];
      merge_ids_.emplace_back(part(left, i), part(right, i));
      const std::string merged = left + right;
      const auto id = static_cast<TokenId>(old_ids_.size());
      old_ids_.push_back(old_id(merged, fmt::format("merge {} makes", i)));
      if (!new_ids_.emplace(merged, id).second) {
        fail(ErrorCode::corrupt, "{}: merge {} makes '{}', as an earlier one does", from_.where, i,
             shortened(merged));
      }
    }
  }

  /// All that is left. Alpha's id follows from the token's place in the order of special tokens.
  void add_specials() {
    const bool is_renamed = !from_.ids.contains(std::string(kEndOfText));
    std::unordered_map<std::string, std::int64_t> old_id_of;
    for (const auto& [token, id] : from_.ids) {
      if (new_ids_.contains(token)) continue;
      const bool is_end = is_renamed && token == kGpt2EndOfText;
      const std::string name = is_end ? std::string(kEndOfText) : token;
      old_id_of[name] = id;
      specials_.push_back(name);
    }
    try {
      specials_ = in_special_token_order(std::move(specials_));
    } catch (const Error& error) {
      fail(ErrorCode::corrupt, "{}: {}", from_.where, error.what());
    }
    ALPHA_CHECK(specials_.size() == n_specials_, "special tokens are what is left");
    for (std::size_t i = 0; i < specials_.size(); ++i) {
      old_ids_[BpeTokenizer::kNBytes + i] = old_id_of[specials_[i]];
    }
  }

  /// The tokens as Alpha's artifact lists them.
  std::vector<std::string> vocab() const {
    std::vector<std::string> texts(old_ids_.size());
    for (const auto& [token, id] : new_ids_) texts[static_cast<std::size_t>(id)] = token;
    for (std::size_t i = 0; i < specials_.size(); ++i) {
      texts[BpeTokenizer::kNBytes + i] = bytes_to_printable(specials_[i]);
    }
    return texts;
  }

  const Vocabulary& from_;
  std::size_t n_specials_ = 0;
  std::vector<std::int64_t> old_ids_;
  std::unordered_map<std::string, TokenId> new_ids_;  // without special tokens
  std::vector<std::pair<TokenId, TokenId>> merge_ids_;
  std::vector<std::string> specials_;
};

}  // namespace

ImportedTokenizer read_hf_tokenizer(const fs::path& folder) {
  const fs::path path = folder / kHfTokenizerFile;
  const bool is_new_format = file_exists(path);
  if (!is_new_format && !file_exists(folder / kHfVocabFile)) {
    fail(ErrorCode::not_found, "'{}' has neither {} nor {}", folder.string(), kHfTokenizerFile,
         kHfVocabFile);
  }
  const Vocabulary vocabulary =
      is_new_format ? read_tokenizer_json(path) : read_vocab_and_merges(folder);
  return Renumbering(vocabulary).take();
}

}  // namespace alpha
