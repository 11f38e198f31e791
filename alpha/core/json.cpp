#include "alpha/core/json.h"

#include "alpha/core/files.h"

namespace alpha {

Json parse_json(std::string_view text, std::string_view where) {
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
