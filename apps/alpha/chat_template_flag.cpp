#include "apps/alpha/chat_template_flag.h"

#include <algorithm>
#include <filesystem>

#include "apps/alpha/usage.h"

#include "alpha/core/json.h"
#include "alpha/core/suggest.h"

namespace alpha::cli {

ChatTemplate read_chat_template(const std::string& name_or_path) {
  const auto names = ChatTemplate::names();
  if (std::ranges::find(names, name_or_path) != names.end()) {
    return ChatTemplate::named(name_or_path);
  }
  if (!std::filesystem::is_regular_file(name_or_path)) {
    fail_usage("--chat-template: '{}' is neither a file nor one of {}{}", name_or_path,
               fmt::join(names, ", "), did_you_mean(name_or_path, names));
  }
  return ChatTemplate::from_json(read_json_file(name_or_path), name_or_path);
}

}  // namespace alpha::cli
