#include "alpha/checkpoint/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <unordered_set>
#include <utility>
#include <vector>

#include "alpha/core/hash.h"

namespace alpha {

static_assert(std::endian::native == std::endian::little,
              "elements are written and read as they lie in memory");

namespace {

constexpr std::size_t kPieceBytes = std::size_t{8} << 20U;
constexpr std::size_t kLengthBytes = 8;

/// A file and the digest of what was written to it.
class DigestingWriter {
 public:
  explicit DigestingWriter(const std::filesystem::path& path) : file_(path) {}

  void write(std::span<const std::byte> bytes) {
    file_.write(bytes);
    hash_.update(bytes);
    size_bytes_ += bytes.size();
  }

  FileDigest close() {
    file_.close();
    return {size_bytes_, hash_.digest()};
  }

 private:
  FileWriter file_;
  Xxh3Stream hash_;
  std::uint64_t size_bytes_ = 0;
};

void check_tensors(std::span<const NamedTensor> tensors) {
  std::unordered_set<std::string_view> names = {"__metadata__"};
  for (const auto& [name, tensor] : tensors) {
    if (!names.insert(name).second) {
      fail_invalid("[safetensors] the name '{}' is given twice or reserved", name);
    }
    if (!tensor.is_defined()) fail_invalid("[safetensors] tensor '{}' is not defined", name);
  }
}

/// Wide elements first: every tensor then begins at a multiple of its element size without padding,
/// which the format does not allow between tensors.
std::vector<const NamedTensor*> in_file_order(std::span<const NamedTensor> tensors) {
  std::vector<const NamedTensor*> order;
  order.reserve(tensors.size());
  for (const NamedTensor& tensor : tensors) order.push_back(&tensor);
  std::ranges::stable_sort(order, std::greater{},
                           [](const NamedTensor* named) { return size_of(named->tensor.dtype()); });
  return order;
}

SafetensorsHeader make_header(std::span<const NamedTensor* const> order,
                              const SafetensorsMetadata& metadata) {
  SafetensorsHeader header{{}, metadata};
  header.entries.reserve(order.size());
  std::size_t begin = 0;
  for (const NamedTensor* named : order) {
    const std::size_t end = begin + named->tensor.size_bytes();
    header.entries.push_back(
        {named->name, named->tensor.dtype(), named->tensor.shape(), begin, end});
    begin = end;
  }
  return header;
}

void write_elements(DigestingWriter& writer, Backend& backend, const Tensor& tensor,
                    std::vector<std::byte>& buffer) {
  const auto step = static_cast<std::int64_t>(kPieceBytes / size_of(tensor.dtype()));
  for (std::int64_t begin = 0; begin < tensor.numel(); begin += step) {
    const Tensor piece = tensor.flat(begin, std::min(begin + step, tensor.numel()));
    buffer.resize(std::max(buffer.size(), piece.size_bytes()));
    backend.download(piece, buffer.data());
    writer.write(std::span(buffer).first(piece.size_bytes()));
  }
}

std::uint64_t read_length(std::span<const std::byte> bytes) {
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  return length;
}

/// Splits a file into header and data. Error(corrupt): its length and its contents disagree.
std::pair<std::string_view, std::span<const std::byte>> split(std::span<const std::byte> bytes,
                                                              std::string_view where) {
  if (bytes.size() < kLengthBytes) {
    fail(ErrorCode::corrupt, "{}: the file has {} bytes, a header needs at least {}", where,
         bytes.size(), kLengthBytes + 2);
  }
  const std::uint64_t length = read_length(bytes);
  if (length > kSafetensorsMaxHeaderBytes) {
    fail(ErrorCode::corrupt, "{}: the header's length is {}, the format allows {}", where, length,
         kSafetensorsMaxHeaderBytes);
  }
  const std::size_t rest = bytes.size() - kLengthBytes;
  if (length > rest) {
    fail(ErrorCode::corrupt, "{}: the header's length is {}, the file has {} bytes left", where,
         length, rest);
  }
  const auto header = bytes.subspan(kLengthBytes, length);
  return {{reinterpret_cast<const char*>(header.data()), header.size()},
          bytes.subspan(kLengthBytes + length)};
}

/// Index of the first element whose exponent bits are all set; n_elements when there is none.
template<class Bits>
std::size_t find_non_finite(std::span<const std::byte> bytes, Bits exponent_mask) {
  const std::size_t n_elements = bytes.size() / sizeof(Bits);
  const auto is_bad = [&](std::size_t i) {
    Bits bits = 0;  // copied: the mapping need not be aligned
    std::memcpy(&bits, bytes.data() + i * sizeof(Bits), sizeof(Bits));
    return (bits & exponent_mask) == exponent_mask;
  };
  constexpr std::size_t kBlock = 4096;
  for (std::size_t begin = 0; begin < n_elements; begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, n_elements);
    // Without an early exit and as wide as the elements, so that the compiler vectorises.
    Bits any = 0;
    for (std::size_t i = begin; i < end; ++i) any |= is_bad(i) ? Bits(~Bits{0}) : Bits{0};
    for (std::size_t i = begin; any != 0 && i < end; ++i) {
      if (is_bad(i)) return i;
    }
  }
  return n_elements;
}

std::size_t find_non_finite(std::span<const std::byte> bytes, DType dtype) {
  switch (dtype) {
    case DType::f64: return find_non_finite<std::uint64_t>(bytes, 0x7ff0000000000000U);
    case DType::f32: return find_non_finite<std::uint32_t>(bytes, 0x7f800000U);
    case DType::bf16: return find_non_finite<std::uint16_t>(bytes, 0x7f80U);
    case DType::f16: return find_non_finite<std::uint16_t>(bytes, 0x7c00U);
    case DType::i32: break;
  }
  return bytes.size() / size_of(dtype);
}

}  // namespace

FileDigest write_safetensors(const std::filesystem::path& path, Backend& backend,
                             std::span<const NamedTensor> tensors,
                             const SafetensorsMetadata& metadata) {
  check_tensors(tensors);
  const auto order = in_file_order(tensors);
  const std::string header = render_safetensors_header(make_header(order, metadata));
  DigestingWriter writer(path);
  writer.write(std::as_bytes(std::span(header)));
  std::vector<std::byte> buffer;
  for (const NamedTensor* named : order) write_elements(writer, backend, named->tensor, buffer);
  return writer.close();
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : SafetensorsFile(MappedFile(path), path) {}

SafetensorsFile::SafetensorsFile(MappedFile file, const std::filesystem::path& path)
    : file_(std::move(file)),
      where_(fmt::format("[safetensors] '{}'", path.string())) {
  const auto [json, data] = split(file_.bytes(), where_);
  header_ = parse_safetensors_header(json, data.size(), where_);
  data_ = data;
  for (std::size_t i = 0; i < header_.entries.size(); ++i) index_[header_.entries[i].name] = i;
}

const SafetensorsEntry* SafetensorsFile::find(std::string_view name) const noexcept {
  const auto it = index_.find(name);
  return it == index_.end() ? nullptr : &header_.entries[it->second];
}

const SafetensorsEntry& SafetensorsFile::get(std::string_view name) const {
  const SafetensorsEntry* entry = find(name);
  if (entry == nullptr) {
    fail(ErrorCode::corrupt, "{}: tensor '{}' is missing among the {} of the file", where_, name,
         header_.entries.size());
  }
  return *entry;
}

void SafetensorsFile::require_finite(const SafetensorsEntry& entry) const {
  const std::size_t at = find_non_finite(bytes(entry), entry.dtype);
  if (at < static_cast<std::size_t>(entry.shape.numel())) {
    fail(ErrorCode::corrupt, "{}: tensor '{}': element {} of {} is not a finite number", where_,
         entry.name, at, entry.shape.numel());
  }
}

void SafetensorsFile::load_into(Backend& backend, std::string_view name, const Tensor& dst,
                                ValueCheck check) const {
  const SafetensorsEntry& entry = get(name);
  if (entry.shape != dst.shape()) {
    fail(ErrorCode::corrupt, "{}: tensor '{}': shape is {}, expected {}", where_, name, entry.shape,
         dst.shape());
  }
  if (entry.dtype != dst.dtype()) {
    fail(ErrorCode::corrupt, "{}: tensor '{}': dtype is {}, expected {}", where_, name,
         to_string(entry.dtype), to_string(dst.dtype()));
  }
  if (check == ValueCheck::finite) require_finite(entry);
  backend.upload(bytes(entry).data(), dst);
}

}  // namespace alpha
