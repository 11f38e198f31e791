#include "alpha/tokenizers/bpe_tokenizer.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <unordered_set>
#include <utility>

#include "alpha/core/error.h"
#include "alpha/core/hash.h"
#include "alpha/core/json.h"
#include "alpha/tokenizers/artifact.h"
#include "alpha/tokenizers/bpe_trainer.h"
#include "alpha/tokenizers/byte_level.h"
#include "alpha/tokenizers/pre_tokens.h"
#include "alpha/tokenizers/special_tokens.h"

namespace alpha {
namespace {

constexpr std::size_t kMaxCacheSlots = std::size_t{1} << 14U;
constexpr std::size_t kMaxCachedBytes = 64;

std::vector<std::string> make_pieces(std::span<const std::string> specials,
                                     std::span<const BpeMerge> merges) {
  std::vector<std::string> pieces;
  pieces.reserve(BpeTokenizer::kNBytes + specials.size() + merges.size());
  for (int byte = 0; byte < BpeTokenizer::kNBytes; ++byte) {
    pieces.emplace_back(1, static_cast<char>(byte));
  }
  pieces.insert(pieces.end(), specials.begin(), specials.end());
  for (const BpeMerge& merge : merges) {
    pieces.push_back(pieces[static_cast<std::size_t>(merge.left)] +
                     pieces[static_cast<std::size_t>(merge.right)]);
  }
  return pieces;
}

// Encodes the pre-tokens of one text. A pre-token that was met before is copied from the output,
// where its tokens already stand.
class TextEncoder {
 public:
  TextEncoder(const BpeEncoder& encoder, std::size_t text_bytes, std::vector<TokenId>& out)
      : encoder_(encoder),
        out_(out),
        slots_(std::bit_ceil(std::min(text_bytes / 4 + 1, kMaxCacheSlots))) {}

  void append(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
      const std::string_view pre_token = next_pre_token(text, at);
      append_pre_token(pre_token);
      at += pre_token.size();
    }
  }

 private:
  struct Slot {
    std::string_view pre_token;
    std::size_t begin = 0;  // its tokens in the output
    std::size_t n_tokens = 0;
  };

  void append_pre_token(std::string_view pre_token) {
    if (pre_token.size() == 1) {
      out_.push_back(static_cast<unsigned char>(pre_token[0]));
      return;
    }
    if (pre_token.size() > kMaxCachedBytes) {
      encoder_.append(pre_token, out_, scratch_);
      return;
    }
    Slot& slot = slots_[xxh3(pre_token) & (slots_.size() - 1)];
    const std::size_t begin = out_.size();
    if (slot.pre_token == pre_token) {
      out_.resize(begin + slot.n_tokens);
      std::copy_n(out_.begin() + static_cast<std::ptrdiff_t>(slot.begin), slot.n_tokens,
                  out_.begin() + static_cast<std::ptrdiff_t>(begin));
      return;
    }
    encoder_.append(pre_token, out_, scratch_);
    slot = {.pre_token = pre_token, .begin = begin, .n_tokens = out_.size() - begin};
  }

  const BpeEncoder& encoder_;
  std::vector<TokenId>& out_;
  std::vector<Slot> slots_;  // direct-mapped; a power of two
  BpeEncoder::Scratch scratch_;
};

std::vector<std::string> checked_special_tokens(const Json& artifact, std::string_view where) {
  const std::vector<std::string> written = read_special_tokens(artifact, where);
  std::vector<std::string> specials;
  try {
    specials = in_special_token_order(written);
  } catch (const Error& error) {
    fail(ErrorCode::corrupt, "{}: field 'specialTokens': {}", where, error.what());
  }
  if (specials.size() != written.size()) {
    fail(ErrorCode::corrupt, "{}: field 'specialTokens' has {} entries, but only {} differ", where,
         written.size(), specials.size());
  }
  return specials;
}

std::vector<BpeMerge> checked_merges(const Json& artifact, int n_specials, std::string_view where) {
  const int first_merge_id = BpeTokenizer::kNBytes + n_specials;
  std::vector<BpeMerge> merges;
  std::unordered_set<BpeMerge, BpeMergeHash> seen;
  for (const auto& [left, right] : read_merges(artifact, where)) {
    const int merged_id = first_merge_id + static_cast<int>(merges.size());
    for (const TokenId id : {left, right}) {
      if (id >= merged_id || (id >= BpeTokenizer::kNBytes && id < first_merge_id)) {
        fail(ErrorCode::corrupt,
             "{}: field 'merges[{}]' uses id {}, expected a byte or an earlier merge below {}",
             where, merges.size(), id, merged_id);
      }
    }
    if (!seen.insert({left, right}).second) {
      fail(ErrorCode::corrupt, "{}: field 'merges[{}]' repeats the pair [{}, {}]", where,
           merges.size(), left, right);
    }
    merges.push_back({left, right});
  }
  return merges;
}

// The vocabulary must be what the special tokens and merges make of the bytes. It is compared entry
// by entry, so that a list of merges that doubles a token again and again costs no memory.
void check_vocab(std::span<const std::string> vocab, std::span<const std::string> specials,
                 std::span<const BpeMerge> merges, std::string_view where) {
  const std::size_t first_merge_id = BpeTokenizer::kNBytes + specials.size();
  if (vocab.size() != first_merge_id + merges.size()) {
    fail(ErrorCode::corrupt,
         "{}: field 'vocab' has {} entries, expected {} ({} bytes, {} special tokens, {} merges)",
         where, vocab.size(), first_merge_id + merges.size(), BpeTokenizer::kNBytes,
         specials.size(), merges.size());
  }
  for (std::size_t id = 0; id < vocab.size(); ++id) {
    std::string expected;
    if (id < BpeTokenizer::kNBytes) {
      expected = bytes_to_printable(std::string(1, static_cast<char>(id)));
    } else if (id < first_merge_id) {
      expected = bytes_to_printable(specials[id - BpeTokenizer::kNBytes]);
    } else {
      const BpeMerge& merge = merges[id - first_merge_id];
      expected = vocab[static_cast<std::size_t>(merge.left)];
      expected += vocab[static_cast<std::size_t>(merge.right)];
    }
    if (vocab[id] != expected) {
      fail(ErrorCode::corrupt, "{}: field 'vocab[{}]' is '{}', expected '{}'", where, id,
           shortened(vocab[id]), shortened(expected));
    }
  }
}

}  // namespace

BpeTokenizer::BpeTokenizer(std::vector<std::string> special_tokens, std::vector<BpeMerge> merges)
    : Tokenizer(make_pieces(special_tokens, merges)),
      special_tokens_(std::move(special_tokens)),
      encoder_(std::move(merges), kNBytes + static_cast<int>(special_tokens_.size())) {}

std::unique_ptr<BpeTokenizer> BpeTokenizer::train(std::string_view text, int vocab_size,
                                                  std::vector<std::string> special_tokens) {
  special_tokens = in_special_token_order(std::move(special_tokens));
  const int first_merge_id = kNBytes + static_cast<int>(special_tokens.size());
  if (vocab_size < first_merge_id) {
    fail_invalid(
        "[bpe tokenizer] vocabulary is too small: got {}, expected at least {} ({} bytes and {} "
        "special tokens)",
        vocab_size, first_merge_id, kNBytes, special_tokens.size());
  }
  std::vector<BpeMerge> merges =
      learn_bpe_merges(text, special_tokens, vocab_size - first_merge_id, first_merge_id);
  return std::unique_ptr<BpeTokenizer>(
      new BpeTokenizer(std::move(special_tokens), std::move(merges)));
}

std::unique_ptr<BpeTokenizer> BpeTokenizer::from_json(const Json& artifact,
                                                      std::string_view where) {
  if (!json_get<bool>(artifact, "byteLevel", where, false)) {
    fail(ErrorCode::unsupported,
         "{}: field 'byteLevel' is not true: character-level bpe is not supported; train the "
         "tokenizer again",
         where);
  }
  const std::vector<std::string> vocab = read_vocab(artifact, where);
  std::vector<std::string> specials = checked_special_tokens(artifact, where);
  std::vector<BpeMerge> merges = checked_merges(artifact, static_cast<int>(specials.size()), where);
  check_vocab(vocab, specials, merges, where);
  return std::unique_ptr<BpeTokenizer>(new BpeTokenizer(std::move(specials), std::move(merges)));
}

std::optional<TokenId> BpeTokenizer::special_token(std::string_view text) const {
  const auto it = std::find(special_tokens_.begin(), special_tokens_.end(), text);
  if (it == special_tokens_.end()) return std::nullopt;
  return kNBytes + static_cast<TokenId>(it - special_tokens_.begin());
}

Json BpeTokenizer::to_json() const {
  Json artifact;
  artifact["type"] = type();
  artifact["vocabSize"] = vocab_size();
  artifact["byteLevel"] = true;
  Json& vocab = artifact["vocab"] = Json::array();
  for (const std::string& bytes : pieces()) vocab.push_back(bytes_to_printable(bytes));
  Json& pairs = artifact["merges"] = Json::array();
  for (const BpeMerge& merge : merges()) pairs.push_back({merge.left, merge.right});
  artifact["specialTokens"] = special_tokens_;
  return artifact;
}

void BpeTokenizer::append_tokens(std::string_view text, SpecialTokens specials,
                                 std::vector<TokenId>& out) const {
  TextEncoder encoder(encoder_, text.size(), out);
  if (specials == SpecialTokens::as_text) {
    encoder.append(text);
    return;
  }
  SpecialTokenFinder finder(text, special_tokens_);
  for (std::size_t at = 0; at < text.size();) {
    const auto special = finder.next(at);
    const std::size_t end = special ? special->begin : text.size();
    encoder.append(text.substr(at, end - at));
    at = end;
    if (!special) break;
    out.push_back(kNBytes + static_cast<TokenId>(special->index));
    at += special_tokens_[special->index].size();
  }
}

}  // namespace alpha
