#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alpha/model/gpt_config.h"
#include "alpha/train/train_config.h"

namespace alpha {

/// A preset of the original for one kind of text: tokenizer, prompts, model and training defaults.
struct Domain {
  std::string_view id;
  std::string_view display_name;
  GptConfig model;    // vocabulary size still that of the default: the tokenizer decides
  TrainConfig train;  // its `tokenizer` names the tokenizer
  std::vector<std::string> prompts;
};

/// All domains, in the original's order.
std::span<const Domain> domains();

/// Error: unknown id, with the nearest known one and the list.
const Domain& find_domain(std::string_view id);

}  // namespace alpha
