#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/server/call.h"
#include "alpha/server/request_body.h"
#include "alpha/server/served_model.h"

namespace alpha {

/// What a model is to read.
struct Prompt {
  std::vector<TokenId> tokens;
  std::string text = {};  // where it came as one

  /// Decoded where it came as tokens.
  std::string shown(const Tokenizer& tokenizer) const;
};

/// Field `name`: a text, a list of texts, a list of tokens or a list of lists of tokens.
/// Error: ApiError 400 naming the field, for one that is missing, empty or encodes to nothing, and
/// for more of them than may wait.
std::vector<Prompt> read_prompts(RequestFields& fields, std::string_view name,
                                 const ServedModel& model, const Call& call);

/// The tokens of a prompt given as a text. Special tokens in it are what they are.
/// Error: ApiError 400 naming `param`, for one that is empty or encodes to nothing.
std::vector<TokenId> encode_prompt_text(const ServedModel& model, std::string_view text,
                                        std::string_view param);

/// A list of token ids, each in the vocabulary, one at least. Error: ApiError 400 naming `param`.
std::vector<TokenId> read_tokens(const Json& list, const ServedModel& model,
                                 std::string_view param);

/// Refuses a text that the context cannot hold without looking at it closer: cutting a megabyte
/// into tokens takes long. Error: ApiError 400 context_length_exceeded.
void check_prompt_bytes(const ServedModel& model, std::size_t n_bytes, std::string_view param);

}  // namespace alpha
