#include "alpha/core/json.h"

#include <algorithm>

#include "alpha/core/files.h"

namespace alpha {

namespace {

// Far more than any file of Alpha's has. What walks a value walks it by recursion, and a file of
// brackets must not be able to exhaust the stack.
constexpr int kMaxDepth = 128;

/// Of brackets outside strings; text that is no JSON has some depth as well.
int nesting_depth(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool is_in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_in_string) {
      if (c == '\\') ++i;
      if (c == '"') is_in_string = false;
    } else if (c == '"') {
      is_in_string = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return deepest;
}

}  // namespace

Json parse_json(std::string_view text, std::string_view where) {
  if (const int depth = nesting_depth(text); depth > kMaxDepth) {
    fail(ErrorCode::corrupt, "{}: the JSON is nested {} deep, expected at most {}", where, depth,
         kMaxDepth);
  }
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    fail(ErrorCode::corrupt, "{}: not valid JSON at byte {}", where, error.byte);
  } catch (const nlohmann::json::exception&) {
    fail(ErrorCode::corrupt, "{}: a number in the JSON is out of range", where);
  }
}

Json read_json_file(const std::filesystem::path& path) {
  return parse_json(read_file(path), path.string());
}

}  // namespace alpha
