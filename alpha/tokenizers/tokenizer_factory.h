#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "alpha/tokenizers/tokenizer.h"

namespace alpha {

/// Every name that train_tokenizer takes: char, word, bpe (2000 tokens), bpe-4k, bpe-8k, bpe-16k,
/// bpe-32k, bpe-64k, bpe-chat (2000), bpe-chat-4k. The numbers are thousands, not powers of two.
std::span<const std::string_view> tokenizer_names() noexcept;

/// Makes a tokenizer out of a text. `vocab_size` > 0 replaces the size in the name, and 0 keeps it;
/// char and word have no size but their text's, and ignore it. A bpe vocabulary may end up smaller:
/// when no pair of tokens occurs twice.
///
/// Every bpe has the special token kEndOfText; the chat ones have <|user|> and <|assistant|> too.
/// Error(invalid_argument): unknown name (lists all, suggests the nearest), negative size, and what
/// the tokenizer's own `train` says.
std::unique_ptr<Tokenizer> train_tokenizer(std::string_view name, std::string_view text,
                                           int vocab_size = 0);

}  // namespace alpha
