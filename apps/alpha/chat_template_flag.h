#pragma once

#include <string>

#include "alpha/tokenizers/chat_template.h"

namespace alpha::cli {

/// What `--chat-template` names: one of the built-in templates, or a JSON file.
/// Error: UsageError for neither; corrupt for a file that is no template.
ChatTemplate read_chat_template(const std::string& name_or_path);

}  // namespace alpha::cli
