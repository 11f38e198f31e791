#include "alpha/checkpoint/safetensors_header.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "alpha/core/json.h"

namespace alpha {

namespace {

constexpr std::array<std::string_view, kDTypeCount> kDTypeNames = {"F32", "F64", "F16", "BF16",
                                                                   "I32"};
constexpr std::string_view kMetadataName = "__metadata__";
constexpr std::size_t kDataAlignment = 64;

std::optional<DType> find_dtype(std::string_view name) {
  const auto it = std::ranges::find(kDTypeNames, name);
  if (it == kDTypeNames.end()) return std::nullopt;
  return static_cast<DType>(it - kDTypeNames.begin());
}

/// Bytes of a tensor; nothing when they do not fit 63 bits. A size of 0 does not excuse the others:
/// the product of the rest must fit too, so that no partial product of sizes overflows.
std::optional<std::size_t> size_bytes(const std::vector<std::int64_t>& dims, DType dtype) {
  std::int64_t product = static_cast<std::int64_t>(size_of(dtype));
  bool is_empty = false;
  for (const std::int64_t size : dims) {
    if (size == 0) {
      is_empty = true;
    } else if (product > std::numeric_limits<std::int64_t>::max() / size) {
      return std::nullopt;
    } else {
      product *= size;
    }
  }
  return is_empty ? 0 : static_cast<std::size_t>(product);
}

/// Takes the events of the JSON parser and lets only the one layout of a header through. Events
/// instead of a parsed tree: repeated names stay visible, nesting is bounded, and a header of a
/// million tensors costs linear time.
class HeaderHandler final : public nlohmann::json_sax<Json> {
 public:
  explicit HeaderHandler(std::string_view where) : where_(where) {}

  SafetensorsHeader take() { return std::move(header_); }

  bool null() override { unexpected("null"); }

  bool boolean(bool /*value*/) override { unexpected("a truth value"); }

  bool binary(binary_t& /*value*/) override { unexpected("binary data"); }

  bool number_float(number_float_t /*value*/, const string_t& text) override {
    unexpected(fmt::format("the number {}", text.substr(0, 40)));
  }

  bool number_integer(number_integer_t value) override { return integer(value); }

  bool number_unsigned(number_unsigned_t value) override {
    if (value > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
      unexpected(fmt::format("the number {}", value));
    }
    return integer(static_cast<std::int64_t>(value));
  }

  bool string(string_t& value) override {
    if (place_ == Place::metadata) {
      header_.metadata[field_] = value;
    } else if (place_ == Place::entry && field_ == "dtype") {
      dtype_ = find_dtype(value);
      if (!dtype_) {
        corrupt("dtype is '{}', expected one of {}", value.substr(0, 40),
                fmt::join(kDTypeNames, ", "));
      }
    } else {
      unexpected(fmt::format("the text '{}'", value.substr(0, 40)));
    }
    return true;
  }

  bool start_object(std::size_t /*n_elements*/) override {
    if (place_ == Place::outside) {
      place_ = Place::top;
    } else if (place_ == Place::top) {
      place_ = name_ == kMetadataName ? Place::metadata : Place::entry;
      fields_.clear();
    } else {
      unexpected("an object");
    }
    return true;
  }

  bool key(string_t& value) override {
    if (place_ == Place::top) {
      name_ = value;
      if (!names_.insert(value).second) corrupt("the name occurs twice");
      return true;
    }
    field_ = value;
    if (!fields_.insert(value).second) corrupt("field '{}' occurs twice", value);
    return true;
  }

  bool end_object() override {
    if (place_ == Place::top) {
      place_ = Place::outside;
      return true;
    }
    if (place_ == Place::entry) add_entry();
    place_ = Place::top;
    return true;
  }

  bool start_array(std::size_t /*n_elements*/) override {
    if (place_ != Place::entry || (field_ != "shape" && field_ != "data_offsets")) {
      unexpected("a list");
    }
    place_ = Place::list;
    list_.clear();
    return true;
  }

  bool end_array() override {
    (field_ == "shape" ? shape_ : offsets_) = list_;
    place_ = Place::entry;
    return true;
  }

  bool parse_error(std::size_t position, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    fail(ErrorCode::corrupt, "{}: the header is not valid JSON at its byte {}", where_, position);
  }

 private:
  enum class Place : std::uint8_t { outside, top, entry, metadata, list };

  template<class... Args>
  [[noreturn]] void corrupt(fmt::format_string<Args...> format, Args&&... args) const {
    fail(ErrorCode::corrupt, "{}: tensor '{}': {}", where_, name_,
         fmt::format(format, std::forward<Args>(args)...));
  }

  [[noreturn]] void unexpected(const std::string& what) const {
    switch (place_) {
      case Place::outside:
        fail(ErrorCode::corrupt, "{}: the header is {}, expected an object", where_, what);
      case Place::top: corrupt("its entry is {}, expected an object", what);
      case Place::entry:
      case Place::metadata:
      case Place::list: break;
    }
    corrupt("field '{}' has {}, which does not belong there", field_, what);
  }

  bool integer(std::int64_t value) {
    if (place_ != Place::list) unexpected(fmt::format("the number {}", value));
    const std::size_t limit = field_ == "shape" ? std::size_t{kMaxRank} : 2;
    if (list_.size() == limit) corrupt("field '{}' has more than {} numbers", field_, limit);
    if (value < 0) {
      corrupt("field '{}' has {} at position {}, expected 0 or more", field_, value, list_.size());
    }
    list_.push_back(value);
    return true;
  }

  void add_entry() {
    if (fields_.size() != 3 || !dtype_ || !shape_ || !offsets_) {
      corrupt("fields are {}, expected dtype, shape, data_offsets",
              fmt::join(sorted_fields(), ", "));
    }
    if (offsets_->size() != 2) corrupt("data_offsets has {} numbers, expected 2", offsets_->size());
    const auto begin = static_cast<std::size_t>((*offsets_)[0]);
    const auto end = static_cast<std::size_t>((*offsets_)[1]);
    if (begin > end)
      corrupt("data_offsets are [{}, {}], the end lies before the begin", begin, end);
    const auto needed = size_bytes(*shape_, *dtype_);
    if (!needed) corrupt("shape [{}] has too many elements to count", fmt::join(*shape_, ", "));
    if (*needed != end - begin) {
      corrupt("data_offsets [{}, {}] hold {} bytes, shape [{}] of {} needs {}", begin, end,
              end - begin, fmt::join(*shape_, ", "), safetensors_dtype_name(*dtype_), *needed);
    }
    header_.entries.push_back({name_, *dtype_, Shape(*shape_), begin, end});
    dtype_.reset();
    shape_.reset();
    offsets_.reset();
  }

  std::vector<std::string> sorted_fields() const {
    std::vector<std::string> fields(fields_.begin(), fields_.end());
    std::ranges::sort(fields);
    return fields;
  }

  std::string where_;
  SafetensorsHeader header_;
  std::unordered_set<std::string> names_;
  std::unordered_set<std::string> fields_;  // of the current object
  Place place_ = Place::outside;
  std::string name_;   // of the current tensor
  std::string field_;  // of the current tensor or of the metadata
  std::optional<DType> dtype_;
  std::optional<std::vector<std::int64_t>> shape_;
  std::optional<std::vector<std::int64_t>> offsets_;
  std::vector<std::int64_t> list_;
};

void check_coverage(const std::vector<SafetensorsEntry>& entries, std::size_t data_size,
                    std::string_view where) {
  std::size_t covered = 0;
  for (const SafetensorsEntry& entry : entries) {
    if (entry.end > data_size) {
      fail(ErrorCode::corrupt, "{}: tensor '{}': its data ends at byte {}, the file's at {}", where,
           entry.name, entry.end, data_size);
    }
    if (entry.begin != covered) {
      fail(ErrorCode::corrupt, "{}: tensor '{}': its data begins at byte {}, {} {}", where,
           entry.name, entry.begin,
           entry.begin < covered ? "inside the tensor that ends at" : "leaving a gap after",
           covered);
    }
    covered = entry.end;
  }
  if (covered != data_size) {
    fail(ErrorCode::corrupt, "{}: the tensors take {} bytes, the file holds {}", where, covered,
         data_size);
  }
}

std::string quoted(const std::string& text) {
  try {
    return Json(text).dump();
  } catch (const nlohmann::json::exception&) {
    fail_invalid("[safetensors] the name '{}' is not valid UTF-8", text);
  }
}

}  // namespace

std::string_view safetensors_dtype_name(DType dtype) noexcept {
  return kDTypeNames[static_cast<std::size_t>(dtype)];
}

SafetensorsHeader parse_safetensors_header(std::string_view json, std::size_t data_size,
                                           std::string_view where) {
  if (!json.starts_with('{')) {
    fail(ErrorCode::corrupt, "{}: the header does not begin with '{{'", where);
  }
  HeaderHandler handler(where);
  Json::sax_parse(json.begin(), json.end(), &handler);
  SafetensorsHeader header = handler.take();
  std::ranges::stable_sort(header.entries, {}, [](const SafetensorsEntry& entry) {
    return std::tuple(entry.begin, entry.end);
  });
  check_coverage(header.entries, data_size, where);
  return header;
}

std::string render_safetensors_header(const SafetensorsHeader& header) {
  std::vector<std::string> items;
  items.reserve(header.entries.size() + 1);
  if (!header.metadata.empty()) {
    std::vector<std::string> pairs;
    for (const auto& [key, value] : header.metadata) {
      pairs.push_back(quoted(key) + ":" + quoted(value));
    }
    items.push_back(fmt::format("\"{}\":{{{}}}", kMetadataName, fmt::join(pairs, ",")));
  }
  for (const SafetensorsEntry& entry : header.entries) {
    items.push_back(fmt::format(R"({}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})",
                                quoted(entry.name), safetensors_dtype_name(entry.dtype),
                                fmt::join(entry.shape.dims(), ","), entry.begin, entry.end));
  }
  std::string json = fmt::format("{{{}}}", fmt::join(items, ","));
  const std::size_t unpadded = sizeof(std::uint64_t) + json.size();
  json.append((kDataAlignment - unpadded % kDataAlignment) % kDataAlignment, ' ');
  if (json.size() > kSafetensorsMaxHeaderBytes) {
    fail_invalid("[safetensors] the header takes {} bytes, the format allows {}", json.size(),
                 kSafetensorsMaxHeaderBytes);
  }
  std::string result;
  for (unsigned shift = 0; shift < 64; shift += 8) {
    result += static_cast<char>(json.size() >> shift & 0xffU);
  }
  return result + json;
}

}  // namespace alpha
