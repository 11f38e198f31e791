#include "alpha/grammar/schema_reference.h"

#include <string_view>

namespace alpha {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

/// `%xx` of a URI; nothing where it is broken.
std::optional<std::string> without_percent(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

/// `~0` and `~1` of a JSON pointer; nothing for a pointer of several parts, or a broken one.
std::optional<std::string> one_part(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '/') return std::nullopt;
    if (text[i] != '~') {
      out += text[i];
      continue;
    }
    if (i + 1 >= text.size() || (text[i + 1] != '0' && text[i + 1] != '1')) return std::nullopt;
    out += text[++i] == '0' ? '~' : '/';
  }
  return out;
}

}  // namespace

std::optional<SchemaReference> read_reference(const Json& reference, const SchemaPath& path) {
  if (!reference.is_string()) path.refuse("keyword '$ref' is not a string");
  const auto& text = reference.get_ref<const std::string&>();
  if (text == "#") return std::nullopt;
  if (const auto pointer = without_percent(text)) {
    for (const std::string_view keyword : {"$defs", "definitions"}) {
      const std::string prefix = "#/" + std::string(keyword) + "/";
      if (!pointer->starts_with(prefix)) continue;
      if (auto name = one_part(std::string_view(*pointer).substr(prefix.size()))) {
        return SchemaReference(keyword, std::move(*name));
      }
    }
  }
  path.refuse(
      "'$ref' to '{}' is not supported, expected '#', '#/$defs/name' or '#/definitions/name'",
      shown(text));
}

}  // namespace alpha
