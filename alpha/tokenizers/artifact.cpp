#include "alpha/tokenizers/artifact.h"

#include <limits>
#include <unordered_map>

#include "alpha/core/error.h"
#include "alpha/core/json.h"
#include "alpha/tokenizers/utf8.h"

namespace alpha {
namespace {

const Json& array_field(const Json& artifact, const char* key, std::string_view where) {
  const auto it = artifact.find(key);
  if (it == artifact.end()) fail(ErrorCode::corrupt, "{}: field '{}' is missing", where, key);
  if (!it->is_array()) {
    fail(ErrorCode::corrupt, "{}: field '{}' has the wrong type: got {}, expected array", where,
         key, it->type_name());
  }
  return *it;
}

std::vector<std::string> string_array(const Json& artifact, const char* key,
                                      std::string_view where) {
  const Json& array = array_field(artifact, key, where);
  std::vector<std::string> strings;
  strings.reserve(array.size());
  for (const Json& entry : array) {
    if (!entry.is_string()) {
      fail(ErrorCode::corrupt, "{}: field '{}[{}]' has the wrong type: got {}, expected string",
           where, key, strings.size(), entry.type_name());
    }
    strings.push_back(entry.get<std::string>());
  }
  return strings;
}

std::string shortened_json(const Json& value) {
  return shortened(value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

bool is_id(const Json& value) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int32_t>::max();
  if (value.is_number_unsigned()) return value.get<std::uint64_t>() <= std::uint64_t{kMax};
  if (!value.is_number_integer()) return false;
  return value.get<std::int64_t>() >= 0 && value.get<std::int64_t>() <= kMax;
}

}  // namespace

std::vector<std::string> read_vocab(const Json& artifact, std::string_view where) {
  const auto size = artifact.find("vocabSize");
  if (size == artifact.end()) fail(ErrorCode::corrupt, "{}: field 'vocabSize' is missing", where);
  std::vector<std::string> vocab = string_array(artifact, "vocab", where);
  if (!is_id(*size) || size->get<std::uint64_t>() != vocab.size()) {
    fail(ErrorCode::corrupt, "{}: field 'vocabSize' is {}, but 'vocab' has {} entries", where,
         shortened_json(*size), vocab.size());
  }
  if (vocab.empty()) fail(ErrorCode::corrupt, "{}: field 'vocab' is empty", where);
  std::unordered_map<std::string_view, std::size_t> index_of;
  for (std::size_t i = 0; i < vocab.size(); ++i) {
    if (vocab[i].empty()) {
      fail(ErrorCode::corrupt, "{}: field 'vocab[{}]' is an empty string", where, i);
    }
    const auto [first, is_new] = index_of.emplace(vocab[i], i);
    if (!is_new) {
      fail(ErrorCode::corrupt, "{}: field 'vocab[{}]' repeats 'vocab[{}]': '{}'", where, i,
           first->second, shortened(vocab[i]));
    }
  }
  return vocab;
}

std::vector<std::pair<std::int32_t, std::int32_t>> read_merges(const Json& artifact,
                                                               std::string_view where) {
  std::vector<std::pair<std::int32_t, std::int32_t>> merges;
  if (!artifact.contains("merges")) return merges;
  const Json& array = array_field(artifact, "merges", where);
  merges.reserve(array.size());
  for (const Json& pair : array) {
    if (!pair.is_array() || pair.size() != 2 || !is_id(pair[0]) || !is_id(pair[1])) {
      fail(ErrorCode::corrupt, "{}: field 'merges[{}]' is {}, expected two token ids", where,
           merges.size(), shortened_json(pair));
    }
    merges.emplace_back(pair[0].get<std::int32_t>(), pair[1].get<std::int32_t>());
  }
  return merges;
}

std::vector<std::string> read_special_tokens(const Json& artifact, std::string_view where) {
  if (!artifact.contains("specialTokens")) return {};
  return string_array(artifact, "specialTokens", where);
}

std::string shortened(std::string_view text) {
  constexpr std::size_t kMaxBytes = 60;
  if (text.size() <= kMaxBytes) return replace_invalid_utf8(text);
  return replace_invalid_utf8(text.substr(0, kMaxBytes)) + "…";
}

}  // namespace alpha
