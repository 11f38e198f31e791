#include "alpha/train/config_hash.h"

#include <array>
#include <charconv>
#include <cmath>
#include <map>

#include "alpha/core/hash.h"
#include "alpha/core/json.h"

namespace alpha {

std::string javascript_number(double value) {
  if (!std::isfinite(value)) return "null";
  if (value == 0) return "0";
  std::array<char, 40> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(value),
                                 std::chars_format::scientific);
  const std::string text(buffer.data(), end.ptr);  // d.ddde±xx
  const std::size_t e = text.find('e');
  std::string digits;
  for (const char c : text.substr(0, e)) {
    if (c != '.') digits += c;
  }
  const int exponent = std::stoi(text.substr(e + 1));
  const int n = static_cast<int>(digits.size());
  std::string result;
  if (exponent >= 21 || exponent < -6) {
    result = fmt::format("{}{}{}e{:+}", digits.substr(0, 1), n > 1 ? "." : "", digits.substr(1),
                         exponent);
  } else if (exponent < 0) {
    result =
        fmt::format("0.{}{}", std::string(static_cast<std::size_t>(-exponent - 1), '0'), digits);
  } else if (n <= exponent + 1) {
    result = digits + std::string(static_cast<std::size_t>(exponent + 1 - n), '0');
  } else {
    const auto point = static_cast<std::size_t>(exponent) + 1;
    result = fmt::format("{}.{}", digits.substr(0, point), digits.substr(point));
  }
  return value < 0 ? "-" + result : result;
}

std::string config_hash(const Json& model, const Json& train) {
  std::map<std::string, Json> merged;
  for (const Json* object : {&model, &train}) {
    for (const auto& [key, value] : object->items()) merged[key] = value;
  }
  std::string text = "{";
  for (const auto& [key, value] : merged) {
    if (text.size() > 1) text += ',';
    text += Json(key).dump() + ':';
    text += value.is_number_float() ? javascript_number(value.get<double>()) : value.dump();
  }
  return fmt::format("{:08x}", fnv1a32(text + "}"));
}

}  // namespace alpha
